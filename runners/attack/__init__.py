"""Attacks: what malicious partners do to a training. Each option is a frozen dataclass.

Who is malicious is drawn once for a seed, the same partners for every attack; a larger fraction has
the partners of a smaller one among its own. A data attack changes the samples that they hold before
the run begins (`poison`). An update attack changes what they send in a merge (`corrupt`), before
any privacy mechanism: clipping and the like are taken to be enforced on what a malicious partner
sends. What partners say of themselves (how much data they hold, their loss) stays honest, and an
attack costs no virtual time.

An omniscient attack is given every honest update of its merge, the most that an attacker could
know; its malicious partners all send one vector.

Tensors: updates are rows, float32 of shape (num_updates, size), on the rank's device. All ranks
draw alike, so that results don't depend on which rank hosts whom.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.data import Data, Samples
from runners.partition import Assignment
from runners.privacy import Merge
from sim.streams import stream

if TYPE_CHECKING:
    import torch


class Attack:
    """Do nothing; options override what they do."""

    changes_data: bool = False
    """Whether `poison` changes samples, so that runs can't share them."""
    needs_all_rows: bool = False
    """Whether `corrupt` must be given all updates of a merge at once, those of other ranks too."""
    observes: bool = False
    """Whether `observe` takes note of anything."""

    @property
    def needs_rows(self) -> bool:
        """Whether `corrupt` changes updates. If not, no single update need ever exist."""
        return False

    def check(self, num_partners: int) -> None:
        """Raise ValueError where the attack has no sense among so many partners."""

    def check_data(self, data: Data) -> None:
        """Raise ValueError where the attack can't be made on such data."""

    def malicious(self, num_partners: int, seed: int) -> tuple[int, ...]:
        """Return the numbers of the malicious partners, rising."""
        return ()

    def poison(self, samples: Samples, data: Data, assignment: Assignment, seed: int) -> Samples:
        """Return the samples as they are trained on, in new arrays where they differ."""
        return samples

    def corrupt(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Return the updates that these partners send, a row each; may overwrite them."""
        return updates

    def observe(self, moved: "torch.Tensor", memory: dict[str, Any]) -> None:
        """Take note of what the model has moved by in a merge, (size,), the same on all ranks, in
        the `memory` that the next merge has.
        """

    def triggered(self, samples: Samples, data: Data) -> np.ndarray | None:
        """Return the test inputs with the attack's trigger in them; None where it has none."""
        return None

    def success(self, targets: np.ndarray, predictions: np.ndarray) -> float | None:
        """Return how much of what the attack is after it reaches, 0 to 1, with the predictions
        (num_samples, num_classes) for triggered test inputs; None where it has no trigger.
        """
        return None


@dataclass(frozen=True, kw_only=True)
class MaliciousPartners(Attack):
    """Let a `fraction` of the partners, rounded down, or the `partners` of these numbers attack;
    the other one of the two is None. Fraction 0 is a run without malicious partners.
    """

    fraction: float | None
    partners: tuple[int, ...] | None

    def __post_init__(self) -> None:
        if (self.fraction is None) == (self.partners is None):
            raise ValueError(
                f"fraction must be null where partners is a list, and a number where it is null, "
                f"got {self.fraction} and {self.partners}; try attack.partners=null "
                "attack.fraction=0.25"
            )
        if self.fraction is not None and not 0 <= self.fraction < 1:
            raise ValueError(
                f"fraction must be at least 0 and below 1, got {self.fraction}; try 0.25"
            )
        if self.partners is not None and not _are_numbers(self.partners):
            raise ValueError(
                f"partners must be one or more different numbers from 0 on, got {self.partners}; "
                "try attack.partners=[0,2]"
            )

    def check(self, num_partners: int) -> None:
        """Raise ValueError where nobody is malicious by rounding, nobody is honest, or a partner
        does not exist.
        """
        if self.partners is not None:
            _check_partners(self.partners, num_partners)
        elif self.fraction and self._num_malicious(num_partners) == 0:
            raise ValueError(
                f"attack.fraction must make at least 1 of the {num_partners} partners malicious, "
                f"got {self.fraction}, which makes 0; "
                f"try attack.fraction={ceil(100 / num_partners) / 100}"
            )

    def malicious(self, num_partners: int, seed: int) -> tuple[int, ...]:
        """Return the partners of the list, or the first ones of all in a random order."""
        if self.partners is not None:
            return tuple(sorted(self.partners))
        return _drawn(self._num_malicious(num_partners), num_partners, seed)

    def _num_malicious(self, num_partners: int) -> int:
        """Return floor(fraction n), of the decimal fraction as it was written."""
        return int(Fraction(str(self.fraction)) * num_partners)


class OwnUpdates(MaliciousPartners):
    """Let each malicious partner make what it sends from its own update."""

    @property
    def needs_rows(self) -> bool:
        """Whether what is sent differs from the update."""
        return True

    def corrupt(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Overwrite the malicious rows, each by itself; any rows of a merge may be given."""
        malicious = set(self.malicious(merge.num_partners, merge.seed))
        for update, partner in zip(updates, partners, strict=True):
            if partner in malicious:
                update.copy_(self.sent(update, partner, merge))
        return updates

    def sent(self, update: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
        """Return what a malicious partner sends, (size,), instead of its update."""
        raise NotImplementedError


class Omniscient(MaliciousPartners):
    """Let all malicious partners send one vector, made from the honest updates."""

    needs_all_rows = True

    @property
    def needs_rows(self) -> bool:
        """Updates are replaced."""
        return True

    def corrupt(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Overwrite the malicious rows; a merge without honest ones, or malicious ones, stays as
        it is.
        """
        malicious = set(self.malicious(merge.num_partners, merge.seed))
        bad = [row for row, partner in enumerate(partners) if partner in malicious]
        good = [row for row, partner in enumerate(partners) if partner not in malicious]
        if bad and good:
            updates[bad] = self.forged(updates[good], len(bad)).to(updates.dtype)
        return updates

    def forged(self, honest: "torch.Tensor", num_malicious: int) -> "torch.Tensor":
        """Return what malicious partners send, (size,), from honest updates (num_honest, size)."""
        raise NotImplementedError


@lru_cache(maxsize=64)  # it is asked for in every merge
def _drawn(num_malicious: int, num_partners: int, seed: int) -> tuple[int, ...]:
    order = stream(seed, "attack").permutation(num_partners)
    return tuple(sorted(order[:num_malicious].tolist()))


def _are_numbers(partners: tuple[int, ...]) -> bool:
    return bool(partners) and min(partners) >= 0 and len(set(partners)) == len(partners)


def _check_partners(partners: tuple[int, ...], num_partners: int) -> None:
    if max(partners) >= num_partners:
        raise ValueError(
            f"attack.partners must be below the {num_partners} partners, got {list(partners)}; "
            f"try attack.partners=[{num_partners - 1}]"
        )
    if len(partners) == num_partners:
        raise ValueError(
            f"attack.partners must leave an honest one of the {num_partners} partners, got "
            f"{list(partners)}; try attack.partners={list(partners[:-1])}"
        )
