"""Mode `partner/allreduce`: synchronous data-parallel SGD between equals, gradients summed among
all.

Every partner computes the gradient of one batch of its own data at the same weights; a collective
averages the gradients, weighted by the data held; everyone takes the same optimizer step
(systems.md P2; Horovod, Sergeev & Del Balso 2018). One machine with the union batch would take the
same steps. With `fusion`, tensors are summed in groups while the backward pass goes on.

Faults: a step that loses a partner is lost, and done again by those who are left; whoever comes
back first gets the model from another (`sim.protocol.crew`). A cut link stops everyone until it is
mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sim.bounds import one_of
from sim.collective.algorithms import ALGORITHMS, allreduce
from sim.learner import Work
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.crew import Crew
from sim.protocol.fusion import Fusion, reduce_during_backward
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class Allreduce:
    """Train one model that all partners hold, one allreduce a step."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    algorithm: str
    fusion: Fusion | None

    def __post_init__(self) -> None:
        one_of("algorithm", self.algorithm, tuple(ALGORITHMS))

    def run(self, world: World) -> Steps:
        """Take steps until the budget is spent; the slowest partner and the slowest link set the
        pace.
        """
        crew = Crew(world)
        crew.check(self.algorithm)
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        while not world.is_spent:
            members = yield from crew.assemble()
            merged = []
            done = yield world.attempt(members, self._step(world, crew, members))
            if done:
                works = [
                    Work(partner=m.index, start=model, num_steps=1, data_of=(m.index,))
                    for m in members
                ]
                merged = [world.learner.step(model, works)]
                model = merged[0].model
                crew.advance(members)
            world.end_round(
                [model],
                merged=merged,
                num_participants=len(members),
                num_dropped=0 if done else len(members),
                num_samples=len(members) * world.workload.batch_size if done else 0,
                evaluates=None,
            )

    def _step(self, world: World, crew: Crew, members: Sequence[Member]) -> Steps:
        sites = crew.sites(members)
        num_bytes = world.wire_bytes
        if self.fusion is None:
            yield world.compute_together(members, 1)
            phases = allreduce(self.algorithm, len(members), num_bytes, sites)
            yield from world.collective(members, phases)
            return
        yield from reduce_during_backward(
            world,
            members,
            fusion=self.fusion,
            algorithm=self.algorithm,
            sites=sites,
            tensor_bytes=world.tensor_bytes(num_bytes),
        )
