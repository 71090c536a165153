"""Mode `partner/parameter_server`: the model lives on servers; workers pull it and push gradients.

Every partner is a worker: it computes the gradient of one batch and pushes a slice of it to each
server, the servers add the slices up in order of arrival, and the worker pulls the new model
(systems.md P3; Li et al., OSDI 2014). Servers run at the first `num_servers` partners, on dedicated
machines like the proxy, or on both, where each holds as much as its link can bear (BytePS, Jiang et
al., OSDI 2020).

`synchronous`: all gradients are in before anyone pulls, which learns what allreduce learns; slices
go in `num_partitions`, so that pulls overlap with pushes. `asynchronous`: each push is applied as
it comes. `stale`: likewise, but nobody is more than `staleness_bound` steps ahead of the slowest
(Ho et al. 2013). A round of these two is as many steps, done or lost, as there are partners.

Faults: a partner that breaks down loses its step, and pulls the model on its return; the bound
counts only those who are up. The servers' model outlasts a breakdown, of a server or of the partner
that hosts it, but the queue does not: whoever pushes or pulls waits for its return, and sends
again. A cut link holds up those who cross it, and in synchronous steps everyone.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from sim.bounds import at_least, one_of, positive
from sim.learner import Model, Work
from sim.presence import Steps
from sim.protocol.free_running import FreeRunning
from sim.protocol.parameter_servers import ParameterServers
from sim.protocol.push_pull import PushPull
from sim.protocol.shard import PLACEMENTS, place
from sim.world import World

CONSISTENCIES = ("synchronous", "asynchronous", "stale")


@dataclass(frozen=True, kw_only=True)
class ParameterServer:
    """Train one model that servers hold, one batch per partner and push.

    `num_servers` counts those at partners with placement `partners`, else the dedicated ones.
    """

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()

    num_servers: int
    placement: str
    server_merge_bytes_per_s: float
    consistency: str
    num_partitions: int
    staleness_bound: int

    def __post_init__(self) -> None:
        at_least("num_servers", self.num_servers, 1, remedy="try mode.num_servers=1")
        one_of("placement", self.placement, PLACEMENTS)
        positive(
            "server_merge_bytes_per_s",
            self.server_merge_bytes_per_s,
            remedy="1e9 adds 250 million floats a second",
        )
        one_of("consistency", self.consistency, CONSISTENCIES)
        at_least("num_partitions", self.num_partitions, 1, remedy="1 sends slices in one piece")
        at_least("staleness_bound", self.staleness_bound, 0, remedy="try mode.staleness_bound=3")

    @property
    def merges_single_updates(self) -> bool:
        """Whether each push is applied as it comes."""
        return self.consistency != "synchronous"

    def run(self, world: World) -> Steps:
        """Put up the servers, and take steps until the budget is spent."""
        shards = place(
            world,
            placement=self.placement,
            num_servers=self.num_servers,
            merge_bytes_per_s=self.server_merge_bytes_per_s,
        )
        servers = ParameterServers(world, shards)
        if self.consistency == "synchronous":
            yield from self._take_steps_together(world, servers)
            return
        bound = self.staleness_bound if self.consistency == "stale" else math.inf
        yield from FreeRunning(world, servers, staleness_bound=bound).run()

    def _take_steps_together(self, world: World, servers: ParameterServers) -> Steps:
        model = world.learner.initial_model(owner=None)
        world.begin([model])
        late: set[int] = set()
        while not world.is_spent:
            yield from world.until_up(world.members)
            workers = world.up(world.members)
            step = PushPull(world, servers, workers, late=late, num_partitions=self.num_partitions)
            yield from step.run()
            holders = {member.index for member in step.holders}
            late = {member.index for member in world.members} - holders
            model = _close(world, model, step, num_workers=len(workers))


def _close(world: World, model: Model, step: PushPull, *, num_workers: int) -> Model:
    """Learn from those whose gradients are in, close the round, and return the new model."""
    contributors = step.contributors
    works = [
        Work(partner=one.index, start=model, num_steps=1, data_of=(one.index,))
        for one in contributors
    ]
    merged = [world.learner.step(model, works)] if works else []
    model = merged[0].model if merged else model
    world.end_round(
        [model],
        merged=merged,
        num_participants=len(contributors),
        num_dropped=num_workers - len(contributors),
        num_samples=len(contributors) * world.workload.batch_size,
        evaluates=None,
    )
    return model
