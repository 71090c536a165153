"""Transfers keep the exact schedule of max-min fair sharing."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.fair_share import Link
from sim.network import Network
from sim.route import Route, bundle
from sim.transfer import Transfer


def link(name: str, bytes_per_s: float, latency_sim_s: float = 0.0) -> Link:
    return Link(name=name, bytes_per_s=bytes_per_s, latency_sim_s=latency_sim_s)


def network_in(env: simpy.Environment) -> Network:
    return Network(env, np.random.default_rng(0))


def arrivals(plan: Sequence[tuple[float, float, Sequence[Link]]]) -> list[float]:
    """Return when each (start, bytes, route) of `plan` arrives."""
    env = simpy.Environment()
    network = network_in(env)
    times = [math.nan] * len(plan)

    def send(number: int, start_sim_s: float, num_bytes: float, route: Sequence[Link]):
        yield env.timeout(start_sim_s)
        yield network.transfer(num_bytes, Route(route))
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


def test_refuses_what_is_no_transfer() -> None:
    with pytest.raises(ValueError, match="at least 0 bytes, got -1"):
        network_in(simpy.Environment()).transfer(-1, Route([link("up", 1)]))
    with pytest.raises(ValueError, match="at least 1 link, got none"):
        Route([])


def test_a_window_limits_a_flow_to_one_window_per_round_trip() -> None:
    wan = link("wan", 1000, 0.05)
    env = simpy.Environment()
    limited = Route([wan], flow_bytes_per_s=20 / 0.1)  # 20 bytes a round trip of 0.1 s: 200/s
    transfer = network_in(env).transfer(100, limited)
    env.run(until=transfer)
    assert env.now == pytest.approx(100 / 200 + 0.05)


def test_flows_below_their_windows_leave_the_rest_to_the_others() -> None:
    wan = link("wan", 1000)
    env = simpy.Environment()
    network = network_in(env)
    network.transfer(1000, Route([wan], flow_bytes_per_s=200))
    free = network.transfer(1600, Route([wan]))
    env.run(until=free)
    assert env.now == pytest.approx(1600 / 800)


def test_a_bundle_advances_at_the_pace_of_its_slowest_link() -> None:
    fast, slow, shared = link("fast", 10, 0.5), link("slow", 4), link("shared", 12)
    both = bundle([Route([fast, shared]), Route([slow, shared])], num_bytes=5, num_latencies=3)
    env = simpy.Environment()
    network = network_in(env)
    network.transfer(20, both)
    env.run()
    # both messages of 20 bytes at 4/s; a step of 5 bytes takes 5/6 + 0.5 on the fast one, 5/4 on
    # the slow one, so the latency adds 0.0833 to each step
    assert env.now == pytest.approx(20 / 4 + 3 * (5 / 6 + 0.5 - 5 / 4))
    assert (fast.carried_bytes, slow.carried_bytes, shared.carried_bytes) == (20, 20, 40)
    assert network.sent_bytes == 40


def test_a_bundle_counts_as_its_messages_where_it_shares_a_link() -> None:
    ends = [link(str(number), 100) for number in range(2)]
    shared = link("shared", 12)
    both = bundle([Route([one, shared]) for one in ends], num_bytes=20, num_latencies=0)
    env = simpy.Environment()
    network = network_in(env)
    single = network.transfer(20, Route([shared]))
    network.transfer(40, both)
    env.run(until=single)
    assert env.now == pytest.approx(20 / 4)  # three messages on 12/s: 4/s each
    env.run()
    assert env.now == pytest.approx(20 / 4 + (40 - 20) / 6)


def test_a_step_lasts_as_long_as_its_slowest_message() -> None:
    near, far = Route([link("near", 5, 0.1)]), Route([link("far", 10, 0.5)])
    # 10 bytes: near 2 s + 0.1, far 1 s + 0.5; served at the pace of near's 2 s, 0.1 is left
    one = bundle([near, far], num_bytes=10, num_latencies=4)
    assert one.latency_sim_s == pytest.approx(4 * 0.1)
    # 2 bytes: near 0.4 + 0.1, far 0.2 + 0.5
    one = bundle([near, far], num_bytes=2, num_latencies=4)
    assert one.latency_sim_s == pytest.approx(4 * (0.7 - 0.4))


def test_jitter_delays_by_its_mean() -> None:
    jittery = Link(name="wan", bytes_per_s=1.0, latency_sim_s=1.0, jitter_sim_s=0.2)
    rng = np.random.default_rng(1)
    delays = [Route([jittery]).delay_sim_s(rng) for _ in range(4000)]
    # an exponential delay has a standard deviation equal to its mean: 0.2 / sqrt(4000) = 0.003
    assert np.mean(delays) == pytest.approx(1.2, abs=4 * 0.0032)
    assert min(delays) >= 1.0
    # the longest of two: mean * (1 + 1/2), for each of three hops
    both = bundle([Route([jittery]), Route([jittery])], num_bytes=0, num_latencies=3)
    delays = [both.delay_sim_s(rng) for _ in range(4000)]
    assert np.mean(delays) == pytest.approx(3 * (1 + 0.2 * 1.5), abs=0.03)


def test_a_link_that_changes_changes_what_crosses_it() -> None:
    shared = link("shared", 10)
    env = simpy.Environment()
    network = network_in(env)
    first, second = (network.transfer(40, Route([shared])) for _ in range(2))

    def change():
        yield env.timeout(2)  # 10 bytes each have gone
        network.set_bandwidth(shared, 0)
        yield env.timeout(5)
        network.set_bandwidth(shared, 20)  # 30 bytes each at 10/s

    env.process(change())
    env.run(until=first)
    assert env.now == pytest.approx(2 + 5 + 3)
    assert second.triggered


def test_a_lone_flow_waits_for_a_cut_link() -> None:
    line = link("line", 0)
    env = simpy.Environment()
    network = network_in(env)
    transfer = network.transfer(40, Route([line]))
    env.run(until=3)
    network.set_bandwidth(line, 10)
    env.run(until=transfer)
    assert env.now == pytest.approx(3 + 4)


def test_a_cancelled_transfer_gives_way_and_says_so() -> None:
    shared = link("shared", 10)
    env = simpy.Environment()
    network = network_in(env)
    dropped, kept = (network.transfer(40, Route([shared])) for _ in range(2))
    env.run(until=2)
    network.cancel(dropped)
    env.run(until=kept)
    assert env.now == pytest.approx(2 + 30 / 10)  # 10 bytes each by then, then all for one
    assert (dropped.value, kept.value) == (False, True)
    assert shared.carried_bytes == pytest.approx(50) == pytest.approx(network.sent_bytes)
    network.cancel(kept)  # too late to matter


def fair_rates(flows: Sequence[Route]) -> list[float]:
    """Return max-min fair rates by progressive filling, link by link: slow, and independent of
    sim.network. A window is a link of its own.
    """
    rates: dict[int, float] = {}
    while len(rates) < len(flows):
        shares = {
            (flow, "window"): (route.flow_bytes_per_s, [flow])
            for flow, route in enumerate(flows)
            if flow not in rates
        }
        for one in {one for route in flows for one in route.weights}:
            crossing = {
                n: route.weights[one] for n, route in enumerate(flows) if one in route.weights
            }
            used = sum(rates[flow] * weight for flow, weight in crossing.items() if flow in rates)
            still_open = [flow for flow in crossing if flow not in rates]
            if still_open:
                weight = sum(crossing[flow] for flow in still_open)
                shares[one] = (max(0.0, one.bytes_per_s - used) / weight, still_open)
        level, lowest = min(shares.values(), key=lambda share: share[0])
        rates |= dict.fromkeys(lowest, level)
    return [rates[flow] for flow in range(len(flows))]


bandwidths = st.lists(
    st.sampled_from([1.0, 2.0, 3.0, 5.0, 10.0]) | st.floats(0.1, 10), min_size=1, max_size=6
)
flow = st.tuples(
    st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0, 5),  # start
    st.floats(0.1, 20),  # bytes
    st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=3),  # messages
    st.sampled_from([math.inf, 1.0, 2.0]) | st.floats(0.1, 5),  # window
    st.none() | st.floats(0, 3),  # cancelled after
)
change = st.tuples(
    st.sampled_from([0.0, 1.0, 2.5]) | st.floats(0, 8),
    st.integers(0, 5),
    st.sampled_from([0.0, 1.0, 2.0, 10.0]),
)


@given(bandwidths, st.lists(flow, min_size=1, max_size=12), st.lists(change, max_size=4))
@settings(max_examples=80, deadline=None)
def test_rates_are_max_min_fair_at_all_times_and_no_byte_is_lost(
    capacities: list[float], flows: list, changes: list
) -> None:
    links = [link(str(number), capacity) for number, capacity in enumerate(capacities)]
    env = simpy.Environment()
    network = network_in(env)
    under_way: dict[Transfer, None] = {}
    carried = dict.fromkeys(links, 0.0)
    sent = 0.0

    def send(start_sim_s: float, num_bytes: float, route: Route, until_sim_s: float | None):
        nonlocal sent
        yield env.timeout(start_sim_s)
        transfer = network.transfer(num_bytes, route)
        under_way[transfer] = None
        if until_sim_s is None:
            yield transfer
        else:
            yield transfer | env.timeout(until_sim_s)
            served = num_bytes - (
                transfer.remaining_bytes(env.now) if transfer.is_under_way else 0.0
            )
            network.cancel(transfer)
            num_bytes = served
        del under_way[transfer]
        sent += num_bytes * route.num_messages
        for one, weight in route.weights.items():
            carried[one] += weight * num_bytes

    def alter(start_sim_s: float, number: int, bytes_per_s: float):
        yield env.timeout(start_sim_s)
        network.set_bandwidth(links[number % len(links)], bytes_per_s)

    def mend():
        yield env.timeout(9)
        for one, capacity in zip(links, capacities, strict=True):
            network.set_bandwidth(one, capacity)

    def watch():
        while True:
            yield env.timeout(0.37)
            open_transfers = [transfer for transfer in under_way if not transfer.triggered]
            rates = [transfer.bytes_per_s for transfer in open_transfers]
            assert rates == pytest.approx(
                fair_rates([transfer.route for transfer in open_transfers]), rel=1e-9, abs=1e-12
            )
            for one in links:
                load = sum(t.bytes_per_s * t.route.weights.get(one, 0) for t in open_transfers)
                assert load <= one.bytes_per_s * (1 + 1e-9)

    total = 0.0
    slowest = min(capacities)
    for start_sim_s, num_bytes, messages, window, until_sim_s in flows:
        routes = [
            Route([links[n] for n in sorted({n % len(links) for n in crossed})])
            for crossed in messages
        ]
        for route in routes:
            route.flow_bytes_per_s = window
        one = bundle(routes, num_bytes=num_bytes, num_latencies=1)
        env.process(send(start_sim_s, num_bytes, one, until_sim_s))
        total += num_bytes * len(messages) / min(slowest, window)
    for one_change in changes:
        env.process(alter(*one_change))
    env.process(mend())
    env.process(watch())
    env.run(until=15 + total * 1.01)
    assert under_way == {}
    assert network.sent_bytes == pytest.approx(sent)
    for one in links:
        assert one.carried_bytes == pytest.approx(carried[one])
