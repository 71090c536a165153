"""Owns the count of private steps, and what it means for an example's privacy: who has been trained
on how often, by what sampling, behind how much noise.

With `poisson`, each step is a Gaussian mechanism on a Poisson sample: two data sets are neighbours
if one has one example more. With `shuffled`, an example is in at most one step of a pass, and
nobody is credited for chance: a pass is one Gaussian mechanism, and data sets are neighbours if one
example of one counts nothing in the other (Kairouz et al. 2021, arXiv:2103.00039). The same on all
ranks. No tensor library.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runners.example_rule import ExampleRule, expected_count
from runners.privacy import Sampling

Group = tuple[tuple[int, ...], float]
"""Whose data were drawn from as one, and the noise multiplier for one of their examples."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Say how often an example was in for a Gaussian mechanism, drawn by `sampling` among the
    examples, behind noise of `noise_multiplier` times what it can change.
    """

    noise_multiplier: float
    sampling: Sampling
    num_compositions: int

    @classmethod
    def of(cls, rule: ExampleRule, num_held: int, batch_size: int, num_steps: int) -> "Spent":
        """Return what steps mean that draw batches from `num_held` examples.

        With `shuffled` an example is in once in each pass begun, and once in a step at most.
        """
        if rule.sampling == "poisson":
            chosen, count = expected_count(num_held, batch_size), num_steps
            sampling = Sampling(kind="poisson", num_partners=num_held, num_chosen=chosen)
        else:
            count = min(num_steps, math.ceil(num_steps * batch_size / num_held))
            sampling = Sampling(kind="everyone", num_partners=num_held, num_chosen=num_held)
        return cls(
            noise_multiplier=rule.noise_multiplier, sampling=sampling, num_compositions=count
        )


class ExampleLedger:
    """Count steps by whose data they draw from."""

    def __init__(self, rule: ExampleRule, num_held: Sequence[int], batch_size: int) -> None:
        """`num_held` are the partners' examples."""
        self._rule = rule
        self._num_held = num_held
        self._batch_size = batch_size
        self._num_steps: Counter[Group] = Counter()

    def note(self, data_of: tuple[int, ...], num_steps: int, relative_noise: float = 1.0) -> None:
        """Put down steps; an example of theirs weighs 1 / `relative_noise` of the one that the
        noise is made for.
        """
        self._num_steps[data_of, self._rule.noise_multiplier * relative_noise] += num_steps

    def num_steps(self, data_of: tuple[int, ...]) -> int:
        """Return the steps that have drawn from these data as one."""
        return sum(
            steps for (drawn_from, _), steps in self._num_steps.items() if drawn_from == data_of
        )

    def spent(self, partner: int) -> frozenset[Spent]:
        """Return what an example of the partner has been in for."""
        groups = self._groups()
        return frozenset(
            Spent.of(
                replace(self._rule, noise_multiplier=noise_multiplier),
                sum(self._num_held[holder] for holder in data_of),
                self._batch_size,
                num_steps,
            )
            for (data_of, noise_multiplier), num_steps in groups.items()
            if partner in data_of
        )

    def epsilon(self, delta: float) -> float:
        """Return the ε of the example that is worst off; 0 before the first step."""
        kinds = {self.spent(partner) for partner in range(len(self._num_held))} - {frozenset()}
        return max((composed_epsilon(sorted(kind, key=repr), delta) for kind in kinds), default=0.0)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs to go on from here."""
        return {"num_steps": dict(self._num_steps)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._num_steps = Counter(state["num_steps"])

    def _groups(self) -> Mapping[Group, int]:
        """Return the steps by groups. Of one order's shuffled passes nobody knows in which steps an
        example was, so all count as those with the least noise.
        """
        if self._rule.sampling == "poisson":
            return self._num_steps
        least: dict[tuple[int, ...], float] = {}
        for data_of, noise in self._num_steps:
            least[data_of] = min(noise, least.get(data_of, noise))
        joined: Counter[Group] = Counter()
        for (data_of, _), num_steps in self._num_steps.items():
            joined[data_of, least[data_of]] += num_steps
        return joined


def composed_epsilon(spent: Sequence[Spent], delta: float) -> float:
    """Return ε at δ of all together; of different mechanisms by the distribution of their privacy
    losses (Koskela et al. 2020), and no more than if all had the least noise, as limits are made.
    """
    from dp_accounting import GaussianDpEvent, PoissonSampledDpEvent
    from dp_accounting.pld import PLDAccountant

    from runners.accountant import epsilon

    least = min(one.noise_multiplier for one in spent)
    if least == 0:
        return math.inf
    alike = math.inf
    if len({one.sampling for one in spent}) == 1:
        num_compositions = sum(one.num_compositions for one in spent)
        alike = epsilon(least, spent[0].sampling, num_compositions, delta)
    if len(spent) == 1:
        return alike
    accountant = PLDAccountant()
    for one in spent:
        event = GaussianDpEvent(one.noise_multiplier)
        rate = one.sampling.rate
        sampled = PoissonSampledDpEvent(rate, event) if rate < 1 else event
        accountant.compose(sampled, one.num_compositions)
    return min(alike, float(accountant.get_epsilon(delta)))
