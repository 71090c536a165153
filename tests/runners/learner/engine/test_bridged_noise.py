"""Noise that is drawn for blocks of steps is that of noise drawn in each step."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from runners.example_rule import ExampleRule
from runners.learner.cohort import Job
from runners.learner.engine import job_noise, private
from runners.learner.engine.bridged_noise import BridgedNoise, block_steps, bridge
from runners.learner.engine.dense import Layer
from runners.learner.engine.private import Private
from runners.learner.flat_model import FlatModel
from runners.learner.noise import NoiseMaker
from tests.runners.learner.engine.cohorts import (
    CPU,
    RATES,
    SGD,
    Cohort,
    CountingData,
    check_company,
    data,
    flat,
    in_float64,
    in_order,
)

RULE = ExampleRule(clipping_norm=0.2, noise_multiplier=1.5, sampling="poisson")
BLOCK = 3


def bridge_over(monkeypatch: pytest.MonkeyPatch, num_steps: Callable[[int], int]) -> None:
    """Bridge all noise over so many steps, by the batch size, also where that is slower."""
    for module in ("job_noise", "bridged_noise"):
        path = f"runners.learner.engine.{module}.block_steps"
        monkeypatch.setattr(path, lambda layer, steps, batch_size: num_steps(batch_size))


@pytest.fixture
def in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    bridge_over(monkeypatch, lambda batch_size: BLOCK)


def setting() -> tuple[FlatModel, CountingData]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 3))
    return flat(module, "cross_entropy"), data((1, 3, 3), "cross_entropy", num_classes=3)


def large() -> tuple[FlatModel, CountingData]:
    """Return a model whose noise is bridged unasked."""
    module = nn.Sequential(nn.Flatten(), nn.Linear(81, 2000))
    return flat(module, "cross_entropy"), data((1, 9, 9), "cross_entropy", num_classes=3)


def ragged(model: FlatModel, augmentation: str = "none") -> list[Job]:
    """Return jobs of different lengths, starts, and counts of who takes part."""
    cohort = Cohort(num_steps=(5, 7, 1), starts=(0, 1, 1), batch_size=4, augmentation=augmentation)
    counts = ([4, 2, 3, 0, 1], [1, 4, 0, 3, 3, 0, 2], [3])
    return [
        replace(job, counts=np.array(its), expected_count=number + 2, seed=number, state=None)
        for number, (job, its) in enumerate(zip(cohort.jobs(model), counts, strict=True))
    ]


def path(job: Job, samples: CountingData, model: FlatModel) -> Iterator[torch.Tensor]:
    """Yield the noise that each step adds to the weights, such that N_s is t N and the smallest
    matrix with which the step's rows see what they see of the bridge.
    """
    stream = NoiseMaker(CPU).stream(job.seed)
    deviation = RULE.deviation(1 / job.expected_count)
    for first in range(0, job.num_steps, BLOCK):
        steps = range(first, min(first + BLOCK, job.num_steps))
        squares = np.square(RATES)[steps.start : steps.stop]
        times = np.cumsum(squares) / squares.sum()
        spread = deviation * math.sqrt(squares.sum())
        whole = torch.zeros(4, 9)
        stream.add_to(whole.view(-1), spread)
        inputs = [taking_part(job, step, samples)[0].flatten(1) for step in steps]
        rows = torch.cat(inputs[1:]) if len(inputs) > 1 else torch.zeros(0, 9)
        normal = torch.zeros(len(rows), 4)
        if len(rows):
            stream.add_to(normal.view(-1), spread)
        spent = np.repeat(times[:-1], [len(one) for one in inputs[1:]])
        seen = bridge(rows, torch.from_numpy(spent), normal) if len(rows) else normal
        sums = [torch.zeros(4, 9)]
        parts = seen.split([len(one) for one in inputs[1:]])
        for time, one, part in zip(times, inputs[1:], parts, strict=False):
            sums.append(time * whole + torch.linalg.lstsq(one, part).solution.T)
        sums.append(whole)
        for step, before, after in zip(steps, sums, sums[1:], strict=False):
            noise = torch.zeros(model.size)
            noise[:36] = (after - before).flatten()
            stream.add_to(noise[36:], -RATES[step] * deviation)
            yield noise


def taking_part(job: Job, step: int, samples: CountingData) -> tuple[torch.Tensor, torch.Tensor]:
    some = slice(int(job.counts[step]))
    drawn = None if job.draws is None else job.draws[step, some]
    return samples.batch(job.samples[step, some], drawn)


def plain_loop(job: Job, samples: CountingData, model: FlatModel) -> tuple[torch.Tensor, float]:
    """Return weights and the mean loss of DP-SGD with that noise, example by example."""
    weights, mean_losses = job.start.clone(), []
    for step, noise in enumerate(path(job, samples, model)):
        total, losses = torch.zeros(model.size), []
        model.at(weights)
        for one, target in zip(*taking_part(job, step, samples), strict=True):
            losses.append(float(model.backward(one[None], target[None], None)))
            total += model.gradient * min(1, RULE.clipping_norm / float(model.gradient.norm()))
        mean_losses.append(sum(losses) / max(1, len(losses)))
        weights = weights - RATES[step] / job.expected_count * total + noise
    return weights, float(np.mean(mean_losses))


@pytest.mark.parametrize("augmentation", ["none", "flip"])
def test_steps_with_noise_of_their_own_end_the_same(in_blocks: None, augmentation: str) -> None:
    """The bridge is a path of noise: a loop that adds its differences step by step sees the same
    losses and ends at the same weights.
    """
    with in_float64():
        model, samples = setting()
        jobs = ragged(model, augmentation)
        ends, losses = in_order(Private(model, samples, SGD, RULE), jobs)
        for job, end, loss in zip(jobs, ends, losses, strict=True):
            wanted, mean_loss = plain_loop(job, samples, model)
            torch.testing.assert_close(end, wanted, rtol=1e-5, atol=1e-5)
            assert float(loss[0]) == pytest.approx(mean_loss, rel=1e-5)


def test_what_steps_see_and_the_sum_have_the_stated_covariance(in_blocks: None) -> None:
    """Units are independent, so a layer of 40,000 is as many draws of a unit's three weights N and
    of the outputs that five rows see of it. Rates of 0.1, 0.3, 0.2 end their steps at 1/14, 10/14
    and 14/14 of the time 0.14, times a deviation of 1.5: N has the variance 0.315, and
    rows i and j have x_i · x_j min(t_i, t_j) of it together, a row and N x_i t_i.
    """
    units, deviation = 40_000, 1.5
    layer = Layer(
        num_inputs=3,
        num_outputs=units,
        weight=slice(0, 3 * units),
        bias=slice(3 * units, 4 * units),
        has_relu=False,
    )
    samples = data((3,), "cross_entropy", num_classes=2)
    numbers = np.arange(6).reshape(3, 2)
    job = Job(
        start=torch.zeros(4 * units),
        samples=numbers,
        counts=np.array([2, 2, 1]),
        expected_count=2,
    )
    noise = BridgedNoise(layer, samples, job, RATES, NoiseMaker(CPU).stream(5), deviation)
    row, seen = torch.zeros(4 * units), []
    for step, count in enumerate(job.counts):
        inputs, _ = samples.batch(numbers[step, :count])
        weights = row[: 3 * units].view(units, 3)
        seen.append(weights @ inputs.float().T + noise.offsets(step)[:count].T)
        noise.add_to(row, step, -RATES[step])
    assert not seen[0].any()
    found = torch.cat([row[: 3 * units].view(units, 3), *seen[1:]], dim=1).double()
    rows = torch.cat([samples.batch(numbers[1])[0], samples.batch(numbers[2, :1])[0]])
    directions = torch.cat([torch.eye(3), rows.float()]).double()
    times = torch.tensor([1, 1, 1, 1 / 14, 1 / 14, 10 / 14], dtype=torch.float64)
    wanted = 0.315 * directions @ directions.T * torch.minimum(times[:, None], times)
    spreads = wanted.diagonal().sqrt()
    errors = (found.T @ found / units - wanted) / torch.outer(spreads, spreads)
    assert float(errors.abs().max()) < 4.5 * math.sqrt(2 / units)
    biases = row[3 * units :].double()
    variance = deviation**2 * (0.1**2 + 0.3**2 + 0.2**2)
    assert float(biases.var()) == pytest.approx(variance, rel=4.5 * math.sqrt(2 / units))
    assert float((biases @ found / units / spreads).abs().max()) < 4.5 * math.sqrt(0.315 / units)


def test_updates_have_the_stated_variance() -> None:
    """σ C / expected = 1.5 × 0.2 / 2 = 0.15 in a step; rates of 0.1, 0.3, 0.2 and 0.05 move every
    weight by noise of 0.15 √0.1425.
    """
    model, samples = large()
    job = Job(
        start=model.initial,
        samples=np.zeros((4, 2), dtype=np.int64),
        counts=np.array([2, 1, 2, 0]),
        expected_count=2,
        seed=7,
    )
    engines = [
        Private(model, samples, SGD, one) for one in (RULE, replace(RULE, noise_multiplier=0.0))
    ]
    assert [engine.way(job) for engine in engines] == [
        "factors, noise bridged over 4 steps",
        "factors",
    ]
    ends = [in_order(engine, [job])[0][0].double() for engine in engines]
    for noise in (ends[0] - ends[1]).split(162_000):  # weights, biases
        error = 4.5 / math.sqrt(2 * len(noise)) + 0.002
        assert float(noise.std()) == pytest.approx(0.15 * math.sqrt(0.1425), rel=error)


def test_jobs_end_as_they_do_with_noise_drawn_in_each_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2,000 jobs of equal samples and two losses each: means and mean squares of their weights and
    losses, and of a loss times each weight, are those of 2,000 jobs of other seeds.
    """
    model, samples = setting()
    rule = replace(RULE, clipping_norm=1.0, noise_multiplier=6.0)
    numbers = np.arange(12).reshape(4, 3) % 10
    found = []
    for steps, first_seed in ((4, 0), (1, 10_000)):
        bridge_over(monkeypatch, lambda batch_size, steps=steps: steps)
        jobs = [
            Job(
                start=model.initial,
                samples=numbers,
                counts=np.full(4, 3),
                expected_count=3,
                seed=first_seed + number,
            )
            for number in range(2000)
        ]
        ends, losses = in_order(Private(model, samples, SGD, rule), jobs)
        features = torch.cat([ends, losses], dim=1).double()
        found.append(torch.cat([features, features**2, ends * losses[:, :1]], dim=1))
    bridged, stepped = found
    errors = torch.sqrt((bridged.var(dim=0) + stepped.var(dim=0)) / 2000)
    scores = (bridged.mean(dim=0) - stepped.mean(dim=0)) / errors
    assert float(scores.abs().max()) < 4.5


def test_who_does_which_jobs_changes_nothing(
    in_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, samples = setting()
    jobs = ragged(model)
    jobs[0] = replace(jobs[0], samples=jobs[0].samples[:, :3], counts=np.array([3, 2, 3, 0, 1]))
    check_company(
        lambda: Private(model, samples, SGD, RULE),
        jobs,
        lambda: monkeypatch.setattr(private, "CPU_BYTES", 4 * model.size * 2 * 2),
    )


def test_jobs_whose_noise_is_bridged_go_with_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that expect two examples are bridged, the others not."""
    model, samples = setting()
    bridge_over(monkeypatch, lambda batch_size: BLOCK if batch_size == 2 else 1)
    jobs, engine = ragged(model), Private(model, samples, SGD, RULE)
    ends, losses = in_order(engine, jobs)
    for number, job in enumerate(jobs):
        end, loss = in_order(engine, [job])
        torch.testing.assert_close(ends[number], end[0], rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(losses[number], loss[0], rtol=1e-5, atol=1e-6)


def test_equal_rows_see_the_same() -> None:
    """At the same time, whatever else is there; and rows of zeros nothing."""
    rng = torch.Generator().manual_seed(3)
    one, other = torch.randn(2, 5, generator=rng)
    rows = torch.stack([one, one, other, torch.zeros(5), one, 2 * one])
    times = torch.tensor([0.2, 0.2, 0.2, 0.2, 0.6, 0.2], dtype=torch.float64)
    seen = bridge(rows, times, torch.randn(6, 1000, generator=rng))
    torch.testing.assert_close(seen[1], seen[0], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(seen[5], 2 * seen[0], rtol=1e-3, atol=1e-3)
    assert not seen[3].any()
    assert (seen[4] - seen[0]).norm() > 0.1 * seen[0].norm()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_row_that_is_not_finite_changes_nothing_for_others(bad: float) -> None:
    rng = torch.Generator().manual_seed(3)
    rows, normal = torch.randn(4, 5, generator=rng), torch.randn(4, 6, generator=rng)
    times = torch.tensor([0.1, 0.3, 0.3, 0.7], dtype=torch.float64)
    silent, spoiled = rows.clone(), rows.clone()
    silent[1], spoiled[1, 2] = 0, bad
    found = bridge(spoiled, times, normal)
    torch.testing.assert_close(found, bridge(silent, times, normal))


def test_steps_at_a_rate_of_zero_add_nothing(in_blocks: None) -> None:
    model, samples = setting()
    (job, *_) = ragged(model)
    engine = Private(model, samples, SGD, RULE)
    (still,) = engine.train([job], [0.0] * 5)
    torch.testing.assert_close(still.ends[0], job.start)
    (late,) = engine.train([job], [0.0, 0.0, 0.0, 0.1, 0.0])
    assert late.ends.isfinite().all() and late.losses.isfinite().all()
    assert (late.ends[0] != job.start).all()


LAYER = Layer(
    num_inputs=784, num_outputs=200, weight=slice(156_800), bias=slice(157_000), has_relu=True
)


@pytest.mark.parametrize(
    ("num_steps", "batch_size", "wanted"),
    [
        # D = 156,800 × 2.7 + 10⁵ ns = 523 µs, P = 10² × 984 × 0.04 ns = 3.9 µs: m = 11.5, and 40
        # steps are four blocks of 10, 13 two of 7
        (40, 10, 10),
        (13, 10, 7),
        (6, 10, 6),
        (1, 10, 1),
        (40, 256, 1),  # m = 0.45
    ],
)
def test_blocks_are_as_long_as_costs_say(num_steps: int, batch_size: int, wanted: int) -> None:
    assert block_steps(LAYER, num_steps, batch_size) == wanted


def test_small_layers_are_not_worth_a_block() -> None:
    assert block_steps(replace(LAYER, num_outputs=10), 40, 10) == 1


def bridged_steps(change: dict[str, object], optimizer: dict[str, object]) -> int:
    model, samples = large()
    (job,) = Cohort(num_steps=(4,), starts=(0,)).jobs(model)
    job = replace(job, counts=np.full(4, 2), expected_count=2, **change)
    noises = job_noise.JobNoises(model, samples, replace(SGD, **optimizer), RULE)
    return noises.block_steps(job)


def test_only_plain_steps_are_bridged() -> None:
    assert bridged_steps({}, {}) == 4
    assert bridged_steps({"proximal_weight": 0.1}, {}) == 1
    assert bridged_steps({"drift": torch.zeros(164_000)}, {}) == 1
    changes: Sequence[dict[str, object]] = ({"momentum": 0.9}, {"weight_decay": 0.1}, {"l1": 0.1})
    assert [bridged_steps({}, change) for change in changes] == [1, 1, 1]
