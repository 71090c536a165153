"""The proxy's queue has the schedule of a first-come queue with several servers."""

from collections.abc import Callable

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.consortium import Proxy
from sim.proxy import ProxyServer
from sim.trace import Trace

BYTES_PER_S = 10.0


def ends(
    arrivals: list[tuple[float, float]],
    serve: Callable[[simpy.Environment], Callable[[float], object]],
) -> list[float]:
    """Return when each (arrival, bytes) leaves the queue that `serve` makes."""
    env = simpy.Environment()
    serve_one = serve(env)
    left = [0.0] * len(arrivals)

    def job(number: int, arrival_sim_s: float, num_bytes: float):
        yield env.timeout(arrival_sim_s)
        yield serve_one(num_bytes)
        left[number] = env.now

    for number, (arrival_sim_s, num_bytes) in enumerate(arrivals):
        env.process(job(number, arrival_sim_s, num_bytes))
    env.run()
    return left


def through_the_proxy(num_workers: int) -> Callable[[simpy.Environment], Callable[[float], object]]:
    proxy = Proxy(
        uplink_bytes_per_s=1.0,
        downlink_bytes_per_s=1.0,
        latency_sim_s=0.0,
        num_workers=num_workers,
        merge_bytes_per_s=BYTES_PER_S,
    )
    return lambda env: ProxyServer(env, proxy, Trace(level="rounds")).merge


def through_a_resource(
    num_workers: int,
) -> Callable[[simpy.Environment], Callable[[float], object]]:
    def serve(env: simpy.Environment) -> Callable[[float], object]:
        resource = simpy.Resource(env, capacity=num_workers)

        def one(num_bytes: float):
            with resource.request() as request:
                yield request
                yield env.timeout(num_bytes / BYTES_PER_S)

        return lambda num_bytes: env.process(one(num_bytes))

    return serve


def test_one_worker_serves_in_order() -> None:
    # 2 s each: the second waits from 1 to 2, the third finds the worker idle
    assert ends([(0, 20), (1, 20), (7, 20)], through_the_proxy(1)) == [2, 4, 9]


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 50)), min_size=1, max_size=20),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_same_schedule_as_a_simpy_resource(
    arrivals: list[tuple[float, float]], num_workers: int
) -> None:
    expected = ends(arrivals, through_a_resource(num_workers))
    assert ends(arrivals, through_the_proxy(num_workers)) == pytest.approx(expected)
