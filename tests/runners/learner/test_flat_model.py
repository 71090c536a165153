"""A flat model is its plain module, with weights and gradient as vectors."""

import copy

import pytest
import torch
from torch import nn

from runners.learner.flat_model import FlatModel

CPU = torch.device("cpu")
LABELS = torch.tensor([0, 2, 1, 0])


def plain_module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def inputs() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(1))


def flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def plain_gradient(module: nn.Module, weights: torch.Tensor) -> torch.Tensor:
    """Return autograd's gradient of the weighted sum of losses."""
    losses = nn.functional.cross_entropy(module(inputs()), LABELS, reduction="none")
    return flat(list(torch.autograd.grad((losses * weights).sum(), list(module.parameters()))))


@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 0.0, 0.2, 0.3])])
def test_the_gradient_is_that_of_the_plain_module(weights: torch.Tensor | None) -> None:
    plain = plain_module()
    model = FlatModel(copy.deepcopy(plain), CPU, tail=2)
    model.at(model.initial)
    for _ in range(2):  # twice: the second call must not add to the first
        losses = model.backward(inputs(), LABELS, weights)
    expected = plain_gradient(plain, torch.full((4,), 0.25) if weights is None else weights)
    torch.testing.assert_close(model.gradient, expected)
    each = nn.functional.cross_entropy(plain(inputs()), LABELS, reduction="none").detach()
    torch.testing.assert_close(losses, each.mean() if weights is None else each)


def test_the_gradient_lies_in_the_head_of_the_buffer() -> None:
    model = FlatModel(plain_module(), CPU, tail=2)
    model.at(model.initial)
    model.buffer.fill_(7.0)
    model.backward(inputs(), LABELS, None)
    num_parameters = 5 * 4 + 4 + 4 * 3 + 3
    assert (model.num_parameters, len(model.buffer)) == (num_parameters, num_parameters + 2)
    assert torch.equal(model.buffer[:num_parameters], model.gradient)
    assert model.gradient.abs().sum() > 0 and not (model.gradient == 7.0).any()
    assert model.buffer[num_parameters:].tolist() == [7.0, 7.0]


def test_weights_follow_the_vector_in_place() -> None:
    model = FlatModel(plain_module(), CPU, tail=0)
    vector = model.initial.clone()
    model.at(vector)
    before = model.module(inputs()).detach()
    vector.mul_(2.0)  # doubled weights and biases
    torch.testing.assert_close(flat(list(model.module.parameters())), 2 * model.initial)
    assert not torch.equal(model.module(inputs()), before)
    model.at(model.initial)
    torch.testing.assert_close(model.module(inputs()).detach(), before)


def test_the_initial_weights_are_the_modules() -> None:
    torch.testing.assert_close(
        FlatModel(plain_module(), CPU, tail=0).initial, flat(list(plain_module().parameters()))
    )


def test_buffers_are_refused() -> None:
    with pytest.raises(ValueError, match="BatchNorm1d has buffers"):
        FlatModel(nn.BatchNorm1d(3), CPU, tail=0)
