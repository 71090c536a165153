"""Owns federated averaging's merge (McMahan et al. 2017, algorithm 1): updates weighted by the data
held.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.learner import Merged, Model, Work
from sim.partner import Member
from sim.protocol.outer_step import data_weights

if TYPE_CHECKING:
    from sim.world import World


def merge_by_data(
    world: "World", model: Model, members: Sequence[Member], num_steps: int
) -> Merged:
    """Let `members` take `num_steps` batches each of their own data from `model` on, and average.

    Partner k has weight `n_k / n`, n being the samples that all of these members hold.
    """
    works = [
        Work(partner=one.index, start=model, num_steps=num_steps, data_of=(one.index,))
        for one in members
    ]
    return world.learner.merge(model, works, data_weights(world, members))
