"""Engine `private` trains as the loop does where its rule asks for nothing, and else as DP-SGD."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.example_rule import ExampleRule
from runners.learner.cohort import Job
from runners.learner.engine import private
from runners.learner.engine.loop import Loop
from runners.learner.engine.private import Private
from runners.learner.flat_model import FlatModel
from runners.optimizer import Optimizer, State
from tests.runners.learner.engine.cohorts import (
    ADAM,
    OPTIMIZERS,
    RATES,
    SGD,
    Cohort,
    CountingData,
    assert_close,
    check_company,
    cohorts,
    data,
    flat,
    in_float64,
    in_order,
)

NOTHING = ExampleRule(clipping_norm=math.inf, noise_multiplier=0.0, sampling="shuffled")
RULE = ExampleRule(clipping_norm=0.2, noise_multiplier=1.5, sampling="poisson")
ONE_STEP = Cohort(num_steps=(1,), starts=(0,), batch_size=4)


def dense() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.ReLU(), nn.Linear(4, 3))


def convolution() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))


BUILDS = {"dense": dense, "convolution": convolution}


def setting(build: str) -> tuple[FlatModel, CountingData]:
    torch.manual_seed(0)
    model = flat(BUILDS[build](), "cross_entropy")
    return model, data((1, 3, 3), "cross_entropy", num_classes=3)


def full(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs with everyone taking part, and a seed each."""
    return [
        replace(
            job,
            counts=np.full(job.num_steps, job.samples.shape[1]),
            expected_count=job.samples.shape[1],
            seed=number,
        )
        for number, job in enumerate(jobs)
    ]


@settings(max_examples=15, deadline=None)
@given(
    build=st.sampled_from(sorted(BUILDS)),
    cohort=cohorts(augmentations=("none", "shift")),
    optimizer=st.sampled_from(OPTIMIZERS),
)
def test_a_rule_that_asks_for_nothing_changes_nothing(
    build: str, cohort: Cohort, optimizer: Optimizer
) -> None:
    """FedProx's pull and SCAFFOLD's drift are there as well, and optimizers' states go on."""
    with in_float64():
        model, samples = setting(build)
        engine, loop = Private(model, samples, optimizer, NOTHING), Loop(model, samples, optimizer)
        states = [[State() for _ in cohort.num_steps] for _ in range(2)]
        for _ in range(2):
            mine = in_order(engine, full(cohort.jobs(model, states[0])))
            assert_close(mine, in_order(loop, cohort.jobs(model, states[1])), 1e-9)
        for one, other in zip(*states, strict=True):
            assert one.num_steps == other.num_steps
            assert_close(one.moments, other.moments, 1e-9)


def gradient(
    model: FlatModel, samples: CountingData, numbers: np.ndarray, weights: torch.Tensor
) -> torch.Tensor:
    """Return the sum of the examples' gradients, clipped as the rule has it."""
    model.at(weights)
    total = torch.zeros(model.num_parameters)
    for number in numbers:
        inputs, targets = samples.batch(np.array([number]))
        model.backward(inputs, targets, None)
        norm = float(model.gradient.norm())
        total += model.gradient * min(1, RULE.clipping_norm / norm)
    return total


def step_of(model: FlatModel, job: Job, samples: CountingData, rule: ExampleRule) -> torch.Tensor:
    """Return the gradient that a step of plain SGD has taken."""
    (end,), _ = in_order(Private(model, samples, SGD, rule), [job])
    return (job.start - end) / RATES[0]


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("count", [0, 1, 3, 4])
def test_a_step_is_the_clipped_sum_of_those_who_take_part_over_the_mean(
    build: str, count: int
) -> None:
    with in_float64():
        model, samples = setting(build)
        (job,) = ONE_STEP.jobs(model)
        job = replace(job, start=model.initial, counts=np.array([count]), expected_count=2)
        silent = step_of(model, job, samples, replace(RULE, noise_multiplier=0.0))
        wanted = gradient(model, samples, job.samples[0, :count], model.initial) / 2
        torch.testing.assert_close(silent, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("build", BUILDS)
def test_every_step_has_its_own_examples(build: str) -> None:
    """4, 0 and 2 take part, from where the steps before have come."""
    with in_float64():
        model, samples = setting(build)
        (job,) = Cohort(num_steps=(3,), starts=(0,), batch_size=4).jobs(model)
        counts = np.array([4, 0, 2])
        job = replace(job, start=model.initial, counts=counts, expected_count=3)
        rule = replace(RULE, noise_multiplier=0.0)
        (end,), _ = in_order(Private(model, samples, SGD, rule), [job])
        wanted = model.initial.clone()
        for step, count in enumerate(counts):
            numbers = job.samples[step, :count]
            wanted -= RATES[step] / 3 * gradient(model, samples, numbers, wanted.clone())
    torch.testing.assert_close(end, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("count", [0, 3])
def test_noise_has_the_stated_variance_in_every_step(build: str, count: int) -> None:
    """Whoever takes part, σ C / expected = 1.5 × 0.2 / 2 = 0.15 in a step, and a step has its own:
    two at rates 0.1 and 0.3 move weights by noise of 0.15 √(0.1² + 0.3²).
    """
    wide = 40_000
    torch.manual_seed(0)
    last = nn.Linear(1, wide)
    nn.init.zeros_(last.weight)
    layers = {
        "dense": [nn.Flatten(), nn.Linear(9, 1), last],
        "convolution": [nn.Conv2d(1, 1, 3), nn.Flatten(), last],
    }[build]
    model = flat(nn.Sequential(*layers), "cross_entropy")
    samples = data((1, 3, 3), "cross_entropy", num_classes=3)
    numbers = np.zeros((2, 4), dtype=np.int64)
    rule = replace(RULE, clipping_norm=0.2)
    for steps, moved in ((1, 0.1), (2, math.sqrt(0.1**2 + 0.3**2))):
        job = Job(
            start=model.initial,
            samples=numbers[:steps],
            counts=np.full(steps, count),
            expected_count=2,
            seed=7,
        )
        ends = [
            in_order(Private(model, samples, SGD, one), [job])[0][0]
            for one in (rule, replace(rule, noise_multiplier=0.0))
        ]
        noise = (ends[0] - ends[1])[-wide:].double()  # of the biases
        error = 4.5 / math.sqrt(2 * wide)
        assert float(noise.std()) == pytest.approx(0.15 * moved, rel=error + 0.002)
        assert abs(float(noise.mean())) < 4.5 * 0.15 * moved / math.sqrt(wide)


@pytest.mark.parametrize("build", BUILDS)
def test_jobs_have_noise_of_their_own_whoever_does_which(
    build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort = Cohort(num_steps=(3, 1, 4, 2), starts=(0, 0, 1, 2), batch_size=3)
    model, samples = setting(build)
    jobs = [replace(job, state=None) for job in full(cohort.jobs(model))]
    jobs[1] = replace(jobs[1], samples=jobs[1].samples[:, :1], counts=np.array([1]))
    jobs[2] = replace(jobs[2], counts=np.array([2, 0, 1, 3]))
    check_company(
        lambda: Private(model, samples, ADAM, RULE),
        jobs,
        lambda: monkeypatch.setattr(private, "CPU_BYTES", 4 * model.size * 4 * 2),
    )
    alone = in_order(Private(model, samples, ADAM, RULE), jobs[:1])
    other_seed = in_order(Private(model, samples, ADAM, RULE), [replace(jobs[0], seed=9)])
    assert not torch.allclose(other_seed[0], alone[0])


def test_losses_are_means_over_those_who_take_part() -> None:
    model, samples = setting("dense")
    (job,) = ONE_STEP.jobs(model)
    for count, some in ((3, 3), (1, 1)):
        one = replace(job, counts=np.array([count]), expected_count=2)
        _, losses = in_order(Private(model, samples, SGD, RULE), [one])
        alone = replace(job, samples=job.samples[:, :some])
        _, wanted = in_order(Loop(model, samples, SGD), [alone])
        torch.testing.assert_close(losses, wanted)
    nobody = replace(job, counts=np.array([0]), expected_count=2)
    assert in_order(Private(model, samples, SGD, RULE), [nobody])[1].tolist() == [[0.0, 0.0]]


def test_updates_add_up_to_what_the_jobs_do() -> None:
    model, samples = setting("dense")
    cohort = Cohort(num_steps=(2, 3), starts=(0, 1))
    engine = Private(model, samples, SGD, RULE)
    jobs = full(cohort.jobs(model))
    total = torch.zeros(model.size, dtype=torch.float64)
    summary = engine.add_updates(jobs, RATES, lambda numbers, norms: torch.ones(2), total)
    ends, losses = in_order(engine, jobs)
    updates = torch.stack([end - job.start for end, job in zip(ends, jobs, strict=True)])
    torch.testing.assert_close(total.float(), updates.sum(dim=0), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(summary.losses, losses)
    torch.testing.assert_close(summary.norms, updates.norm(dim=1))


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")  # by Opacus's own hooks
@pytest.mark.parametrize("build", BUILDS)
def test_opacus_has_the_same_clipped_sum(build: str) -> None:
    opacus = pytest.importorskip("opacus")
    from opacus.optimizers import DPOptimizer

    model, samples = setting(build)
    cohort = Cohort(num_steps=(1,), starts=(0,), batch_size=20)
    (job,) = full(cohort.jobs(model))
    job = replace(job, start=model.initial)
    mine = step_of(model, job, samples, replace(RULE, noise_multiplier=0.0))
    torch.manual_seed(0)
    hooked = opacus.GradSampleModule(BUILDS[build]())
    optimizer = DPOptimizer(
        torch.optim.SGD(hooked.parameters(), lr=0.1),
        noise_multiplier=0.0,
        max_grad_norm=RULE.clipping_norm,
        expected_batch_size=20,
    )
    inputs, targets = samples.batch(job.samples)
    nn.functional.cross_entropy(hooked(inputs.float()), targets).backward()
    optimizer.clip_and_accumulate()
    wanted = torch.cat([one.summed_grad.flatten() for one in hooked.parameters()]) / 20
    assert (mine - wanted).norm() <= 1e-5 * wanted.norm()


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.Dropout(0.5)])
def test_what_mixes_samples_is_refused(layer: nn.Module) -> None:
    model = flat(nn.Sequential(nn.Flatten(), nn.Linear(9, 4), layer), "cross_entropy")
    with pytest.raises(ValueError, match="batch norm or dropout"):
        Private(model, data((3, 3), "cross_entropy", num_classes=3), SGD, RULE)
