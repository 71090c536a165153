"""Owns what a cohort is worth to a model by the labels of its data, and how one is put together.

A cohort of m partners is worth Σ_c q_c ln(1 + m^p b_c / a_c). Here q_c is label c's part of all
data; b_c q_c are the steps on label c in the mean of the cohort's updates, weighted by the data
held; a_c is the sum of the m^p b_c of earlier cohorts, each of which counts for less by a part of
1 / MEMORY_ROUNDS from round to round. So labels share the partners' time by proportional fairness
(Kelly, Maulloo & Tan 1998), and to take what is worth most per second is the gradient rule for it
(Stolyar 2005): a slow partner is sent once rounds have gone without its labels for long enough.
"""

from dataclasses import dataclass

import numpy as np

from sim.view import Floats, View, Whole

MEMORY_ROUNDS = 10
"""Set, as the exponent is, on seeds 1000 to 1007 of conf/experiment/agents.yaml."""
AVERAGING_EXPONENT = 0.8
"""p: what averaging the updates of more partners is worth."""
MAX_PICKS = 5
"""Steps in which a cohort is put together; prices follow what is chosen from step to step."""
LEAST_STEPS = 1e-9
"""Of what was taught of a label, so that one that was never taught has a finite price."""


@dataclass(frozen=True, kw_only=True)
class Works:
    """Hold what partners would train: `steps` on each label over the label's part of all data, of
    shape (num_partners, num_labels), and `held`, the samples that each has.
    """

    steps: Floats
    held: Whole

    def first(self, number: int) -> "Works":
        """Return the works of the first partners."""
        return Works(steps=self.steps[:number], held=self.held[:number])


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Hold who of the works' partners is `chosen`, what the merge of theirs teaches of each label,
    and what that is worth.
    """

    chosen: list[int]
    steps: Floats
    worth: float


class Taught:
    """Keep what was taught of each label of late."""

    def __init__(self, label_counts: Floats) -> None:
        """Begin as if a round of one step on everyone's data had gone before; `label_counts` are of
        shape (num_partners, num_labels).
        """
        self._parts = label_counts.sum(axis=0) / label_counts.sum()
        mixes = label_counts / label_counts.sum(axis=1, keepdims=True)
        self._per_step = mixes / self._parts
        self._steps = np.ones(len(self._parts))

    def works(self, view: View, partners: Whole) -> Works:
        """Return what partners would train in their next round."""
        return Works(
            steps=view.num_steps[partners, np.newaxis] * self._per_step[partners],
            held=view.partners.num_samples[partners],
        )

    def cohort(self, works: Works, number: int) -> Cohort:
        """Return a cohort of `number` of the works' partners, or of all: in each step those are
        added whose labels have the highest prices, which are one over what was taught of them.
        """
        number = min(number, len(works.held))
        chosen: list[int] = []
        steps = np.zeros(len(self._parts))
        is_left = np.ones(len(works.held), dtype=np.bool_)
        while len(chosen) < number:
            prices = self._parts / (self._steps + steps + LEAST_STEPS)
            scores = np.where(is_left, works.steps @ prices, -np.inf)
            num_picked = min(-(-number // MAX_PICKS), number - len(chosen))
            picked = np.argsort(-scores, kind="stable")[:num_picked].tolist()
            is_left[picked] = False
            chosen += picked
            steps = _merged(works, chosen)
        gains = np.log1p(steps / (self._steps + LEAST_STEPS))
        return Cohort(chosen=chosen, steps=steps, worth=float(self._parts @ gains))

    def add(self, cohort: Cohort) -> None:
        """Take in that a cohort is sent."""
        self._steps = (self._steps + cohort.steps) * (1 - 1 / MEMORY_ROUNDS)


def _merged(works: Works, chosen: list[int]) -> Floats:
    """Return m^p times the mean of the chosen partners' steps, weighted by the data held."""
    held = works.held[chosen]
    merged: Floats = len(chosen) ** AVERAGING_EXPONENT * (held @ works.steps[chosen]) / held.sum()
    return merged
