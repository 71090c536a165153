"""How fast the simulator is when nothing is learned: whole runs, and the network alone.

The lower bound is SimPy's own event rate: the extra info has costs in units of one bare SimPy
timeout in a process, measured in the same run, which does not depend on how busy the machine is.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import simpy

from runners.perform import prepare, simulate
from sim.fair_share import Link
from sim.network import Network
from sim.route import Route
from tests.runners.compose import compose

BATCH, NUM_SAMPLES = 32, 60_000
COMMON = (
    "learner=none",
    "trace_level=rounds",
    "partition=iid",
    "task=sized",
    "task.num_parameters=100_000",
    f"task.num_samples={NUM_SAMPLES}",
    f"task.batch_size={BATCH}",
)
FEDERATED = ("mode=proxy/federated", "mode.local_steps=20", "scenario=lognormal")
CASES = {
    "1000 partners, 100 a round": (
        (*FEDERATED, "scenario.num_partners=1000", "agent.num_participants=100"),
        1000,
        100 * 20,
    ),
    "10000 partners, 500 a round": (
        (*FEDERATED, "scenario.num_partners=10000", "agent.num_participants=500"),
        100,
        500 * 20,
    ),
    "allreduce among 512": (
        (
            "mode=partner/allreduce",
            "mode.algorithm=hierarchical",
            "topology=hierarchical",
            "topology.num_sites=64",
            "scenario=uniform",
            "scenario.num_partners=512",
        ),
        1000,
        512,
    ),
}


def bare_timeout_wall_s(num_events: int = 100_000) -> float:
    """Return the seconds of one timeout in a process that does nothing else."""
    env = simpy.Environment()

    def ticks(count: int):
        for _ in range(count):
            yield env.timeout(1)

    for _ in range(100):
        env.process(ticks(num_events // 100))
    started = time.perf_counter()
    env.run()
    return (time.perf_counter() - started) / num_events


@pytest.mark.parametrize("case", CASES)
def test_whole_run(benchmark, tmp_path: Path, case: str) -> None:
    overrides, num_rounds, steps_per_round = CASES[case]
    if benchmark.disabled:
        num_rounds //= 20
    num_epochs = num_rounds * steps_per_round * BATCH / NUM_SAMPLES
    settings = (*COMMON, *overrides, f"budget.num_epochs={num_epochs}")
    units = []

    def one() -> None:
        job = prepare(tmp_path, compose(*settings), time.time())
        unit_wall_s = bare_timeout_wall_s()
        started = time.perf_counter()
        simulate(job, lambda fraction: None)
        units.append((time.perf_counter() - started) / num_rounds / unit_wall_s)

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 3)
    benchmark.extra_info["timeouts_per_round"] = statistics.median(units)
    if not benchmark.disabled:
        benchmark.extra_info["peak_memory_bytes"] = peak_memory_bytes(tmp_path, settings)
    assert (tmp_path / "record.json").exists()


def peak_memory_bytes(folder: Path, settings: tuple[str, ...]) -> int:
    """Return the most memory that the command takes, in a process of its own."""
    command = [sys.executable, "-m", "runners.run", f"hydra.run.dir={folder / 'again'}", *settings]
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    return int(done.stdout) * 1024


def transfer_wall_s(num_transfers: int, num_sharing: int) -> tuple[float, int]:
    """Return the seconds of one transfer, and the events it cost, when `num_sharing` transfers at a
    time share a link; nobody else is on their uplinks.
    """
    env = simpy.Environment()
    network = Network(env, np.random.default_rng(0))

    def go(route: Route, count: int):
        for _ in range(count):
            yield network.transfer(100.0, route)

    num_groups = max(1, 100 // num_sharing)
    num_senders = num_groups * num_sharing
    for group in range(num_groups):
        shared = Link(name=f"down{group}", bytes_per_s=100.0, latency_sim_s=0.1)
        for number in range(num_sharing):
            own = Link(name="up", bytes_per_s=100.0 + number, latency_sim_s=0.1 + number * 1e-3)
            env.process(go(Route([own, shared]), num_transfers // num_senders))
    started = time.perf_counter()
    env.run()
    wall_s = time.perf_counter() - started
    num_events = next(env._eid)
    return wall_s / num_transfers, num_events


@pytest.mark.parametrize("num_sharing", [1, 10, 100, 1000])
def test_transfers(benchmark, num_sharing: int) -> None:
    """The event rate is to be at least half of SimPy's without contention, and the cost of an event
    may not grow faster than the number of transfers on the link.
    """
    num_transfers = 2_000 if benchmark.disabled else 50_000
    costs, rates = [], []

    def one() -> None:
        unit_wall_s = bare_timeout_wall_s()
        wall_s, num_events = transfer_wall_s(num_transfers, num_sharing)
        costs.append(wall_s / unit_wall_s)
        rates.append(num_events * unit_wall_s / (wall_s * num_transfers))

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 7)
    benchmark.extra_info["timeouts_per_transfer"] = statistics.median(costs)
    benchmark.extra_info["event_rate_over_bare_simpy"] = statistics.median(rates)
    assert min(costs) > 0
