"""Transfers keep the exact schedule of max-min fair sharing."""

import math
from collections.abc import Sequence

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.fair_share import Link
from sim.network import Network, Transfer


def link(name: str, bytes_per_s: float, latency_sim_s: float = 0.0) -> Link:
    return Link(name=name, bytes_per_s=bytes_per_s, latency_sim_s=latency_sim_s)


def arrivals(plan: Sequence[tuple[float, float, Sequence[Link]]]) -> list[float]:
    """Return when each (start, bytes, route) of `plan` arrives."""
    env = simpy.Environment()
    network = Network(env)
    times = [math.nan] * len(plan)

    def send(number: int, start_sim_s: float, num_bytes: float, route: Sequence[Link]):
        yield env.timeout(start_sim_s)
        yield network.transfer(num_bytes, route)
        times[number] = env.now

    for number, (start_sim_s, num_bytes, route) in enumerate(plan):
        env.process(send(number, start_sim_s, num_bytes, route))
    env.run()
    return times


def test_one_transfer_takes_its_bytes_over_the_bandwidth_and_the_latencies() -> None:
    route = (link("up", 10, 0.5), link("down", 5, 0.25))
    assert arrivals([(1, 100, route)]) == [1 + 100 / 5 + 0.5 + 0.25]


def test_n_equal_flows_on_one_link_take_n_times_as_long() -> None:
    shared = link("shared", 100)
    assert arrivals([(0, 50, (shared,))] * 4) == pytest.approx([4 * 50 / 100] * 4)


def test_an_arrival_halves_and_a_departure_doubles_the_rate() -> None:
    shared = link("shared", 10)
    # a: 2 s alone = 20 bytes, then half of it; b starts at 2 with 20 bytes at 5/s and ends at 6,
    # when a has 40 of its
    # 60 bytes; alone again, a's last 20 bytes take 2 s
    assert arrivals([(0, 60, (shared,)), (2, 20, (shared,))]) == pytest.approx([8, 6])


def test_what_a_slow_flow_leaves_goes_to_the_others() -> None:
    hub, thin = link("hub", 10), link("thin", 2)
    # the thin flow gets 2 of 10, the others share 8: 40 bytes at 4/s; the thin one's 20 bytes at
    # 2/s
    assert arrivals([(0, 20, (thin, hub)), (0, 40, (hub,)), (0, 40, (hub,))]) == pytest.approx(
        [10, 10, 10]
    )


def test_two_flows_share_one_of_two_links() -> None:
    first, second = link("first", 10), link("second", 4)
    # both cross `second` at 2/s each, so the third gets 8 of `first`: 16 bytes in 2 s
    plan = [(0, 4, (first, second)), (0, 4, (second,)), (0, 16, (first,))]
    assert arrivals(plan) == pytest.approx([2, 2, 2])


def test_two_directions_of_a_line_do_not_share() -> None:
    up, down = link("up", 10), link("down", 10)
    assert arrivals([(0, 100, (up,)), (0, 100, (down,))]) == [10, 10]


def test_no_bytes_take_the_latency_only() -> None:
    assert arrivals([(1, 0, (link("up", 10, 0.5),))]) == [1.5]


@pytest.mark.parametrize(("num_bytes", "route"), [(-1, (link("up", 1),)), (1, ())])
def test_refuses_what_is_no_transfer(num_bytes: float, route: tuple[Link, ...]) -> None:
    with pytest.raises(ValueError, match="needs a route and at least 0 bytes"):
        Network(simpy.Environment()).transfer(num_bytes, route)


def fair_rates(routes: Sequence[Sequence[Link]]) -> list[float]:
    """Return max-min fair rates by progressive filling, link by link: slow, and independent of
    sim.network.
    """
    rates: dict[int, float] = {}
    while len(rates) < len(routes):
        shares = {}
        for one in {one for route in routes for one in route}:
            open_flows = [
                flow for flow, route in enumerate(routes) if one in route and flow not in rates
            ]
            used = sum(
                rates[flow] for flow, route in enumerate(routes) if one in route and flow in rates
            )
            if open_flows:
                shares[one] = ((one.bytes_per_s - used) / len(open_flows), open_flows)
        level, flows = min(shares.values(), key=lambda share: share[0])
        rates |= dict.fromkeys(flows, level)
    return [rates[flow] for flow in range(len(routes))]


bandwidths = st.lists(
    st.sampled_from([1.0, 2.0, 3.0, 5.0, 10.0]) | st.floats(0.1, 10), min_size=1, max_size=6
)
flow = st.tuples(
    st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0, 5),
    st.floats(0.1, 20),
    st.sets(st.integers(0, 5), min_size=1),
)


@given(bandwidths, st.lists(flow, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_rates_are_max_min_fair_at_all_times_and_no_byte_is_lost(
    capacities: list[float], flows: list
) -> None:
    links = [link(str(number), capacity) for number, capacity in enumerate(capacities)]
    env = simpy.Environment()
    network = Network(env)
    under_way: list[Transfer] = []
    routes = [
        tuple(links[number % len(links)] for number in sorted({n % len(links) for n in crossed}))
        for _, _, crossed in flows
    ]

    def send(start_sim_s: float, num_bytes: float, route: tuple[Link, ...]):
        yield env.timeout(start_sim_s)
        transfer = network.transfer(num_bytes, route)
        under_way.append(transfer)
        yield transfer
        under_way.remove(transfer)

    def watch():
        while True:
            yield env.timeout(0.37)
            open_transfers = [transfer for transfer in under_way if not transfer.triggered]
            rates = [transfer.bytes_per_s for transfer in open_transfers]
            assert rates == pytest.approx(
                fair_rates([transfer.route for transfer in open_transfers]), rel=1e-9
            )
            for one in links:
                load = sum(t.bytes_per_s for t in open_transfers if one in t.route)
                assert load <= one.bytes_per_s * (1 + 1e-9)

    for (start_sim_s, num_bytes, _), route in zip(flows, routes, strict=True):
        env.process(send(start_sim_s, num_bytes, route))
    env.process(watch())
    env.run(until=6 + sum(num_bytes for _, num_bytes, _ in flows) / min(capacities) * 1.01)
    assert under_way == []
    for one in links:
        sent = sum(
            num_bytes
            for (_, num_bytes, _), route in zip(flows, routes, strict=True)
            if one in route
        )
        assert one.carried_bytes == pytest.approx(sent)
