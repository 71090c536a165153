"""Gradient matching finds inputs; its gradients are those of the model."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from runners.audit.gradients import gradients_at
from runners.audit.matching import Seen, match_cosine, match_squares, variation
from runners.model.layers import WordsLast
from tests.runners.audit.finished import flat


def images(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def seen() -> Seen:
    """Return three single images of 4 x 4 behind gradients of a smooth model."""
    torch.manual_seed(0)
    model = flat(nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 4)))
    gradients = gradients_at(model, model.initial)
    targets = torch.tensor([[0], [3], [1]])
    rows = gradients(images(3, 1, 1, 4, 4), targets)
    return Seen(rows=rows, targets=targets, gradients=gradients, low=0.0, high=1.0)


def test_gradients_are_those_of_each_batch() -> None:
    torch.manual_seed(0)
    model = flat(nn.Sequential(nn.Conv1d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(6, 3)))
    inputs, targets = torch.rand(4, 5, 2, 3), torch.randint(3, (4, 5))
    rows = gradients_at(model, model.initial)(inputs, targets)
    for row, some, said in zip(rows, inputs, targets, strict=True):
        model.at(model.initial.clone())
        model.backward(some, said, None)
        torch.testing.assert_close(row, model.gradient)


def test_refuses_a_model_whose_samples_mix() -> None:
    model = flat(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), WordsLast()))
    with pytest.raises(ValueError, match="batch norm or dropout joins"):
        gradients_at(model, model.initial)


def scaled(seen: Seen, factor: float) -> Seen:
    return replace(seen, rows=factor * seen.rows)


def test_cosine_finds_the_images_at_any_scale(seen: Seen) -> None:
    guess = torch.full((3, 1, 1, 4, 4), 0.5)
    told: list[float] = []
    found = match_cosine(
        scaled(seen, 0.01), guess, num_iterations=100, total_variation=0.0, on_progress=told.append
    )
    assert (found - images(3, 1, 1, 4, 4)).abs().max() < 0.1
    assert (guess - images(3, 1, 1, 4, 4)).abs().max() > 0.4
    assert told[-1] == 1.0


def test_squares_find_the_images_at_their_scale(seen: Seen) -> None:
    guess = torch.full((3, 1, 1, 4, 4), 0.5)
    found = match_squares(seen, guess, num_iterations=80, on_progress=lambda _: None)
    assert (found - images(3, 1, 1, 4, 4)).abs().max() < 0.02
    lost = match_squares(scaled(seen, 0.01), guess, num_iterations=20, on_progress=lambda _: None)
    assert (lost - images(3, 1, 1, 4, 4)).abs().max() > 0.3


def test_variation_by_hand() -> None:
    # (1 3 / 2 6): down |2 − 1|, |6 − 3|, mean 2; across |3 − 1|, |6 − 2|, mean 3
    assert variation(torch.tensor([[[[[1.0, 3.0], [2.0, 6.0]]]]])).tolist() == [5.0]
    assert variation(torch.ones(2, 3, 4)).tolist() == [0.0, 0.0]


def test_total_variation_smooths(seen: Seen) -> None:
    guess = torch.full((3, 1, 1, 4, 4), 0.5)
    found = [
        variation(
            match_cosine(
                seen,
                guess,
                num_iterations=30,
                total_variation=weight,
                on_progress=lambda _: None,
            )
        ).sum()
        for weight in (0.0, 1.0)
    ]
    assert found[1] < 0.5 * found[0]
