"""Owns federated averaging's merge: updates weighted by the data held, and by the steps taken where
that is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sim.learner import Merged, Model, Outer
from sim.partner import Member
from sim.protocol.local_training import LocalTraining
from sim.protocol.outer_step import data_weights

if TYPE_CHECKING:
    from sim.world import World

NO_STEPS: Mapping[int, int] = {}


def merge_by_data(
    world: "World",
    model: Model,
    members: Sequence[Member],
    local: LocalTraining,
    outer: Outer | None = None,
    *,
    normalises: bool = False,
    dropped: Sequence[Member] = (),
    num_steps: Mapping[int, int] = NO_STEPS,
    compression: int = 0,
) -> Merged:
    """Let `members` train on their own data from `model` on, and merge their updates.

    Partner k has weight n_k / n, n being the samples that all of these members hold (McMahan et al.
    2017, algorithm 1); `normalises` takes what differs in their numbers of steps out of that.
    `dropped` were to take part as well; `num_steps` are the steps of those who don't take the usual
    ones, `compression` the level at which updates are sent.
    """
    works = [
        replace(local.work(world, one, model, num_steps.get(one.index)), compression=compression)
        for one in members
    ]
    weights = data_weights(world, members)
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
