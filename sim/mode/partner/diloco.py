"""Mode `partner/diloco`: partners train apart for many steps, then an outer optimizer takes their
mean change for a gradient.

DiLoCo (Douillard et al. 2023): `inner_steps` batches of its own data at each partner, an allreduce
of what changed, weighted by the data held, and a step of SGD with Nesterov momentum. Streaming
DiLoCo (Douillard et al. 2025): `num_fragments` runs of layers are synchronised in turn, each every
`inner_steps` steps; a sum goes on in the background of the next `overlap_steps` steps, and what is
not summed by then is waited for. `wire_bytes_per_parameter` is the precision of what is sent.

`reduces_during_backward` sums layer by layer while the last step's backward pass goes on, as the
simulations of Charles et al. (2025) do.

Partners wait for the slowest before a sum, and before they use one. A round ends when a sum is
used, and its samples are those of the steps that went into the sum.

Faults: a partner that breaks down loses its steps since it last used a sum, and the others go on
without it; a sum that loses a partner is begun again by those who are left, together with the last
step where `reduces_during_backward`. Whoever comes back gets the model from another partner when
nothing is being summed (`sim.protocol.crew`). A cut link stops a sum until it is mended.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import simpy

from sim.bounds import at_least, one_of, positive
from sim.collective import Phase
from sim.collective.algorithms import ALGORITHMS, allreduce, sent_bytes
from sim.learner import Outer
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.crew import Crew
from sim.protocol.fragments import Fragment, fragments
from sim.protocol.fusion import reduce_during_backward
from sim.protocol.outer_step import survivors, train_apart, with_those_left
from sim.protocol.partner_replicas import Replicas
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class DiLoCo:
    """Train one model that all partners hold, `inner_steps` batches between two sums of a layer."""

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    inner_steps: int
    outer_learning_rate: float
    outer_momentum: float
    num_fragments: int
    overlap_steps: int
    wire_bytes_per_parameter: float
    reduces_during_backward: bool
    algorithm: str

    def __post_init__(self) -> None:
        at_least("inner_steps", self.inner_steps, 1, remedy="try mode.inner_steps=100")
        positive("outer_learning_rate", self.outer_learning_rate, remedy="0.7 is DiLoCo's")
        if not 0 <= self.outer_momentum < 1:
            raise ValueError(
                f"outer_momentum must be at least 0 and below 1, got {self.outer_momentum}; "
                "0.9 is DiLoCo's, 0 is none"
            )
        positive(
            "wire_bytes_per_parameter",
            self.wire_bytes_per_parameter,
            remedy="4 is float32, 2 bfloat16, 0.5 a 4-bit float",
        )
        one_of("algorithm", self.algorithm, tuple(ALGORITHMS))
        self._check_turns()

    def _check_turns(self) -> None:
        if not 1 <= self.num_fragments <= self.inner_steps:
            raise ValueError(
                f"num_fragments must be between 1 and the {self.inner_steps} inner steps, "
                f"got {self.num_fragments}; mode.num_fragments=1 sends the whole model at once"
            )
        most = self.inner_steps // self.num_fragments
        if not 0 <= self.overlap_steps <= most:
            raise ValueError(
                f"overlap_steps must be between 0 and the {most} steps from one fragment's turn to "
                f"the next, got {self.overlap_steps}; mode.overlap_steps=0 waits for every sum"
            )
        if self.reduces_during_backward and self.overlap_steps:
            raise ValueError(
                f"overlap_steps must be 0 with reduces_during_backward, got {self.overlap_steps}; "
                "try mode.reduces_during_backward=false, later steps hide more than one step can"
            )

    def run(self, world: World) -> Steps:
        """Train and synchronise until the budget is spent."""
        crew = Crew(world)
        crew.check(self.algorithm)
        replicas = Replicas(world)
        world.begin([replicas.model])
        for fragment in itertools.cycle(self._fragments(world)):
            if world.is_spent:
                return
            present = yield from crew.assemble()
            ahead = replicas.ahead & {member.index for member in present}
            num_steps = fragment.num_steps - (self.overlap_steps if ahead else 0)
            members, current = yield from self._synchronise(
                world, crew, present, fragment, num_steps
            )
            merged = []
            if members:
                part = fragment.part if self.num_fragments > 1 else None
                merged = replicas.synchronise(members, num_steps, self._outer(world), part)
                crew.advance(current or members)
            replicas.go_on(current, self.overlap_steps)
            num_taken = [
                fragment.num_steps if member.index in ahead else num_steps for member in members
            ]
            world.end_round(
                [replicas.model],
                merged=merged,
                num_participants=len(members),
                num_dropped=len(present) - len(members),
                num_samples=sum(num_taken) * world.workload.batch_size,
                evaluates=None,
            )

    def _outer(self, world: World) -> Outer:
        precision = self.wire_bytes_per_parameter
        return Outer(
            optimizer="nesterov",
            learning_rate=self.outer_learning_rate,
            momentum=self.outer_momentum,
            wire_bytes_per_parameter=(
                None if precision == world.workload.bytes_per_parameter else precision
            ),
        )

    def _fragments(self, world: World) -> list[Fragment]:
        """Return the fragments as they are sent: an update's bytes in another precision."""
        precision = self.wire_bytes_per_parameter / world.workload.bytes_per_parameter
        tensor_bytes = world.tensor_bytes(world.wire_bytes * precision)
        return fragments(tensor_bytes, self.inner_steps, self.num_fragments)

    def _synchronise(
        self,
        world: World,
        crew: Crew,
        present: Sequence[Member],
        fragment: Fragment,
        num_steps: int,
    ) -> Steps:
        """Let all take their steps and sum a fragment; return who is in the sum, and who of them
        has used it and not broken down since.
        """
        if self.reduces_during_backward:
            trained = yield from train_apart(world, present, num_steps - 1)
            last_step = partial(self._sum_during_step, world, crew, fragment)
            members = yield from with_those_left(world, trained, last_step)
            return members, members
        trained = yield from train_apart(world, present, num_steps)
        if self.overlap_steps:
            return (yield from self._overlap(world, crew, trained, fragment))
        members = yield from with_those_left(
            world, trained, partial(self._sum, world, crew, fragment)
        )
        return members, members

    def _overlap(
        self, world: World, crew: Crew, trained: Sequence[Member], fragment: Fragment
    ) -> Steps:
        """Take the next steps while the sum goes on; whoever is done sooner waits for it."""
        steps = partial(self._sum_in_background, world, crew, fragment)
        total = world.env.process(with_those_left(world, trained, steps))
        attempts = [world.attempt([member], self._go_on(member, total)) for member in trained]
        kept = yield from survivors(world, trained, attempts)
        members = yield total
        return members, [member for member in members if member in kept]

    def _go_on(self, member: Member, total: simpy.Process) -> Steps:
        yield member.compute(self.overlap_steps)
        if not total.processed:
            yield member.traced("transfer", total, 0.0)  # the bytes are in the background's span

    def _sum(
        self, world: World, crew: Crew, fragment: Fragment, members: Sequence[Member]
    ) -> Steps:
        yield from world.collective(members, self._phases(crew, fragment, members))

    def _sum_in_background(
        self, world: World, crew: Crew, fragment: Fragment, members: Sequence[Member]
    ) -> Steps:
        phases = self._phases(crew, fragment, members)
        start_sim_s = world.env.now
        yield from world.traffic.collective(members, phases)
        for member, num_bytes in zip(members, sent_bytes(phases, len(members)), strict=True):
            world.trace.other_span(
                f"{member.name}/background", "transfer", start_sim_s, world.env.now, num_bytes
            )

    def _sum_during_step(
        self, world: World, crew: Crew, fragment: Fragment, members: Sequence[Member]
    ) -> Steps:
        yield from reduce_during_backward(
            world,
            members,
            fusion=None,
            algorithm=self.algorithm,
            sites=crew.sites(members),
            tensor_bytes=fragment.tensor_bytes,
        )

    def _phases(
        self, crew: Crew, fragment: Fragment, members: Sequence[Member]
    ) -> tuple[Phase, ...]:
        return allreduce(self.algorithm, len(members), fragment.num_bytes, crew.sites(members))
