"""Mode `proxy/data_proxy`: a proxy transforms the data and passes them on to one partner, which
trains.

Everyone but the fastest partner sends its samples to the proxy, whose workers transform them one
partner's at a time; the proxy passes on `size_ratio` times the bytes, and the fastest partner
trains on all of them as in mode `pool` (systems.md X1: data provider, proxy server, model trainer).
The trainer's own data stay where they are. Here a transform is time and bytes; what it makes of the
samples is the business of the group `anonymisation`, whose options bring their own rate and ratio.

Faults: a provider that breaks down while it sends, sends all of its samples again when it is back;
so it does when the proxy has broken down with them. A trainer that breaks down while it receives is
sent that again, and loses its steps since the last evaluation; all wait for its return. A cut link
holds up everyone until it is mended.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from sim.bounds import positive
from sim.mode.pool import train_in_one_place
from sim.partner import Member
from sim.presence import Steps
from sim.protocol.insist import insist
from sim.protocol.passage import pass_on
from sim.proxy import ProxyServer
from sim.world import World


@dataclass(frozen=True, kw_only=True)
class DataProxy:
    """Train one model on the union of the transformed data, on one machine.

    A worker of the proxy transforms `transform_bytes_per_s` of what it received. Both settings are
    None where nothing is transformed: what has arrived is passed on at once, as it is.
    """

    merges_in_one_place: ClassVar[bool] = False
    merges_updates: ClassVar[bool] = False
    actions: ClassVar[frozenset[str]] = frozenset()
    merges_single_updates: ClassVar[bool] = False

    transform_bytes_per_s: float | None
    size_ratio: float | None

    def __post_init__(self) -> None:
        rate, ratio = self.transform_bytes_per_s, self.size_ratio
        if (rate is None) != (ratio is None):
            raise ValueError(
                f"transform_bytes_per_s and size_ratio must both be numbers or both be null, since "
                f"what takes time may change sizes and the other way round, got {rate} and "
                f"{ratio}; measure both"
            )
        if rate is not None and ratio is not None:
            positive("transform_bytes_per_s", rate, remedy="1e8 is 100 MB/s")
            positive("size_ratio", ratio, remedy="1 passes on as much as came in")

    def run(self, world: World) -> Steps:
        """Move the data, then pass `num_epochs` times over all of them."""
        yield from train_in_one_place(world, partial(self._ship, world))

    def _ship(self, world: World, member: Member, trainer: Member) -> Steps:
        proxy = world.proxy_of(member)
        num_bytes = world.workload.num_samples[member.index] * world.workload.sample_bytes
        is_there = False
        while not is_there:
            yield from insist(world, [member, proxy], partial(_send, world, member, num_bytes))
            steps = self._hand_over(world, proxy, trainer, num_bytes)
            is_there = yield world.attempt([proxy], steps)

    def _hand_over(
        self, world: World, proxy: ProxyServer, trainer: Member, num_bytes: float
    ) -> Steps:
        """Transform data, keep them until the trainer is up, and pass them on."""
        if self.transform_bytes_per_s is not None and self.size_ratio is not None:
            yield proxy.serve(num_bytes, self.transform_bytes_per_s).end
            num_bytes *= self.size_ratio
        send = partial(pass_on, world, proxy, trainer, num_bytes)
        yield from insist(world, [proxy, trainer], send)


def _send(world: World, member: Member, num_bytes: float) -> Steps:
    yield world.send(member, world.proxy_of(member), num_bytes)
