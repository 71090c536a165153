"""How fast Accord trains against a bare Horovod script: same model, ranks and batch, in turns."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from runners.build import build
from runners.config_file import write_config
from runners.launch import Fleet
from runners.learner.horovod import Horovod, rendezvous
from tests.runners.compose import compose

NUM_RANKS, NUM_PARTNERS, BATCH, NUM_STEPS = 2, 4, 32, 400


def bare_samples_per_wall_s() -> float:
    """Return the throughput of tests/benchmarks/bare_horovod.py on fresh ranks."""
    environments, close = rendezvous(NUM_RANKS)
    batch = BATCH * NUM_PARTNERS // NUM_RANKS
    command = [sys.executable, "-m", "tests.benchmarks.bare_horovod", str(NUM_STEPS), str(batch)]
    ranks = [
        subprocess.Popen(command, env=os.environ | one, stdout=subprocess.PIPE, text=True)
        for one in environments
    ]
    outputs = [rank.communicate()[0] for rank in ranks]
    close()
    return float(outputs[0])


@pytest.mark.timeout(900)
def test_training_throughput(benchmark, tmp_path: Path) -> None:
    """The benchmark's time is Accord's; the ratio to the bare script is in the extra info."""
    num_epochs = NUM_STEPS * NUM_PARTNERS * BATCH / 60_000
    config = compose(f"budget.num_epochs={num_epochs}", "budget.num_evaluations=1")
    write_config(tmp_path, config)
    learner = build(config).learner
    assert isinstance(learner, Horovod) and learner.num_ranks == NUM_RANKS
    ratios, starts_wall_s = [], []
    fleet: Fleet

    def new_fleet() -> None:
        nonlocal fleet
        fleet = Fleet(learner)
        fleet.run(tmp_path, lambda fraction: None)  # the first run loads the data

    def one() -> None:
        fleet.run(tmp_path, lambda fraction: None)
        wall = json.loads((tmp_path / "record.json").read_text())["wall"]
        fleet.stop()  # idle ranks would slow the yardstick down
        ratios.append(wall["samples_per_wall_s"] / bare_samples_per_wall_s())
        starts_wall_s.append(wall["start_wall_s"])

    benchmark.pedantic(one, setup=new_fleet, rounds=1 if benchmark.disabled else 5)
    benchmark.extra_info["ratio_to_bare_horovod"] = statistics.median(ratios)
    benchmark.extra_info["ratios"] = " ".join(f"{ratio:.2f}" for ratio in sorted(ratios))
    benchmark.extra_info["second_run_start_wall_s"] = statistics.median(starts_wall_s)
    assert all(ratio > 0 for ratio in ratios)
