"""How fast the simulator is: 1,000 unequal partners, 100 rounds, nothing learned.

The lower bound is SimPy's own event rate; the extra info has the cost per partner and round in
units of one bare SimPy timeout, which does not depend on how busy the machine is.
"""

import time
from pathlib import Path

import pytest
import simpy

from runners.build import assemble, build
from runners.perform import Job, simulate
from tests.runners.compose import compose

NUM_PARTNERS, NUM_ROUNDS = 1000, 100
BATCH = 32


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


@pytest.mark.parametrize("scenario", ["uniform", "lognormal"])
@pytest.mark.parametrize(("mode", "steps"), [("proxy/federated", 20), ("partner/allreduce", 1)])
def test_a_thousand_partners(
    benchmark, tmp_path: Path, scenario: str, mode: str, steps: int
) -> None:
    num_epochs = NUM_PARTNERS * NUM_ROUNDS * BATCH * steps / 60_000
    config = compose(
        f"mode={mode}",
        f"scenario={scenario}",
        f"scenario.num_partners={NUM_PARTNERS}",
        "partition=iid",
        "learner=none",
        "trace_level=rounds",
        f"budget.num_epochs={num_epochs}",
    )
    run = build(config)
    setting, assignment = assemble(run)
    job = Job(
        folder=tmp_path,
        config=config,
        run=run,
        setting=setting,
        assignment=assignment,
        submitted_at=time.time(),
    )
    units = []

    def one() -> None:
        unit_wall_s = bare_timeout_wall_s()
        started = time.perf_counter()
        simulate(job, lambda fraction: None)
        took_wall_s = time.perf_counter() - started
        units.append(took_wall_s / NUM_PARTNERS / NUM_ROUNDS / unit_wall_s)

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 3)
    benchmark.extra_info["timeouts_per_partner_round"] = sorted(units)[len(units) // 2]
    assert (tmp_path / "record.json").exists()
