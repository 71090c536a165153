"""Engine `vmap` trains whatever does not mix samples as the loop does."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from runners.learner.engine import vmap
from runners.learner.engine.loop import Loop
from runners.learner.engine.vmap import Vmap
from runners.model.layers import WordsLast
from runners.optimizer import Optimizer
from tests.runners.learner.engine.cohorts import (
    ADAM,
    OPTIMIZERS,
    SGD,
    Cohort,
    assert_trains_as_the_loop,
    cohorts,
    data,
    flat,
    in_float64,
    in_order,
)

WORDS = 7


def dense() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 4), nn.Tanh(), nn.Linear(4, 3))


def text() -> nn.Sequential:
    """Return a text CNN; its inputs are tokens."""
    return nn.Sequential(
        nn.Embedding(WORDS, 4),
        WordsLast(),
        nn.Conv1d(4, 5, 2),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(5, 3),
    )


def images() -> nn.Sequential:
    """Return two convolutions, of which one is padded and the other strides."""
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 2, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16, 3),
    )


CASES = {"dense": (dense, (3, 3), 0), "text": (text, (6,), WORDS), "images": (images, (2, 9, 9), 0)}


@settings(max_examples=25, deadline=None)
@given(
    case=st.sampled_from(sorted(CASES)),
    cohort=cohorts(),
    optimizer=st.sampled_from(OPTIMIZERS),
)
def test_any_cohort_trains_as_in_the_loop(case: str, cohort: Cohort, optimizer: Optimizer) -> None:
    build, inputs, vocabulary = CASES[case]
    with in_float64():
        torch.manual_seed(0)
        model = flat(build(), "cross_entropy")
        samples = data(inputs, "cross_entropy", num_classes=3, vocabulary=vocabulary)
        engine, loop = Vmap(model, samples, optimizer), Loop(model, samples, optimizer)
        assert_trains_as_the_loop(engine, loop, cohort, model, tolerance=1e-9)


@pytest.mark.parametrize("augmentation", ["shift", "flip"])
def test_images_are_augmented(augmentation: str) -> None:
    with in_float64():
        torch.manual_seed(0)
        model = flat(images(), "cross_entropy")
        samples = data((2, 9, 9), "cross_entropy", num_classes=3)
        engine, loop = Vmap(model, samples, SGD), Loop(model, samples, SGD)
        cohort = Cohort(augmentation=augmentation)
        assert_trains_as_the_loop(engine, loop, cohort, model, tolerance=1e-9)


@pytest.mark.parametrize("case", sorted(CASES))
def test_float32_agrees_to_a_millionth(case: str) -> None:
    build, inputs, vocabulary = CASES[case]
    torch.manual_seed(0)
    model = flat(build(), "cross_entropy")
    samples = data(inputs, "cross_entropy", num_classes=3, vocabulary=vocabulary)
    engine, loop = Vmap(model, samples, SGD), Loop(model, samples, SGD)
    cohort = Cohort(num_steps=(12, 3, 7, 7), starts=(0, 1, 0, 2), batch_size=10)
    mine, reference = (in_order(one, cohort.jobs(model))[0] for one in (engine, loop))
    assert torch.linalg.vector_norm(mine - reference) <= 1e-6 * torch.linalg.vector_norm(reference)


def test_chunks_hold_so_many_jobs_and_bytes_and_gather_no_sample_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 9 × 4 + 4 + 4 × 3 + 3 = 55 numbers a row; weights, gradients and two moments are 880 bytes
    model = flat(dense(), "cross_entropy")
    samples = data((3, 3), "cross_entropy", num_classes=3)
    engine = Vmap(model, samples, ADAM)
    cohort = Cohort(num_steps=(1, 12, 2, 5, 1, 3), starts=(0,) * 6, batch_size=3)
    for most, room, sizes in ((4, 10_000, [3, 3]), (9, 1_760, [2, 2, 2]), (9, 1, [1] * 6)):
        monkeypatch.setattr(vmap, "CPU_JOBS", most)
        monkeypatch.setattr(vmap, "CPU_BYTES", room)
        samples.num_asked = 0
        pieces = engine.train(cohort.jobs(model), [0.1] * 12)
        assert [len(piece.numbers) for piece in pieces] == sizes
        assert samples.num_asked == 72  # (1 + 12 + 2 + 5 + 1 + 3) steps × 3


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.Dropout(0.5)])
def test_what_mixes_samples_is_refused(layer: nn.Module) -> None:
    model = flat(nn.Sequential(nn.Flatten(), nn.Linear(9, 4), layer), "cross_entropy")
    with pytest.raises(AssertionError, match="must not mix"):
        Vmap(model, data((3, 3), "cross_entropy", num_classes=3), SGD)
