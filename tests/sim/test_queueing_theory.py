"""A server's waiting times are those of queueing theory, within the run's own confidence interval.

Updates arrive as a Poisson process at the rate λ, one worker merges μ of mean size in a second; ρ =
λ / (k μ) with k workers. Waiting times follow each other closely, so the interval comes from the
means of batches that are long enough to be independent (Law 2015, Simulation Modeling and Analysis,
9.5.3), with Student's t. Formulas: Kleinrock (1975), Queueing Systems I.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
import simpy
from scipy.stats import t

from sim.consortium import Proxy
from sim.proxy import ProxyServer
from sim.streams import stream
from sim.trace import Trace

SERVICE_PER_S = 0.5  # μ: 20 bytes at 10 bytes/s
MEAN_BYTES = 20.0
NUM_BATCHES = 30
BATCH_JOBS = 2000
WARM_UP_JOBS = 2000
CONFIDENCE = 0.99

Sizes = Callable[[np.random.Generator, int], np.ndarray]


def constant(rng: np.random.Generator, num_jobs: int) -> np.ndarray:
    return np.full(num_jobs, MEAN_BYTES)


def exponential(rng: np.random.Generator, num_jobs: int) -> np.ndarray:
    return rng.exponential(MEAN_BYTES, num_jobs)


def uniform(rng: np.random.Generator, num_jobs: int) -> np.ndarray:
    return rng.uniform(0, 2 * MEAN_BYTES, num_jobs)


def small_or_large(rng: np.random.Generator, num_jobs: int) -> np.ndarray:
    """Nine of ten are of 10 bytes, one of ten of 110: the mean is 20."""
    return np.where(rng.random(num_jobs) < 0.9, 10.0, 110.0)


def waits_sim_s(sizes: Sizes, *, load: float, num_workers: int) -> tuple[np.ndarray, ProxyServer]:
    """Return the waiting time of each job after the warm-up, and the server."""
    env = simpy.Environment()
    proxy = Proxy(
        uplink_bytes_per_s=1.0,
        downlink_bytes_per_s=1.0,
        latency_sim_s=0.0,
        num_replicas=1,
        num_workers=num_workers,
        merge_bytes_per_s=MEAN_BYTES * SERVICE_PER_S,
    )
    server = ProxyServer(env, "proxy", proxy, trace=Trace(level="rounds"), efficiency=1.0)
    rng = stream(0, sizes.__name__, str(num_workers))
    num_jobs = WARM_UP_JOBS + NUM_BATCHES * BATCH_JOBS
    gaps_sim_s = rng.exponential(1 / (load * num_workers * SERVICE_PER_S), num_jobs)
    waits = np.empty(num_jobs)

    def arrive():
        jobs = zip(gaps_sim_s.tolist(), sizes(rng, num_jobs).tolist(), strict=True)
        for number, (gap_sim_s, num_bytes) in enumerate(jobs):
            yield env.timeout(gap_sim_s)
            waits[number] = server.merge(num_bytes).start_sim_s - env.now

    env.run(env.process(arrive()))
    return waits[WARM_UP_JOBS:], server


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the mean of batch means, and the half width of its confidence interval."""
    means = values.reshape(NUM_BATCHES, BATCH_JOBS).mean(axis=1)
    quantile = float(t.ppf((1 + CONFIDENCE) / 2, NUM_BATCHES - 1))
    return float(means.mean()), quantile * float(means.std(ddof=1)) / math.sqrt(NUM_BATCHES)


def erlang_c(num_workers: int, load: float) -> float:
    """Return the probability that an arrival must wait in M/M/k (Erlang 1917)."""
    offered = num_workers * load
    last = offered**num_workers / math.factorial(num_workers) / (1 - load)
    others = sum(offered**number / math.factorial(number) for number in range(num_workers))
    return last / (others + last)


def test_erlang_c_by_hand() -> None:
    # k = 2, a = 1: last = 1/2 / (1/2) = 1, others = 1 + 1, so 1/3; k = 1: the load itself
    assert erlang_c(2, 0.5) == pytest.approx(1 / 3)
    assert erlang_c(1, 0.7) == pytest.approx(0.7)


# Pollaczek & Khinchine: λ E[S²] / (2 (1 - ρ)). With ρ = 0.7: λ = 0.35, and E[S] = 2 s.
@pytest.mark.parametrize(
    ("sizes", "expected_sim_s"),
    [
        (exponential, 0.7 / (0.5 - 0.35)),  # M/M/1: ρ / (μ - λ) = 4.667
        (constant, 0.7 / (0.5 - 0.35) / 2),  # M/D/1: half of that
        (uniform, 0.35 * (16 / 3) / 0.6),  # E[S²] = 4² / 3 = 5.333
        (small_or_large, 0.35 * (0.9 * 1 + 0.1 * 121) / 0.6),  # E[S²] = 0.9 * 1² + 0.1 * 11² = 13
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_one_worker_waits_as_pollaczek_and_khinchine_say(
    sizes: Sizes, expected_sim_s: float
) -> None:
    waits, _ = waits_sim_s(sizes, load=0.7, num_workers=1)
    mean_sim_s, half_width_sim_s = interval(waits)
    assert abs(mean_sim_s - expected_sim_s) < half_width_sim_s
    assert half_width_sim_s < 0.2 * expected_sim_s, "an interval this wide would hold anything"


@pytest.mark.parametrize("num_workers", [2, 3, 8])
def test_several_workers_wait_as_erlang_says(num_workers: int) -> None:
    """M/M/k: the probability to wait, and C / (kμ - λ)."""
    load = 0.7
    waits, _ = waits_sim_s(exponential, load=load, num_workers=num_workers)
    probability = erlang_c(num_workers, load)
    expected_sim_s = probability / (num_workers * SERVICE_PER_S * (1 - load))
    for values, expected in ((waits, expected_sim_s), (waits > 0, probability)):
        mean, half_width = interval(values)
        assert abs(mean - expected) < half_width
        assert half_width < 0.2 * expected, "an interval this wide would hold anything"


def test_workers_are_busy_for_the_load() -> None:
    _, server = waits_sim_s(exponential, load=0.7, num_workers=2)
    # gaps and services are 62,000 draws each, with relative standard error 1 / sqrt(62000); 4 of it
    utilisation = server.busy_sim_s / (2 * server.env.now)
    assert utilisation == pytest.approx(0.7, rel=2 * 4 / math.sqrt(62000))
