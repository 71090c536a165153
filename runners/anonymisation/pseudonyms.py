"""Anonymisation `pseudonyms`: what leads to a person in a text is replaced by keyed pseudonyms:
addresses of web, mail and machines, telephone numbers, and names.

Forms are found by regular expressions and by the `email` library, names by where they stand. On 40
mails labelled by hand (tests/runners/anonymity/test_recall.py) all of 37 web and 25 mail addresses
were replaced, 4 of 7 telephone numbers, and of 51 names 38 at the first trial and 42 after changes
that followed it. What is left: names that never stand in a name's place, nicknames, telephone
numbers in disguise, host names without http, postal addresses, and whatever a text tells by its
contents.

Guarantee: whoever lacks the key can't tell what a pseudonym stands for but by the rest of the text
(HMAC-SHA256 as a pseudorandom function); for what was found, in providers' texts, against the
trainer. Pseudonymous texts are personal data still.
Trust: the proxy, which sees the texts as they are and has the key. Here it is drawn from the run's
seed, so that runs can be repeated, and whoever knows the seed has the key; in use, draw it from the
operating system and throw it away. One key for all makes texts of one person linkable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runners.anonymisation import Release
from runners.anonymity.patterns import KINDS
from runners.anonymity.raw import HasTexts, Texts
from runners.data import Data
from runners.privacy import Guarantee
from sim.bounds import one_of, positive
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """Replace things of these `kinds`."""

    kinds: tuple[str, ...]
    transform_bytes_per_s: float
    size_ratio: float

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ValueError(f"kinds must be some of {', '.join(KINDS)}, got none; try [mail,name]")
        for kind in self.kinds:
            one_of("kinds", kind, KINDS)
        positive("transform_bytes_per_s", self.transform_bytes_per_s, remedy="try 6e5")
        positive("size_ratio", self.size_ratio, remedy="1 passes on as much as came in")

    def check(self, data: object, providers: Sequence[np.ndarray]) -> None:
        """Raise ValueError unless data are texts."""
        self._texts(data)

    def release(self, data: Data, providers: Sequence[np.ndarray], seed: int) -> Release:
        """Return samples of texts with pseudonyms, and how many there are."""
        from runners.anonymity.pseudonyms import KEY_BYTES
        from runners.anonymity.text_release import release_texts

        key = stream(seed, "anonymisation", "key").bytes(KEY_BYTES)
        return release_texts(self._texts(data), providers, self.kinds, key)

    def guarantee(self) -> Guarantee:
        """Return pseudonymity, with what it rests on."""
        return Guarantee(
            mechanism=f"keyed pseudonyms (HMAC-SHA256) of {', '.join(self.kinds)}",
            unit="what was found in a text",
            hidden_from="the trainer",
            assumptions="the proxy is trusted with raw texts and the key, which comes from the "
            "run's seed; what is not found stays, and so does what the contents tell",
        )

    @staticmethod
    def _texts(data: object) -> Texts:
        if not isinstance(data, HasTexts):
            raise ValueError(
                f"anonymisation=pseudonyms needs texts, got {type(data).__name__}; "
                "try task=spam_cnn, or anonymisation=k_anonymity for a table"
            )
        return data.texts()
