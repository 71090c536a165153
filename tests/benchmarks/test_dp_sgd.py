"""What hiding single examples costs in local steps: the private engine against plain steps, by
autograd (engine `loop`) and by the engine that does such jobs fastest, and against private ones by
Opacus's hooks; in turns, on one core.

    make benchmarks ARGS="-k private_steps"
"""

import functools
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from torch import nn

from runners.data import Samples
from runners.example_rule import ExampleRule
from runners.learner.cohort import Job
from runners.learner.engine.loop import Loop
from runners.learner.engines import Engines
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from tests.benchmarks.cohort_case import (
    COLOUR,
    GREY,
    RATE,
    SGD,
    large_cnn,
    mlp,
    random_samples,
    small_cnn,
)

RULE = ExampleRule(clipping_norm=1.0, noise_multiplier=1.0, sampling="shuffled")
NUM_SAMPLES, NUM_ROUNDS = 512, 15
CPU = torch.device("cpu")
CASES = {
    "784-128-10, 32": (functools.partial(mlp, 128), GREY, 32, 40),
    "784-128-10, 256": (functools.partial(mlp, 128), GREY, 256, 16),
    "784-200-200-10, 10": (functools.partial(mlp, 200, 200), GREY, 10, 40),
    "CNN 8/16, 32": (small_cnn, GREY, 32, 6),
    "CNN 1.6M, 32": (large_cnn, COLOUR, 32, 2),
}


def local_steps(
    module: nn.Sequential,
    samples: Samples,
    numbers: np.ndarray,
    rule: ExampleRule | None,
    *,
    by_loop: bool = False,
) -> Callable[[], None]:
    """Return a call that does one job of as many steps as `numbers` has rows."""
    model, data = FlatModel(module, "cross_entropy", CPU, tail=0), RankData(samples, CPU)
    engines = Engines(model, data, SGD, rule)
    counts = np.full(len(numbers), numbers.shape[1])
    job = Job(start=model.initial, samples=numbers, counts=counts, expected_count=numbers.shape[1])
    rates = [RATE] * len(numbers)
    engine = Loop(model, data, SGD) if by_loop else engines.choose([job])

    def steps() -> None:
        for _ in engine.train([job], rates):
            pass

    return steps


def opacus_steps(
    module: nn.Sequential, samples: Samples, numbers: np.ndarray
) -> Callable[[], None]:
    """Return a call that takes the same steps by Opacus's hooks and optimizer."""
    from opacus import GradSampleModule
    from opacus.optimizers import DPOptimizer

    hooked = GradSampleModule(module)
    optimizer = DPOptimizer(
        torch.optim.SGD(hooked.parameters(), lr=RATE),
        noise_multiplier=RULE.noise_multiplier,
        max_grad_norm=RULE.clipping_norm,
        expected_batch_size=numbers.shape[1],
    )
    inputs, targets = torch.from_numpy(samples.train), torch.from_numpy(samples.train_targets)

    def steps() -> None:
        for batch in map(torch.from_numpy, numbers):
            optimizer.zero_grad()
            outputs = hooked(inputs[batch])
            nn.functional.cross_entropy(outputs, targets[batch]).backward()
            optimizer.step()

    return steps


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def wall_s(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # Opacus's own hooks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in what Opacus imports
@pytest.mark.parametrize("case", CASES)
def test_private_steps(benchmark, one_thread, case: str) -> None:
    """The benchmark's time is that of a private step; the ratios are in the extra info."""
    build, inputs, batch_size, num_steps = CASES[case]
    samples = random_samples(inputs, NUM_SAMPLES)
    rng = np.random.default_rng(0)
    numbers = rng.integers(NUM_SAMPLES, size=(num_steps, batch_size))
    calls = {
        "loop": local_steps(build(), samples, numbers, None, by_loop=True),
        "plain": local_steps(build(), samples, numbers, None),
        "private": local_steps(build(), samples, numbers, RULE),
        "opacus": opacus_steps(build(), samples, numbers),
    }
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}

    def one() -> None:
        for name, call in calls.items():
            times[name].append(wall_s(call) / num_steps)

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else NUM_ROUNDS)
    for other in ("loop", "plain", "opacus"):
        ratios = [mine / its for mine, its in zip(times["private"], times[other], strict=True)]
        benchmark.extra_info[f"ratio_to_{other}"] = statistics.median(ratios)
    for name, walls in times.items():
        benchmark.extra_info[f"{name}_step_wall_s"] = statistics.median(walls)
    assert all(min(walls) > 0 for walls in times.values())
