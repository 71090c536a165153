"""Attack `label_flip`: malicious partners train on wrong labels (Biggio et al. 2012; in federated
learning Tolpegin et al. 2020).

Every label y of theirs becomes another one of the C classes: `next` makes it (y + 1) mod C,
`mirror` C − 1 − y (9 − y with ten digits; of an odd number of classes, the middle one stays). They
train and send honestly otherwise, so that nothing in a single update gives them away.
"""

from dataclasses import dataclass, replace

import numpy as np

from runners.attack import MaliciousPartners
from runners.data import Data, Samples
from runners.partition import Assignment
from sim.bounds import one_of

MAPPINGS = ("next", "mirror")


@dataclass(frozen=True, kw_only=True)
class LabelFlip(MaliciousPartners):
    """Change all labels, or next tokens, of malicious partners by the same `mapping`."""

    mapping: str
    changes_data = True

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("mapping", self.mapping, MAPPINGS)

    def check_data(self, data: Data) -> None:
        """Raise ValueError where there are no classes to mix up."""
        if data.target not in ("class", "next_token"):
            raise ValueError(
                "attack=label_flip needs data whose target is a class or the next token, got "
                f"target {data.target!r}; try attack=sign_flip"
            )

    def poison(self, samples: Samples, data: Data, assignment: Assignment, seed: int) -> Samples:
        """Return the samples with the targets of malicious partners changed."""
        targets = samples.train_targets.copy()
        wrong = self._wrong_classes(data.num_classes)
        for partner in self.malicious(len(assignment.train), seed):
            held = assignment.train[partner]
            targets[held] = wrong[targets[held]]
        return replace(samples, train_targets=targets)

    def _wrong_classes(self, num_classes: int) -> np.ndarray:
        """Return what each class becomes, (num_classes,)."""
        classes = np.arange(num_classes)
        return (classes + 1) % num_classes if self.mapping == "next" else classes[::-1]
