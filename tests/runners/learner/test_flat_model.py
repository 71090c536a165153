"""A flat model is its plain module, with weights, statistics and gradient as vectors."""

import copy

import pytest
import torch
from torch import nn

from runners.learner.flat_model import FlatModel

CPU = torch.device("cpu")
LABELS = torch.tensor([0, 2, 1, 0])


def plain_module(*, batch_norm: bool = False) -> nn.Module:
    torch.manual_seed(0)
    norm = [nn.BatchNorm1d(4)] if batch_norm else []
    return nn.Sequential(nn.Linear(5, 4), *norm, nn.ReLU(), nn.Linear(4, 3))


def flat_model(module: nn.Module, tail: int = 0) -> FlatModel:
    """Return the model, at weights and statistics of its own."""
    model = FlatModel(copy.deepcopy(module), "cross_entropy", CPU, tail)
    model.at(model.initial.clone())
    return model


def inputs() -> torch.Tensor:
    return torch.randn(4, 5, generator=torch.Generator().manual_seed(1))


def flat(tensors: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def plain_gradient(module: nn.Module, weights: torch.Tensor) -> torch.Tensor:
    """Return autograd's gradient of the weighted sum of losses."""
    losses = nn.functional.cross_entropy(module(inputs()), LABELS, reduction="none")
    return flat(list(torch.autograd.grad((losses * weights).sum(), list(module.parameters()))))


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.5, 0.0, 0.2, 0.3])])
def test_the_gradient_is_that_of_the_plain_module(
    weights: torch.Tensor | None, batch_norm: bool
) -> None:
    plain = plain_module(batch_norm=batch_norm)
    model = flat_model(plain, tail=2)
    for _ in range(2):  # twice: the second call must not add to the first
        losses = model.backward(inputs(), LABELS, weights)
    expected = plain_gradient(plain, torch.full((4,), 0.25) if weights is None else weights)
    torch.testing.assert_close(model.gradient, expected)
    each = nn.functional.cross_entropy(plain(inputs()), LABELS, reduction="none").detach()
    torch.testing.assert_close(losses, each.mean() if weights is None else each)


def test_the_buffer_has_gradient_statistics_and_tail() -> None:
    model = flat_model(plain_module(batch_norm=True), tail=2)
    num_parameters, num_statistics = 5 * 4 + 4 + (4 + 4) + 4 * 3 + 3, 4 + 4
    assert (model.num_parameters, model.size) == (num_parameters, num_parameters + num_statistics)
    assert len(model.buffer) == model.size + 2
    model.buffer.fill_(7.0)
    model.backward(inputs(), LABELS, None)
    head, rest = model.buffer[:num_parameters], model.buffer[num_parameters:]
    assert torch.equal(head, model.gradient) and not (head == 7.0).any() and head.any()
    assert rest.tolist() == [7.0] * 10
    model.statistics_change.fill_(1.0)
    model.tail.fill_(2.0)
    assert rest.tolist() == [1.0] * 8 + [2.0] * 2


def test_weights_follow_the_vector_in_place() -> None:
    model = flat_model(plain_module())
    vector = model.initial.clone()
    model.at(vector)
    before = model.module(inputs()).detach()
    vector.mul_(2.0)  # doubled weights and biases
    torch.testing.assert_close(flat(list(model.module.parameters())), 2 * model.initial)
    assert not torch.equal(model.module(inputs()), before)
    model.at(model.initial)
    torch.testing.assert_close(model.module(inputs()).detach(), before)


def test_the_initial_vector_is_the_modules_weights_and_statistics() -> None:
    module = plain_module(batch_norm=True)
    # a new batch norm has means of 0 and variances of 1
    expected = [*module.parameters(), torch.zeros(4), torch.ones(4)]
    torch.testing.assert_close(flat_model(module).initial, flat(expected))


def test_a_training_pass_changes_the_statistics_in_the_vector() -> None:
    plain = plain_module(batch_norm=True)
    model = flat_model(plain)
    vector = model.initial.clone()
    model.at(vector)
    model.backward(inputs(), LABELS, None)
    hidden = plain[0](inputs()).detach()
    mean, variance = vector[-8:-4], vector[-4:]
    # with torch's momentum 0.1: 0.9 * 0 + 0.1 * mean, and 0.9 * 1 + 0.1 * variance
    torch.testing.assert_close(mean, 0.1 * hidden.mean(dim=0))
    torch.testing.assert_close(variance, 0.9 + 0.1 * hidden.var(dim=0))
    assert torch.equal(vector[:-8], model.initial[:-8])
    assert torch.equal(model.initial[-8:], torch.tensor([0.0] * 4 + [1.0] * 4))


def test_outputs_are_those_of_use_and_change_nothing() -> None:
    module = plain_module(batch_norm=True)
    module.append(nn.Dropout(0.5))
    model = flat_model(module)
    vector = model.initial.clone()
    model.at(vector)
    used = copy.deepcopy(module).eval()(inputs())
    torch.testing.assert_close(model.outputs(inputs()), used)
    assert torch.equal(vector, model.initial)
    assert not model.outputs(inputs()).requires_grad
    assert model.module.training


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.ReLU(), True),
        (nn.GroupNorm(2, 4), True),
        (nn.LayerNorm(4), True),
        (nn.BatchNorm1d(4), False),
        (nn.Dropout(0.5), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_samples_mix_in_batch_norm_and_depend_on_chance_in_dropout(
    layer: nn.Module, expected: bool
) -> None:
    assert flat_model(nn.Sequential(nn.Linear(5, 4), layer)).is_sample_wise is expected


def test_a_tensor_that_two_layers_share_is_there_once() -> None:
    first, second = nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False)
    second.weight = first.weight
    module = nn.Sequential(first, nn.Tanh(), second)
    model = flat_model(module)
    assert model.size == 25
    model.backward(inputs(), LABELS, None)
    torch.testing.assert_close(model.gradient, plain_gradient(module, torch.full((4,), 0.25)))


def test_the_loss_is_the_one_asked_for() -> None:
    module = plain_module()
    model = FlatModel(copy.deepcopy(module), "squared_error", CPU, tail=0)
    model.at(model.initial)
    targets = torch.ones(4, 3)
    losses = model.backward(inputs(), targets, torch.full((4,), 0.25))
    torch.testing.assert_close(losses, (module(inputs()) - 1).square().mean(dim=1).detach())
