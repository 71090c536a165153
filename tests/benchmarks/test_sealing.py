"""What sealing costs: a channel against the bare AES-GCM of `cryptography`, and rounds on two
ranks, sealed against plain, in turns.

The channel's seconds are of the processor, one thread; those of rounds are of the wall, without
evaluations and checkpoints.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runners.config_file import write_config
from runners.job import credentials_of
from runners.launch import Fleet
from runners.learner.horovod import Horovod
from runners.perform import Job, prepare
from runners.transport.channel import Channel
from tests.runners.compose import compose

KEYS = bytes(range(32)), bytes(range(32, 64))
MODES = {
    "federated": ("mode=proxy/federated", "mode.local_steps=10"),
    "allreduce": ("mode=partner/allreduce",),
}


def least_s(benchmark: Any, work: Callable[[], object]) -> float:
    """Return the seconds of the processor that some work takes, the least of several rounds."""
    took_s = []

    def one() -> None:
        started = time.process_time()
        work()
        took_s.append(time.process_time() - started)

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 20)
    return max(min(took_s), 1e-9)


@pytest.mark.parametrize("num_bytes", [800_000, 64_000_000])
@pytest.mark.parametrize("what", ["bare", "seal", "open"])
def test_sealing_bytes(benchmark: Any, what: str, num_bytes: int) -> None:
    """800 kB is an update of 200,000 parameters."""
    message = bytes(num_bytes // 100 if benchmark.disabled else num_bytes)
    left, right = Channel(*KEYS), Channel(*KEYS[::-1])
    bare = AESGCM(KEYS[0])
    numbers = iter(range(1000))
    frames = [left.seal(message, "merge")]

    def open_one() -> None:  # a frame opens once, so each round has a channel of its own
        assert Channel(*KEYS[::-1]).open(frames[0], "merge") == message

    work = {
        "bare": lambda: bare.encrypt(next(numbers).to_bytes(12, "big"), message, b"merge"),
        "seal": lambda: left.seal(message, "merge"),
        "open": open_one,
    }
    took_s = least_s(benchmark, work[what])
    benchmark.extra_info[f"{what}_bytes_per_s"] = len(message) / took_s
    assert right.open(frames[0], "merge") == message


def round_wall_s(fleet: Fleet, job: Job) -> float:
    """Run a job and return the measured seconds of a round."""
    fleet.run(job.folder, lambda fraction: None, credentials_of(job))
    record = json.loads((job.folder / "record.json").read_text())
    wall = record["wall"]
    took_s = wall["total_wall_s"] - wall["evaluate_wall_s"] - wall["checkpoint_wall_s"]
    return took_s / record["virtual"]["num_rounds"]


@pytest.mark.parametrize("mode", MODES)
def test_sealing_rounds(benchmark: Any, tmp_path: Path, mode: str) -> None:
    """Both kinds of runs take turns on the same ranks."""
    num_epochs = 0.05 if benchmark.disabled else 0.2
    jobs = []
    for sealed in ("false", "true"):
        folder = tmp_path / sealed
        folder.mkdir()
        budget = (f"budget.num_epochs={num_epochs}", "budget.num_evaluations=1")
        config = compose(*MODES[mode], *budget, f"learner.sealed={sealed}")
        write_config(folder, config)
        jobs.append(prepare(folder, config, time.time()))
    learner = jobs[0].run.learner
    assert isinstance(learner, Horovod)
    fleet = Fleet(learner)
    pairs = []
    try:
        for job in jobs:
            round_wall_s(fleet, job)  # the first runs load the data
        benchmark.pedantic(
            lambda: pairs.append([round_wall_s(fleet, job) for job in jobs]),
            rounds=1 if benchmark.disabled else 5,
        )
    finally:
        fleet.stop()
    ratios = sorted(sealed / plain for plain, sealed in pairs)
    benchmark.extra_info["ratio_to_plain"] = statistics.median(ratios)
    benchmark.extra_info["ratios"] = " ".join(f"{ratio:.2f}" for ratio in ratios)
    benchmark.extra_info["plain_round_wall_s"] = statistics.median(one for one, _ in pairs)
    benchmark.extra_info["sealed_round_wall_s"] = statistics.median(one for _, one in pairs)
    assert all(ratio > 0 for ratio in ratios)
