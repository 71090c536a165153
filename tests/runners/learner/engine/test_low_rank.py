"""Engine `low_rank` trains as the loop does, to 1e-9 in float64 and to 1e-6 in float32, and knows
the updates' norms before they are summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.data import Samples
from runners.learner.cohort import Engine, Job, Summary
from runners.learner.engine import low_rank
from runners.learner.engine.combination import combine
from runners.learner.engine.dense import dense_layers
from runners.learner.engine.loop import Loop
from runners.learner.engine.low_rank import LowRank
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.optimizer import State
from runners.optimizer.adam import Adam
from runners.optimizer.sgd import Sgd

CPU = torch.device("cpu")
NUM_SAMPLES = 40
RATES = [0.3, 0.2, 0.25, 0.1, 0.3, 0.2, 0.1]


PLAIN = Sgd(learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A dense network, who trains it how long, and how."""

    units: tuple[int, ...] = (5, 4, 3)
    loss: str = "cross_entropy"
    num_steps: tuple[int, ...] = (3, 3, 3)
    batch_size: int = 2
    starts: tuple[int, ...] = (0, 0, 0)
    proximal_weights: tuple[float, ...] = (0.0, 0.0, 0.0)
    optimizer: Sgd = PLAIN
    ends_in_relu: bool = False

    def engines(self, dtype: torch.dtype) -> tuple[LowRank, Loop, FlatModel]:
        """Return the engine, the loop, and the model of both."""
        torch.manual_seed(0)
        children: list[nn.Module] = [nn.Flatten()]
        for ins, outs in zip(self.units, self.units[1:], strict=False):
            children += [nn.Linear(ins, outs, dtype=dtype), nn.ReLU()]
        module = nn.Sequential(*(children if self.ends_in_relu else children[:-1]))
        model = FlatModel(module, self.loss, CPU, tail=0)
        dense, data = dense_layers(model), self.data(dtype)
        assert dense is not None
        return LowRank(dense, data, self.optimizer), Loop(model, data, self.optimizer), model

    def data(self, dtype: torch.dtype) -> RankData:
        """Return random samples with targets that fit the loss."""
        rng = np.random.default_rng(1)
        inputs = rng.standard_normal((NUM_SAMPLES, self.units[0]))
        inputs = inputs.astype(torch.zeros((), dtype=dtype).numpy().dtype)
        targets = rng.integers(0, self.units[-1], NUM_SAMPLES)
        if self.loss == "binary_cross_entropy":
            targets = rng.integers(0, 2, NUM_SAMPLES)
        if self.loss == "squared_error":
            targets = inputs
        samples = Samples(train=inputs, test=inputs, train_targets=targets, test_targets=targets)
        return RankData(samples, CPU)

    def jobs(self, model: FlatModel) -> list[Job]:
        """Return new jobs; equal numbers in `starts` are one start."""
        rng = np.random.default_rng(2)
        generator = torch.Generator().manual_seed(3)
        noises = [
            0.1 * torch.randn(model.size, generator=generator, dtype=model.initial.dtype)
            for _ in range(max(self.starts) + 1)
        ]
        starts = [model.initial + noise for noise in noises]
        return [
            Job(
                start=starts[start],
                samples=rng.integers(0, NUM_SAMPLES, (num_steps, self.batch_size)),
                state=State(),
                proximal_weight=weight,
            )
            for num_steps, start, weight in zip(
                self.num_steps, self.starts, self.proximal_weights, strict=True
            )
        ]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw any mixture of layers, losses, steps, starts and optimizers."""
    loss = draw(st.sampled_from(["cross_entropy", "binary_cross_entropy", "squared_error"]))
    units = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    outputs = {"cross_entropy": 3, "binary_cross_entropy": 1, "squared_error": units[0]}[loss]
    num_jobs = draw(st.integers(1, 6))
    momentum = draw(st.sampled_from([0.0, 0.9]))

    def each(values: st.SearchStrategy) -> tuple:
        return tuple(draw(st.lists(values, min_size=num_jobs, max_size=num_jobs)))

    return Case(
        units=(*units, outputs),
        loss=loss,
        num_steps=each(st.integers(1, len(RATES))),
        batch_size=draw(st.integers(1, 4)),
        starts=each(st.integers(0, 1)),
        proximal_weights=each(st.sampled_from([0.0, 0.5])),
        optimizer=replace(
            PLAIN,
            momentum=momentum,
            nesterov=draw(st.booleans()) and momentum > 0,
            weight_decay=draw(st.sampled_from([0.0, 0.1])),
        ),
        ends_in_relu=draw(st.booleans()) and loss == "squared_error",
    )


def clip(norms: torch.Tensor) -> torch.Tensor:
    """Return what brings norms down to 0.05, times 0.5."""
    return 0.5 * (0.05 / norms).clamp(max=1.0)


def summed(engine: Engine, jobs: Sequence[Job], model: FlatModel) -> tuple[torch.Tensor, Summary]:
    """Return the sum of clipped updates, and what is said of them."""
    total = torch.zeros(model.size, dtype=torch.float64)
    return total, engine.add_updates(jobs, RATES, lambda numbers, norms: clip(norms), total)


def rows(engine: Engine, jobs: Sequence[Job]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each job's weights and loss, in the jobs' order."""
    ends: dict[int, torch.Tensor] = {}
    losses: dict[int, torch.Tensor] = {}
    for piece in engine.train(jobs, RATES):
        for number, end, loss in zip(piece.numbers, piece.ends, piece.losses, strict=True):
            assert number not in ends
            ends[number], losses[number] = end.clone(), loss.clone()
    numbers = range(len(jobs))
    return torch.stack([ends[n] for n in numbers]), torch.stack([losses[n] for n in numbers])


def assert_same_in_float64(case: Case) -> None:
    """Compare where rounding can't hide a mistake."""
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(case, torch.float64, 1e-9)
    finally:
        torch.set_default_dtype(torch.float32)


def assert_same(case: Case, dtype: torch.dtype, tolerance: float) -> None:
    """Compare sums, norms, losses, rows and what optimizers go on with to the loop's."""
    engine, loop, model = case.engines(dtype)
    close = {"rtol": 0.0, "atol": tolerance}
    total, summary = summed(engine, case.jobs(model), model)
    plain_total, plain = summed(loop, case.jobs(model), model)
    torch.testing.assert_close(total, plain_total, **close)
    torch.testing.assert_close(summary.norms, plain.norms, **close)
    torch.testing.assert_close(summary.losses, plain.losses, **close)
    jobs, plain_jobs = case.jobs(model), case.jobs(model)
    ends, losses = rows(engine, jobs)
    plain_ends, plain_losses = rows(loop, plain_jobs)
    torch.testing.assert_close(ends, plain_ends, **close)
    torch.testing.assert_close(losses, plain_losses, **close)
    for job, plain_job in zip(jobs, plain_jobs, strict=True):
        assert job.state.num_steps == plain_job.state.num_steps
        torch.testing.assert_close(job.state.moments, plain_job.state.moments, **close)


@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_it_trains_as_the_loop_does(case: Case) -> None:
    assert_same_in_float64(case)


def test_float32_is_as_near_as_rounding_lets_it_be() -> None:
    case = Case(
        units=(30, 20, 10),
        num_steps=(6,) * 8,
        batch_size=3,
        starts=(0,) * 8,
        proximal_weights=(0.1,) * 8,
        optimizer=replace(PLAIN, momentum=0.5, weight_decay=0.01),
    )
    assert_same(case, torch.float32, 1e-6)


def test_one_step_of_one_weight_by_hand() -> None:
    # Loss (w x + b − x)², with x = 2, w = 0.5, b = 1: z = 2, dz = 2 (2 − 2) = 0 at first; with
    # b = 2 instead z = 3, dz = 2 (3 − 2) = 2, so dw = 2 · 2 = 4 and db = 2. Rate 0.1: the update
    # is (−0.4, −0.2), its norm √0.2, and half of it is added.
    model = FlatModel(nn.Sequential(nn.Linear(1, 1)), "squared_error", CPU, tail=0)
    two = np.array([[2.0]], dtype=np.float32)
    data = RankData(Samples(train=two, test=two, train_targets=two, test_targets=two), CPU)
    dense = dense_layers(model)
    assert dense is not None
    job = Job(start=torch.tensor([0.5, 2.0]), samples=np.zeros((1, 1), np.int64), state=State())
    total = torch.zeros(2, dtype=torch.float64)
    seen: list[torch.Tensor] = []

    def half(numbers: Sequence[int], norms: torch.Tensor) -> torch.Tensor:
        seen.append(norms)
        return torch.full_like(norms, 0.5)

    summary = LowRank(dense, data, PLAIN).add_updates([job], [0.1], half, total)
    torch.testing.assert_close(total, torch.tensor([-0.2, -0.1], dtype=torch.float64))
    torch.testing.assert_close(summary.norms, torch.tensor([0.2**0.5]))
    torch.testing.assert_close(seen[0], summary.norms)
    torch.testing.assert_close(summary.losses, torch.tensor([[1.0, 1.0]]))


def test_chunks_of_one_job_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_rank, "CHUNK_BYTES", 1)
    assert_same_in_float64(Case(num_steps=(2, 5, 3)))


def test_memory_is_that_of_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    # A job of 2 steps of 2 has 4 rows of 5 + 4 + 4 + 3 = 16 numbers: 256 bytes.
    monkeypatch.setattr(low_rank, "CHUNK_BYTES", 3 * 256)
    case = Case(num_steps=(2,) * 7, starts=(0,) * 7, proximal_weights=(0.0,) * 7)
    engine, _, model = case.engines(torch.float32)
    asked: list[int] = []

    def ones(numbers: Sequence[int], norms: torch.Tensor) -> torch.Tensor:
        asked.append(len(numbers))
        return torch.ones_like(norms)

    engine.add_updates(case.jobs(model), RATES, ones, torch.zeros(model.size).double())
    assert asked == [3, 3, 1]


def test_all_tensors_are_on_the_device_of_the_data() -> None:
    # `meta` has shapes and no numbers; mixing it with the CPU raises, as mixing in a GPU would.
    meta = torch.device("meta")
    model = FlatModel(nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3)), "cross_entropy", meta, 0)
    zeros, labels = np.zeros((4, 5), np.float32), np.zeros(4, np.int64)
    samples = Samples(train=zeros, test=zeros, train_targets=labels, test_targets=labels)
    optimizer = replace(PLAIN, momentum=0.5, weight_decay=0.1)
    dense = dense_layers(model)
    assert dense is not None
    engine = LowRank(dense, RankData(samples, meta), optimizer)
    jobs = [
        Job(start=model.initial, samples=np.zeros((2, 3), np.int64), state=State())
        for _ in range(2)
    ]
    total = torch.zeros(model.size, dtype=torch.float64, device=meta)
    summary = engine.add_updates(jobs, RATES, lambda numbers, norms: clip(norms), total)
    (piece,) = engine.train(jobs, RATES)
    assert summary.norms.device == piece.ends.device == piece.losses.device == meta
    assert piece.ends.shape == (2, model.size)


def test_plain_sgd_adds_each_gradient_at_its_rate() -> None:
    combination = combine(PLAIN, [0.5, 0.25], 2, 0.0)
    assert combination.weights.tolist() == [[1, 0, 0], [1, -0.5, 0], [1, -0.5, -0.25]]
    assert combination.velocity is None and combination.keeps_start


def test_momentum_and_decay_by_hand() -> None:
    # μ = 0.5, λ = 0.25, rate 1. Step 1: g = g0 + w0 / 4 = v, w1 = 3/4 w0 − g0.
    # Step 2: g = g1 + w1 / 4 = 3/16 w0 − g0 / 4 + g1; v = v / 2 + g = 5/16 w0 + g0 / 4 + g1;
    # w2 = w1 − v = 7/16 w0 − 5/4 g0 − g1.
    combination = combine(replace(PLAIN, momentum=0.5, weight_decay=0.25), [1.0, 1.0], 2, 0.0)
    assert combination.velocity is not None and not combination.keeps_start
    assert combination.weights.tolist() == [[1, 0, 0], [0.75, -1, 0], [0.4375, -1.25, -1]]
    assert combination.velocity.tolist() == [[0, 0, 0], [0.25, 1, 0], [0.3125, 0.25, 1]]


def test_what_it_can_do() -> None:
    case = Case()
    engine, _, model = case.engines(torch.float32)
    jobs = case.jobs(model)
    assert engine.can_do(jobs)
    drifting = Job(
        start=model.initial,
        samples=jobs[0].samples,
        state=State(),
        drift=torch.zeros(model.num_parameters),
    )
    going_on = Job(
        start=model.initial,
        samples=jobs[0].samples,
        state=State(num_steps=1, moments=[torch.zeros(1, model.size)]),
    )
    assert not engine.can_do([*jobs, drifting])
    assert not engine.can_do([*jobs, going_on])


@pytest.mark.parametrize(
    "optimizer",
    [
        replace(PLAIN, l1=0.1),
        Adam(learning_rate=0.1, beta_1=0.9, beta_2=0.99, epsilon=1e-8, weight_decay=0.0, l1=0.0),
    ],
)
def test_optimizers_that_are_not_linear_are_not_for_it(optimizer: Sgd | Adam) -> None:
    case = Case()
    _, _, model = case.engines(torch.float32)
    dense = dense_layers(model)
    assert dense is not None
    assert not LowRank(dense, case.data(torch.float32), optimizer).can_do(case.jobs(model))


def test_augmented_images_are_those_of_the_loop() -> None:
    rng = np.random.default_rng(0)
    images = rng.standard_normal((10, 1, 4, 4)).astype(np.float32)
    labels = rng.integers(0, 3, 10)
    samples = Samples(train=images, test=images, train_targets=labels, test_targets=labels)
    data = RankData(samples, CPU)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.ReLU(), nn.Linear(6, 3))
    model = FlatModel(module, "cross_entropy", CPU, tail=0)
    dense = dense_layers(model)
    assert dense is not None
    jobs = [
        Job(
            start=model.initial,
            samples=rng.integers(0, 10, (steps, 2)),
            draws=rng.integers(0, 2, (steps, 2, 3)),
            state=State(),
        )
        for steps in (2, 3)
    ]
    start = model.initial.clone()
    ends, _ = rows(LowRank(dense, data, PLAIN), jobs)
    plain, _ = rows(Loop(model, data, PLAIN), jobs)
    torch.testing.assert_close(ends, plain, rtol=0.0, atol=1e-6)
    assert torch.equal(model.initial, start) and not torch.equal(ends[0], start)
