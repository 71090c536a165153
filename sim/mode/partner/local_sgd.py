"""Mode `partner/local_sgd`: partners train apart for some steps, then average their models.

Stich (2019), "Local SGD Converges Fast and Communicates Little"; federated averaging (McMahan et
al. 2017) without a proxy. Every partner takes `inner_steps` batches of its own data, then an
allreduce averages the models, weighted by the data held. With one step and plain SGD this is
allreduce.

Faults: a partner that breaks down loses its steps since the last average, and the others average
without it; an average that loses a partner is begun again by those who are left. Whoever comes back
gets the model from another partner before the next steps (`sim.protocol.crew`). A cut link stops
the average until it is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from sim.bounds import at_least, one_of
from sim.collective.algorithms import ALGORITHMS, allreduce
from sim.learner import Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.crew import Crew
from sim.protocol.outer_step import data_weights, train_apart, with_those_left
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class LocalSgd:
    """Train one model that all partners hold, `inner_steps` batches each between two averages."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = True
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    inner_steps: int
    algorithm: str

    def __post_init__(self) -> None:
        at_least("inner_steps", self.inner_steps, 1, remedy="try mode.inner_steps=20")
        one_of("algorithm", self.algorithm, tuple(ALGORITHMS))

    def run(self, world: World) -> Steps:
        """Train and average until the budget is spent."""
        crew = Crew(world)
        crew.check(self.algorithm)
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            present = yield from crew.assemble()
            trained = yield from train_apart(world, present, self.inner_steps)
            members = yield from with_those_left(
                world, trained, partial(self._average, world, crew)
            )
            merged = []
            if members:
                works = [
                    Work(
                        partner=m.index, start=model, num_steps=self.inner_steps, data_of=(m.index,)
                    )
                    for m in members
                ]
                merged = [world.learner.merge(model, works, data_weights(world, members))]
                model = merged[0].model
                crew.advance(members)
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(members),
                num_dropped=len(present) - len(members),
                num_samples=len(members) * self.inner_steps * world.workload.batch_size,
                evaluates=None,
            )

    def _average(self, world: World, crew: Crew, members: Sequence[Member]) -> Steps:
        num_bytes = world.wire_bytes
        phases = allreduce(self.algorithm, len(members), num_bytes, crew.sites(members))
        yield from world.collective(members, phases)
