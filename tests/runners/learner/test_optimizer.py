"""An optimizer on flat vectors takes torch.optim's steps, and versions stay what they were."""

import copy

import pytest
import torch
from torch import nn

from runners.learner.flat_model import FlatModel
from runners.learner.optimizer import Optimizer
from runners.task.digits_mlp import DigitsMlp

LEARNING_RATE = {"sgd": 0.1, "adam": 0.001}
KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
LABELS = torch.arange(10)


def task(optimizer: str) -> DigitsMlp:
    return DigitsMlp(
        hidden_units=8,
        batch_size=10,
        optimizer=optimizer,
        learning_rate=LEARNING_RATE[optimizer],
    )


def batch(step: int) -> torch.Tensor:
    return torch.randn(10, 64, generator=torch.Generator().manual_seed(step))


def plain_steps(module: nn.Module, optimizer: str, num_steps: int) -> torch.Tensor:
    """Return the weights after steps of torch.optim on the module itself."""
    parameters = list(module.parameters())
    steps = KINDS[optimizer](parameters, lr=LEARNING_RATE[optimizer])
    for step in range(num_steps):
        steps.zero_grad()
        nn.functional.cross_entropy(module(batch(step)), LABELS).backward()
        steps.step()
    return torch.cat([parameter.detach().reshape(-1) for parameter in parameters])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("steps_per_version", [1, 3])
def test_steps_are_those_of_torch(optimizer: str, steps_per_version: int) -> None:
    """The state goes on from version to version, so how many steps make one does not matter."""
    torch.manual_seed(0)
    module = task(optimizer).model()
    model = FlatModel(copy.deepcopy(module), torch.device("cpu"), tail=0)
    line = Optimizer(task(optimizer), model.initial)
    vector = model.initial
    for step in range(6):
        if step % steps_per_version == 0:
            vector = line.begin(vector)
            model.at(vector)
        model.backward(batch(step), LABELS, None)
        line.step(model.gradient)
    expected = plain_steps(module, optimizer, 6)
    assert not torch.allclose(expected, model.initial, rtol=0, atol=1e-4)
    torch.testing.assert_close(vector, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_version_stays_what_it_was(optimizer: str) -> None:
    line = Optimizer(task(optimizer), torch.zeros(4))
    versions = [torch.ones(4)]
    kept = [versions[0].clone()]
    for _ in range(3):
        versions.append(line.begin(versions[-1]))
        line.step(torch.full((4,), 0.5))
        kept.append(versions[-1].clone())
    for version, copied in zip(versions, kept, strict=True):
        assert torch.equal(version, copied)
    assert len({float(version[0]) for version in versions}) == 4


def test_sgd_is_worked_by_hand() -> None:
    line = Optimizer(task("sgd"), torch.zeros(2))
    vector = line.begin(torch.tensor([1.0, 2.0]))
    line.step(torch.tensor([1.0, -0.5]))
    # 1 - 0.1 * 1 and 2 + 0.1 * 0.5
    torch.testing.assert_close(vector, torch.tensor([0.9, 2.05]))


def test_adam_is_worked_by_hand() -> None:
    line = Optimizer(task("adam"), torch.zeros(2))
    vector = line.begin(torch.tensor([1.0, 2.0]))
    line.step(torch.tensor([3.0, -0.01]))
    # the first step of Adam (Kingma & Ba 2015) has the size of the learning rate, whatever the
    # gradient's size: m / sqrt(v) = g / |g|
    torch.testing.assert_close(vector, torch.tensor([0.999, 2.001]), rtol=0, atol=1e-6)
