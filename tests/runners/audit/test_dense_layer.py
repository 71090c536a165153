"""The gradient of a dense first layer is the input: the check that gradient matching is held to."""

import pytest
import torch
from torch import nn

from runners.audit.dense_layer import first_dense_layer, input_of
from runners.audit.gradients import gradients_at
from tests.runners.audit.finished import flat


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))


def test_the_input_of_a_single_sample_is_exact(module: nn.Module) -> None:
    model = flat(module)
    inputs, targets = torch.rand(4, 1, 2, 3), torch.tensor([[0], [1], [2], [1]])
    rows = gradients_at(model, model.initial)(inputs, targets)
    layer = first_dense_layer(model)
    assert layer is not None
    torch.testing.assert_close(input_of(layer, rows), inputs.flatten(1))


def test_of_two_samples_it_is_their_weighted_mean() -> None:
    # ∂L/∂z is p − y, halved by the mean over the batch. With weights of 0 p is (1/2, 1/2), so for
    # targets 0 and 0 it is (−1/2, 1/2) for both samples: the quotient is the plain mean.
    layer = nn.Linear(2, 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    model = flat(nn.Sequential(layer))
    inputs = torch.tensor([[[1.0, 0.0], [0.0, 3.0]]])
    rows = gradients_at(model, model.initial)(inputs, torch.tensor([[0, 0]]))
    first = first_dense_layer(model)
    assert first is not None
    torch.testing.assert_close(input_of(first, rows), torch.tensor([[0.5, 1.5]]))


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)),
        nn.Sequential(nn.Linear(4, 2, bias=False), nn.Linear(2, 2)),
    ],
)
def test_other_first_layers_have_no_closed_form(module: nn.Module) -> None:
    assert first_dense_layer(flat(module)) is None


def test_a_gradient_of_zero_gives_no_nan(module: nn.Module) -> None:
    model = flat(module)
    layer = first_dense_layer(model)
    assert layer is not None
    assert torch.equal(input_of(layer, torch.zeros(2, model.size)), torch.zeros(2, 6))
