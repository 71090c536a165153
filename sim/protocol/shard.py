"""Owns how a model is cut among parameter servers, and which machines hold the pieces.

A placement comes in, shards go out. Partners that host a shard are the first ones; dedicated
machines have the proxy's links and workers, and are plugged in where the proxy is. The mixed
placement and its loads are those of BytePS (Jiang et al., OSDI 2020, section 4.1).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sim.machine import Machine
from sim.proxy import ProxyServer
from sim.trace import PROXY

if TYPE_CHECKING:
    from sim.world import World

PLACEMENTS = ("partners", "dedicated", "mixed")


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Name a piece of the model: its part of the whole (0 to 1), the machine whose link it is
    reached by, and the server that adds updates up.

    The server is a machine of its own where the shard is dedicated, and runs on the partner's where
    a partner hosts it.
    """

    fraction: float
    host: Machine
    server: ProxyServer


def check_num_servers(placement: str, num_servers: int, num_partners: int) -> None:
    """Raise ValueError for more servers than the placement has room for among these partners.

    BytePS has no use for more extra machines than workers: the workers' own links are full then.
    """
    if placement != "dedicated" and num_servers > num_partners:
        raise ValueError(
            f"mode.num_servers must be at most the {num_partners} partners with "
            f"mode.placement={placement}, got {num_servers}; try mode.num_servers={num_partners} "
            "or mode.placement=dedicated"
        )


def fractions(placement: str, *, num_partners: int, num_servers: int) -> tuple[float, float]:
    """Return what each hosting partner and each dedicated server holds of the model."""
    if placement == "partners":
        return 1 / num_servers, 0.0
    if placement == "dedicated":
        return 0.0, 1 / num_servers
    return mixed_fractions(num_partners, num_servers)


def mixed_fractions(num_workers: int, num_extra: int) -> tuple[float, float]:
    """Return what each of n workers and each of k ≤ n extra servers holds of the model M, so that
    all of their equal links carry the same.

    Pushes and pulls then take 2n(n − 1)M / ((n² + kn − 2k)B) where they overlap, the least there is
    (Jiang et al. 2020, equations 1 to 3); with k = 0 that is the ring's 2(n − 1)M / (nB).
    """
    n, k = num_workers, num_extra
    if k == n:  # the formula's limit, also for n = 1, where it is 0 / 0
        return 0.0, 1 / n
    whole = n * n + k * n - 2 * k
    return (n - k) / whole, 2 * (n - 1) / whole


def place(
    world: "World", *, placement: str, num_servers: int, merge_bytes_per_s: float
) -> tuple[Shard, ...]:
    """Put up the servers, and return the shards that hold something."""
    num_partners = len(world.members)
    check_num_servers(placement, num_servers, num_partners)
    hosted, dedicated = fractions(placement, num_partners=num_partners, num_servers=num_servers)
    machine = replace(
        world.setting.consortium.proxy, num_replicas=1, merge_bytes_per_s=merge_bytes_per_s
    )
    num_hosts = num_servers if placement == "partners" else num_partners
    shards = []
    for member in world.members[:num_hosts] if hosted else ():
        server = world.add_server(
            f"{member.name}/server", replace(machine, num_workers=1), like=member.name
        )
        shards.append(Shard(fraction=hosted, host=member, server=server))
    for number in range(num_servers if dedicated else 0):
        server = world.add_server(f"server-{number}", machine, like=PROXY)
        shards.append(Shard(fraction=dedicated, host=server, server=server))
    return tuple(shards)
