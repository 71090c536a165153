"""Owns what a cohort is worth to a model by the labels of its data, and how one is put together.

A cohort of m partners is worth Σ_c q_c (1 / a_c − 1 / (a_c + m^p b_c)). Here q_c is label c's part
of all data; b_c q_c are the steps on label c in the mean of the cohort's updates, weighted by the
data held; a_c is the sum of the m^p b_c of earlier cohorts, each of which counts for less by a part
of 1 / MEMORY_ROUNDS from round to round. So labels share the partners' time by the fairness of
minimum potential delay (Massoulié & Roberts 1999), which suits errors that fall as one over what
was learned: a slow partner is sent once rounds have gone without its labels for long enough.

Steps on data that are known teach less: those of a partner that has gone e times through its own
count as 1 / (1 + e / PASSES). That repeated data are worth less and less, and how few passes that
takes, is what Muennighoff et al. (2023) found; the form is simpler than theirs.
"""

from dataclasses import dataclass

import numpy as np

from sim.view import Floats, View, Whole

MEMORY_ROUNDS = 10
"""Set, as the exponent is, on seeds from 1000 on of conf/experiment/agents.yaml."""
PASSES = 60
"""After which another pass through a partner's data is worth half as much as the first."""
AVERAGING_EXPONENT = 0.8
"""p: what averaging the updates of more partners is worth."""
MAX_PICKS = 5
"""Steps in which a cohort is put together; prices follow what is chosen from step to step."""
LEAST_STEPS = 1e-9
"""Of what was taught of a label, so that one that was never taught has a finite price."""


@dataclass(frozen=True, kw_only=True)
class Works:
    """Hold what `partners` would train: `steps` on each label over the label's part of all data, of
    shape (num_partners, num_labels); `held`, the samples that each has; and how many `passes`
    through these that would be.
    """

    partners: Whole
    steps: Floats
    held: Whole
    passes: Floats


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

    def __init__(self, label_counts: Floats, batch_size: int) -> None:
        """Begin as if a round of one step on everyone's data had gone before; `label_counts` are of
        shape (num_partners, num_labels).
        """
        self._batch_size = batch_size
        self._passes = np.zeros(len(label_counts))  # of each partner, so far
        self._parts = label_counts.sum(axis=0) / label_counts.sum()
        mixes = label_counts / label_counts.sum(axis=1, keepdims=True)
        self._per_step = mixes / self._parts
        self._steps = np.ones(len(self._parts))

    def works(self, view: View, partners: Whole) -> Works:
        """Return what partners would train in their next round."""
        num_steps, held = view.num_steps[partners], view.partners.num_samples[partners]
        counted = num_steps / (1 + self._passes[partners] / PASSES)
        return Works(
            partners=partners,
            steps=counted[:, np.newaxis] * self._per_step[partners],
            held=held,
            passes=num_steps * self._batch_size / held,
        )

    def cohort(self, works: Works, pool: int, number: int) -> Cohort:
        """Return a cohort of `number` of the first `pool` partners, or of all these: in each step
        those are added whose labels have the highest prices, the slopes of what they are worth.
        """
        number = min(number, pool)
        chosen: list[int] = []
        steps = np.zeros(len(self._parts))
        is_left = np.ones(pool, dtype=np.bool_)
        while len(chosen) < number:
            prices = self._parts / (self._steps + steps + LEAST_STEPS) ** 2
            scores = np.where(is_left, works.steps[:pool] @ prices, -np.inf)
            num_picked = min(-(-number // MAX_PICKS), number - len(chosen))
            picked = np.argsort(-scores, kind="stable")[:num_picked].tolist()
            is_left[picked] = False
            chosen += picked
            steps = _merged(works, chosen)
        before = self._steps + LEAST_STEPS
        gains = 1 / before - 1 / (before + steps)
        return Cohort(chosen=chosen, steps=steps, worth=float(self._parts @ gains))

    def add(self, works: Works, cohort: Cohort) -> None:
        """Take in that a cohort is sent."""
        self._passes[works.partners[cohort.chosen]] += works.passes[cohort.chosen]
        self._steps = (self._steps + cohort.steps) * (1 - 1 / MEMORY_ROUNDS)


def _merged(works: Works, chosen: list[int]) -> Floats:
    """Return m^p times the mean of the chosen partners' steps, weighted by the data held."""
    held = works.held[chosen]
    merged: Floats = len(chosen) ** AVERAGING_EXPONENT * (held @ works.steps[chosen]) / held.sum()
    return merged
