"""How fast many partners train on one thread, against pfl and on FLUTE's work, and in how much
memory.

    .venv/bin/pip install -c constraints.txt --no-build-isolation -e '.[peers]'
    make benchmarks ARGS="-k cohort"

The first line adds pfl 0.6.0 and what it needs to .venv; without it the comparison is skipped.
Both sides do the same rounds on one thread, in turns, and have to agree after the first; pfl
evaluates in it, in none of those that are timed. The benchmark's time is this project's.
"""

import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from tests.benchmarks.cohort_case import (
    BATCH,
    COHORT,
    GREY,
    LARGE_CNN,
    LOGISTIC,
    NUM_PARTNERS,
    SMALL_CNN,
    TWO_NN,
    Case,
    CohortRounds,
    InTurn,
    random_samples,
)

NUM_PAIRS = 7
GIB = 2**30


def wall_s(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def new_peer() -> type:
    pytest.importorskip("pfl", reason="pfl is not installed: pip install -e '.[peers]'")
    before = multiprocessing.get_start_method(allow_none=True)
    from tests.benchmarks.pfl_round import PflRounds

    # Importing pfl chooses "forkserver" for the whole process; other tests choose for themselves.
    multiprocessing.set_start_method(before, force=True)
    return PflRounds


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "case", [LOGISTIC, TWO_NN, SMALL_CNN, LARGE_CNN], ids=lambda case: case.name
)
def test_cohort_against_pfl(benchmark, one_thread, new_peer: type, case: Case) -> None:
    cohort, num_pairs = (3, 1) if benchmark.disabled else (COHORT, NUM_PAIRS)
    module = case.build()
    peer, own = new_peer(case, module, cohort), InTurn(case, module, cohort)
    start = peer.weights()
    peer.run(1)
    own.run(1)
    assert len(start) == case.num_parameters
    assert (peer.weights() - start).abs().max() > 1e-3
    torch.testing.assert_close(own.weights(), peer.weights(), atol=1e-4, rtol=0)

    peer_wall_s, own_wall_s = [], []
    benchmark.pedantic(
        lambda: own_wall_s.append(wall_s(lambda: own.run(1))),
        setup=lambda: peer_wall_s.append(wall_s(lambda: peer.run(1))),
        rounds=num_pairs,
    )
    ratios = sorted(theirs / ours for theirs, ours in zip(peer_wall_s, own_wall_s, strict=True))
    benchmark.extra_info["ratio_to_pfl"] = statistics.median(ratios)
    benchmark.extra_info["wanted_ratio"] = case.wanted_ratio
    benchmark.extra_info["ratios"] = " ".join(f"{ratio:.2f}" for ratio in ratios)
    benchmark.extra_info["pfl_round_wall_s"] = statistics.median(peer_wall_s)
    benchmark.extra_info["engines"] = own.engines


def test_cohort_of_flute(benchmark, one_thread) -> None:
    """FLUTE's LR_MNIST (Garcia et al. 2022): 100 rounds of 10 of 1,000 partners, batches of 10, one
    epoch, logistic regression; published on a CPU: FLUTE 200 s, Flower 1,814 s.
    """
    num_rounds, num_chosen = (2, 10) if benchmark.disabled else (100, 10)
    rng = np.random.default_rng(0)
    epochs = unequal_epochs(rng)
    samples = random_samples(GREY, sum(epoch.size for epoch in epochs))

    def train() -> None:
        rounds = CohortRounds(samples, LOGISTIC.build())
        start = rounds.weights.clone()
        for _ in range(num_rounds):
            chosen = rng.choice(NUM_PARTNERS, num_chosen, replace=False)
            rounds.round([rng.permutation(epochs[k].ravel()).reshape(-1, BATCH) for k in chosen])
        assert not torch.equal(rounds.weights, start)
        benchmark.extra_info["engines"] = rounds.engines

    benchmark.pedantic(train, rounds=1 if benchmark.disabled else 5)
    benchmark.extra_info["published_flute_wall_s"] = 200
    benchmark.extra_info["published_flower_wall_s"] = 1814


def unequal_epochs(rng: np.random.Generator) -> list[np.ndarray]:
    """Return each partner's sample numbers in batches, of numbers of samples as MNIST's 1,000
    devices have them in Li et al. 2020 (FedProx), table 1: mean 69, standard deviation 106.

    Lognormal: σ² = ln(1 + (106/69)²) = 1.212, μ = ln 69 − σ²/2 = 3.628. Each is rounded up to whole
    batches, so that the work is no less.
    """
    sizes = rng.lognormal(3.628, 1.212**0.5, NUM_PARTNERS)
    ends = np.cumsum(np.ceil(sizes / BATCH).astype(int) * BATCH)
    return [part.reshape(-1, BATCH) for part in np.split(np.arange(ends[-1]), ends[:-1])]


@pytest.mark.timeout(900)
def test_cohort_memory(benchmark) -> None:
    """10,000 partners of the 2NN in one merge; their weights together would be 8 GB."""
    num_partners = 300 if benchmark.disabled else 10_000
    command = [sys.executable, "-m", "tests.benchmarks.cohort_memory", str(num_partners)]

    def one() -> None:
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        benchmark.extra_info.update(json.loads(done.stdout))

    benchmark.pedantic(one, rounds=1)
    all_weights_bytes = 4 * num_partners * TWO_NN.num_parameters
    assert benchmark.extra_info["merge_memory_bytes"] < all_weights_bytes
    assert benchmark.extra_info["peak_memory_bytes"] < 4 * GIB
