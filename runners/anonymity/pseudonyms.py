"""Owns pseudonyms: what identifies is replaced by a keyed hash of it.

A pseudonym is the kind and the first hex digits of an HMAC-SHA256 (RFC 2104), one word such as
`mail3f9a2c1d8e7b`. Under one key the same thing always gets the same pseudonym, so that texts can
still be joined by it; without the key nobody can go back or try candidates, as they could with a
plain hash. With 12 digits two things among n share one with probability n² / 2⁴⁹, and 2e-7 for
10,000.
"""

import hmac
from collections import Counter
from collections.abc import Collection, Set
from hashlib import sha256
from re import Match

from runners.anonymity.patterns import IDENTIFYING, normal_form

NUM_DIGITS = 12
KEY_BYTES = 32


class Pseudonyms:
    """Replace things of some `kinds` under a `key`, names where they are among `names`."""

    def __init__(
        self, key: bytes, kinds: Collection[str], names: Collection[str] = frozenset()
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._key = key
        self._kinds = kinds
        self._names = names
        self._given: dict[tuple[str, str], str] = {}

    @property
    def things(self) -> Set[tuple[str, str]]:
        """The different things that were replaced: kind and normal form."""
        return self._given.keys()

    def replace(self, text: str) -> str:
        """Return the text with pseudonyms, and count them."""
        return IDENTIFYING.sub(self._replacement, text)

    def _replacement(self, match: Match[str]) -> str:
        kind, found = str(match.lastgroup), match[0]
        form = normal_form(kind, found)
        if kind not in self._kinds or form is None or (kind == "name" and form not in self._names):
            return found
        self.counts[kind] += 1
        if (kind, form) not in self._given:
            digest = hmac.digest(self._key, f"{kind}:{form}".encode(), sha256)
            self._given[kind, form] = kind + digest.hex()[:NUM_DIGITS]
        return self._given[kind, form]
