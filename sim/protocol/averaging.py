"""Owns federated averaging's merge: updates weighted by the data held, and by the steps taken where
that is asked for.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.learner import Merged, Model, Outer, Work
from sim.partner import Member
from sim.protocol.outer_step import data_weights

if TYPE_CHECKING:
    from sim.world import World


def merge_by_data(
    world: "World",
    model: Model,
    works: Sequence[Work],
    outer: Outer | None = None,
    *,
    normalises: bool = False,
    dropped: Sequence[Member] = (),
) -> Merged:
    """Let partners do their works, each on its own data from `model` on, and merge their updates.

    Partner k has weight n_k / n, n being the samples that all of these partners hold (McMahan et
    al. 2017, algorithm 1); `normalises` takes what differs in their numbers of steps out of that.
    `dropped` were to take part as well.
    """
    weights = data_weights(world, [world.members[work.partner] for work in works])
    if normalises:
        weights = normalised(weights, [work.num_steps for work in works])
    lost = [member.index for member in dropped]
    return world.learner.merge(model, works, weights, outer, dropped=lost)


def normalised(weights: Sequence[float], num_steps: Sequence[int]) -> list[float]:
    """Return the weights w_i τ_eff / τ_i for updates of τ_i steps, with τ_eff = Σ w_i τ_i.

    FedNova's normalised averaging (Wang et al. 2020), exact for plain local SGD: each update is
    divided by its steps, and the model goes as far as the steps do on average. The weights don't
    add up to 1 where the numbers of steps differ.
    """
    effective = sum(weight * steps for weight, steps in zip(weights, num_steps, strict=True))
    return [weight * effective / steps for weight, steps in zip(weights, num_steps, strict=True)]
