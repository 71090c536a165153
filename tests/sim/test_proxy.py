"""A server's queue has the schedule of a first-come queue with several workers."""

from collections.abc import Callable

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.consortium import Proxy
from sim.proxy import ProxyServer
from sim.trace import Trace

BYTES_PER_S = 10.0

Serve = Callable[[float], simpy.Event]


def server_in(env: simpy.Environment, num_workers: int = 1) -> ProxyServer:
    """Return a server whose workers merge 10 bytes/s, and its trace."""
    proxy = Proxy(
        uplink_bytes_per_s=1.0,
        downlink_bytes_per_s=1.0,
        latency_sim_s=0.0,
        num_replicas=1,
        num_workers=num_workers,
        merge_bytes_per_s=BYTES_PER_S,
    )
    return ProxyServer(env, "server", proxy, trace=Trace(level="spans"), efficiency=1.0)


def spans(server: ProxyServer) -> list[tuple[str, float, float, float]]:
    """Return actor, begin, end and bytes of what was traced."""
    return [(span[1], *span[3:]) for span in server._trace.spans]


def ends(
    arrivals: list[tuple[float, float]], serve: Callable[[simpy.Environment], Serve]
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


def through_the_server(num_workers: int) -> Callable[[simpy.Environment], Serve]:
    def serve(env: simpy.Environment) -> Serve:
        server = server_in(env, num_workers)
        return lambda num_bytes: server.merge(num_bytes).end

    return serve


def through_a_resource(num_workers: int) -> Callable[[simpy.Environment], Serve]:
    def serve(env: simpy.Environment) -> Serve:
        resource = simpy.Resource(env, capacity=num_workers)

        def one(num_bytes: float):
            with resource.request() as request:
                yield request
                yield env.timeout(num_bytes / BYTES_PER_S)

        return lambda num_bytes: env.process(one(num_bytes))

    return serve


def test_one_worker_serves_in_order() -> None:
    # 2 s each: the second waits from 1 to 2, the third finds the worker idle
    assert ends([(0, 20), (1, 20), (7, 20)], through_the_server(1)) == [2, 4, 9]


def test_two_workers_serve_side_by_side() -> None:
    # the third begins with the first worker that is free, at 1
    assert ends([(0, 30), (0, 10), (0, 20)], through_the_server(2)) == [3, 1, 3]


@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 50)), min_size=1, max_size=20),
    st.integers(1, 4),
)
@settings(deadline=None, max_examples=60)
def test_same_schedule_as_a_simpy_resource(
    arrivals: list[tuple[float, float]], num_workers: int
) -> None:
    expected = ends(arrivals, through_a_resource(num_workers))
    assert ends(arrivals, through_the_server(num_workers)) == pytest.approx(expected)


def test_what_was_done_is_counted_and_traced() -> None:
    env = simpy.Environment()
    server = server_in(env, num_workers=2)
    starts = [server.merge(num_bytes).start_sim_s for num_bytes in (30, 10, 20)]
    env.run()
    assert starts == [0, 0, 1]
    assert spans(server) == [("server.1", 0, 1, 10), ("server.0", 0, 3, 30), ("server.1", 1, 3, 20)]
    assert (server.num_jobs, server.queued_sim_s, server.busy_sim_s) == (3, 1, 6)


def test_a_job_may_have_a_rate_of_its_own() -> None:
    env = simpy.Environment()
    server = server_in(env)
    server.serve(20, 4.0)
    assert server.merge(20).start_sim_s == 5
    env.run()
    assert (env.now, server.busy_sim_s) == (7, 7)


def test_a_crash_loses_the_queue_and_the_present_job() -> None:
    env = simpy.Environment()
    server = server_in(env)
    for _ in range(3):
        server.merge(20)
    env.run(until=3)  # one is done, one half done, one waits
    server.stop()
    job = server.merge(20)
    env.run()
    assert (server.num_crashes, job.start_sim_s, env.now) == (1, 3, 6)
    assert spans(server) == [("server", 0, 2, 20), ("server", 3, 5, 20)]
    assert (server.num_jobs, server.queued_sim_s, server.busy_sim_s) == (2, 0, 4)


def test_what_is_not_done_yet_is_not_counted() -> None:
    env = simpy.Environment()
    server = server_in(env)
    for _ in range(3):
        server.merge(20)
    env.run(until=5)
    # the second waited for 2 s; the third has begun, but at the end of the run it is not there
    assert (server.num_jobs, server.queued_sim_s, server.busy_sim_s) == (2, 2, 4)
