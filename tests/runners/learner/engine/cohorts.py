"""Cohorts that tests train by an engine and by the loop, job by job the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from hypothesis import strategies as st
from torch import nn

from runners.data import Samples
from runners.learner.augmentation import draw as draw_augmentation
from runners.learner.cohort import Engine, Job
from runners.learner.engine.loop import Loop
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.optimizer import State
from runners.optimizer.adam import Adam
from runners.optimizer.adamw import AdamW
from runners.optimizer.sgd import Sgd

CPU = torch.device("cpu")
NUM_SAMPLES = 30
RATES = (0.1, 0.3, 0.2, 0.05, 0.1, 0.2, 0.1, 0.15, 0.1, 0.2, 0.1, 0.1)
SGD = Sgd(learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)
ADAM = Adam(learning_rate=0.1, beta_1=0.9, beta_2=0.99, epsilon=0.01, weight_decay=0.0, l1=0.0)
ADAMW = AdamW(learning_rate=0.1, beta_1=0.8, beta_2=0.9, epsilon=0.01, weight_decay=0.1)
OPTIMIZERS = (
    SGD,
    replace(SGD, weight_decay=0.2),
    replace(SGD, l1=0.01),
    replace(SGD, momentum=0.9),
    replace(SGD, momentum=0.5, nesterov=True, weight_decay=0.1, l1=0.02),
    ADAM,
    replace(ADAM, weight_decay=0.1, l1=0.01),
    ADAMW,
)


class CountingData(RankData):
    """Count the samples that engines ask for."""

    num_asked = 0

    def batch(
        self, numbers: np.ndarray, draws: np.ndarray | None = None, *, is_passing: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return them."""
        self.num_asked += numbers.size
        return super().batch(numbers, draws, is_passing=is_passing)


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Say what jobs there are: a number of steps and of the start for each."""

    num_steps: tuple[int, ...] = (3, 1, 4)
    starts: tuple[int, ...] = (0, 0, 0)
    batch_size: int = 2
    proximal_weight: float = 0.0
    has_drift: bool = False
    augmentation: str = "none"

    def jobs(self, model: FlatModel, states: Sequence[State] | None = None) -> list[Job]:
        """Return the jobs, the same at each call, with `states` or new ones."""
        rng = np.random.default_rng(5)
        distinct = [model.initial + _normal(rng, model.size) / 10 for _ in range(3)]
        shapes = [(steps, self.batch_size) for steps in self.num_steps]
        return [
            Job(
                start=distinct[start],
                samples=rng.integers(0, NUM_SAMPLES, shape),
                state=states[number] if states else State(),
                draws=draw_augmentation(self.augmentation, shape, rng),
                proximal_weight=self.proximal_weight,
                drift=_normal(rng, model.num_parameters) / 10 if self.has_drift else None,
            )
            for number, (shape, start) in enumerate(zip(shapes, self.starts, strict=True))
        ]


@st.composite
def cohorts(draw: st.DrawFn, augmentations: tuple[str, ...] = ("none",)) -> Cohort:
    """Draw jobs of 1 to 12 steps, from up to three starts."""
    num_steps = draw(st.lists(st.integers(1, len(RATES)), min_size=1, max_size=7))
    starts = st.lists(st.integers(0, 2), min_size=len(num_steps), max_size=len(num_steps))
    return Cohort(
        num_steps=tuple(num_steps),
        starts=tuple(draw(starts)),
        batch_size=draw(st.integers(1, 4)),
        proximal_weight=draw(st.sampled_from([0.0, 0.3])),
        has_drift=draw(st.booleans()),
        augmentation=draw(st.sampled_from(augmentations)),
    )


@contextmanager
def in_float64() -> Iterator[None]:
    """Make new tensors float64, in which rounding hides no mistake."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def flat(module: nn.Module, loss: str) -> FlatModel:
    """Return a module as a flat model of the dtype that is the default now."""
    return FlatModel(module, loss, CPU, tail=0)


def data(inputs: tuple[int, ...], loss: str, num_classes: int, vocabulary: int = 0) -> CountingData:
    """Return random samples, tokens where there is a vocabulary, and targets for the loss."""
    rng = np.random.default_rng(1)
    shape = (NUM_SAMPLES, *inputs)
    train = rng.integers(0, vocabulary, shape) if vocabulary else _normal(rng, shape).numpy()
    targets = rng.integers(0, num_classes, NUM_SAMPLES)
    if loss == "squared_error":
        targets = train
    return CountingData(
        Samples(train=train, test=train, train_targets=targets, test_targets=targets), CPU
    )


def assert_trains_as_the_loop(
    engine: Engine,
    loop: Loop,
    cohort: Cohort,
    model: FlatModel,
    *,
    tolerance: float,
) -> None:
    """Compare two calls, of which the second goes on with the first's optimizer states: weights,
    losses, states; and what the sum of scaled updates is.
    """
    states = [[State() for _ in cohort.num_steps] for _ in range(2)]
    for _ in range(2):
        results = [
            in_order(one, cohort.jobs(model, its))
            for one, its in zip((engine, loop), states, strict=True)
        ]
        assert_close(results[0], results[1], tolerance)
    for mine, reference in zip(*states, strict=True):
        assert mine.num_steps == reference.num_steps
        assert_close(mine.moments, reference.moments, tolerance)
    assert_close(summed(engine, cohort, model), summed(loop, cohort, model), tolerance)


def in_order(engine: Engine, jobs: Sequence[Job]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows of weights, and losses, in the jobs' order."""
    found = {
        number: (end.clone(), loss.clone())
        for piece in engine.train(jobs, RATES)
        for number, end, loss in zip(piece.numbers, piece.ends, piece.losses, strict=True)
    }
    assert sorted(found) == list(range(len(jobs)))
    ends, losses = zip(*(found[number] for number in range(len(jobs))), strict=True)
    return torch.stack(ends), torch.stack(losses)


def check_company(
    new_engine: Callable[[], Engine], jobs: Sequence[Job], shrink: Callable[[], None]
) -> None:
    """Assert that jobs come out as they do alone: all at once, and where chunks hold two after
    `shrink`.
    """
    together = in_order(new_engine(), jobs)
    alone = [in_order(new_engine(), [job]) for job in jobs]
    shrink()
    in_pairs = in_order(new_engine(), jobs)
    for number in range(2):
        single = torch.cat([one[number] for one in alone])
        torch.testing.assert_close(together[number], single, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(in_pairs[number], single, rtol=1e-5, atol=1e-6)


def summed(engine: Engine, cohort: Cohort, model: FlatModel) -> tuple[torch.Tensor, ...]:
    """Return losses, norms, and the sum of updates, job n's times (n + 1) / (1 + its norm)."""
    total = torch.ones(model.size, dtype=torch.float64)

    def factors(numbers: Sequence[int], norms: torch.Tensor) -> torch.Tensor:
        return (torch.as_tensor(numbers) + 1) / (1 + norms)

    summary = engine.add_updates(cohort.jobs(model), RATES, factors, total)
    return summary.losses, summary.norms, total


def assert_close(
    mine: Sequence[torch.Tensor], reference: Sequence[torch.Tensor], tolerance: float
) -> None:
    """Compare tensors, whose numbers are about 1 or below."""
    for one, other in zip(mine, reference, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


def _normal(rng: np.random.Generator, shape: int | tuple[int, ...]) -> torch.Tensor:
    """Return standard normal numbers of the default dtype."""
    return torch.from_numpy(rng.standard_normal(shape)).to(torch.get_default_dtype())
