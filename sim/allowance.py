"""Owns how many training steps a run may take before more is known of an example than it may be.

In: limits, which are known before the run, and the works that are about to be learned from. Out:
whether they fit. Steps are counted by whose data they draw from, as they are learned: work that is
lost on the virtual clock gives nothing away.

A round is not begun where one as large as the largest so far would go over a limit. Rounds that
turn out larger are found when they are learned from, and nothing is learned from them.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from sim.learner import Work

Group = tuple[int, ...]
"""Partners whose data are drawn from as one."""


class StepLimits(Protocol):
    """Say how many steps may draw from data."""

    def relative_noise(self, groups: Sequence[Group]) -> Sequence[float]:
        """Return behind how many times the noise each group's examples are in a step in which all
        of these groups are trained on by one sum of gradients; 1 for one group by itself.
        """
        ...

    def sure_steps(self, group: Group, relative_noise: float) -> float:
        """Return a number of steps that may draw from a group's data in a run, all behind so much
        noise; soon known, and not above `most_steps`.
        """
        ...

    def most_steps(self, group: Group, relative_noise: float) -> float:
        """Return the largest such number, which may take seconds; more noise allows as many."""
        ...


class StepsSpent(RuntimeError):
    """Learning from these partners' work would go over a limit."""

    def __init__(self, partners: Sequence[int]) -> None:
        super().__init__(tuple(partners))  # SimPy makes a new one of these arguments
        self.num_partners = len(set(partners))


class Allowance:
    """Count steps; `is_over` when no further round may begin.

    All steps of a group count as those with the least noise.
    """

    def __init__(self, limits: StepLimits) -> None:
        self.is_over = False
        self._limits = limits
        self._noise: dict[Group, float] = {}
        self._taken: Counter[Group] = Counter()
        self._taken_before: Counter[Group] = Counter()
        self._largest: Counter[Group] = Counter()
        self._group_of: dict[int, Group] = {}

    def take(self, works: Sequence[Work], *, together: bool) -> None:
        """Count the works' steps, which all are taken in one sum if `together`; raise StepsSpent,
        and count none, where they don't fit.
        """
        groups = [work.data_of for work in works]
        noise, taken = dict(self._noise), Counter(self._taken)
        for work, its_noise in zip(works, self._relative_noise(groups, together), strict=True):
            noise[work.data_of] = min(its_noise, noise.get(work.data_of, math.inf))
            taken[work.data_of] += work.num_steps
        for group in dict.fromkeys(groups):
            if not self._allows(group, taken[group], noise[group]):
                raise StepsSpent([work.partner for work in works])
        self._note_groups(groups)
        self._noise, self._taken = noise, taken

    def cut(self, num_steps: int, group: Group) -> int:
        """Return as many of these steps of one group by itself as a run may take; raise StepsSpent
        where it may take none.
        """
        if self._allows(group, num_steps, 1.0):
            return num_steps
        within = math.floor(self._limits.most_steps(group, 1.0))
        if not within:
            raise StepsSpent(group)
        self.is_over = True
        return within

    def end_round(self) -> None:
        """Look whether another round may begin."""
        for group, taken in self._taken.items():
            self._largest[group] = max(self._largest[group], taken - self._taken_before[group])
        self._taken_before = Counter(self._taken)
        self.is_over = self.is_over or not all(
            self._allows(group, taken + self._largest[group], self._noise[group])
            for group, taken in self._taken.items()
        )

    def spent_fraction(self, progress: float) -> float:
        """Return the part of the allowed steps that have been taken, of the group that is nearest
        its limit by the sure numbers; `progress` is the part of the run that is over.

        The most that is allowed is found only if the run seems to need more than what is sure to
        be; where it does not, this is the part of the sure steps, which are fewer.
        """
        if not self._taken:
            return 0.0
        sure = {group: self._limits.sure_steps(group, self._noise[group]) for group in self._taken}
        nearest = max(sure, key=lambda group: _part(self._taken[group], sure[group]))
        taken, allowed = self._taken[nearest], sure[nearest]
        if taken > progress * allowed:
            allowed = self._limits.most_steps(nearest, self._noise[nearest])
        return _part(taken, allowed)

    def _allows(self, group: Group, num_steps: int, relative_noise: float) -> bool:
        is_sure = num_steps <= self._limits.sure_steps(group, relative_noise)
        return is_sure or num_steps <= self._limits.most_steps(group, relative_noise)

    def _relative_noise(self, groups: Sequence[Group], together: bool) -> Sequence[float]:
        return self._limits.relative_noise(groups) if together else [1.0] * len(groups)

    def _note_groups(self, groups: Sequence[Group]) -> None:
        """Make sure that everyone's data are drawn from in one way: limits don't add up."""
        for group in groups:
            for partner in group:
                known = self._group_of.setdefault(partner, group)
                assert known == group, f"partner {partner} is in {known} and in {group}"


def _part(taken: int, allowed: float) -> float:
    return taken / allowed if allowed else math.inf
