"""Owns collectives: operations that a group of partners does together, as coupled transfers.

Cost model: the alpha-beta model of Thakur, Rabenseifner & Gropp (2005); no cost for adding numbers.
"""

from collections.abc import Generator, Sequence

import simpy

from sim.network import Network
from sim.partner import Member


def ring_allreduce(
    env: simpy.Environment, network: Network, members: Sequence[Member], num_bytes: float
) -> Generator[simpy.Event, None, None]:
    """Sum `num_bytes` over all members in a ring, the last one next to the first.

    Each of the `2(n-1)` steps sends `num_bytes/n` to the next neighbour and can't start before the
    step before it has come in: `2(n-1) * (latency + num_bytes/n / bytes_per_s)` on equal links, and
    at the pace of the slowest link otherwise. Together the steps are one transfer per neighbour,
    the latencies of all steps but its own come on top.
    """
    num_members = len(members)
    if num_members == 1:
        return
    num_steps = 2 * (num_members - 1)
    routes = [
        (sender.uplink, receiver.downlink)
        for sender, receiver in zip(members, [*members[1:], members[0]], strict=True)
    ]
    link_bytes = num_steps * num_bytes / num_members
    yield env.all_of([network.transfer(link_bytes, route) for route in routes])
    slowest_latency_sim_s = max(sum(link.latency_sim_s for link in route) for route in routes)
    yield env.timeout((num_steps - 1) * slowest_latency_sim_s)
