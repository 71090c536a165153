"""Stacked convolutional networks give what each gives alone."""

import copy

import pytest
import torch
from torch import nn

from runners.learner.engine.grouped import grouped_outputs, is_groupable


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 2, 2, dilation=2),
        nn.Flatten(),
        nn.Linear(8, 5),
        nn.ReLU(),
        nn.Linear(5, 2),
    )


@pytest.mark.parametrize("k", [1, 3])
def test_outputs_are_those_of_each_network(k: int) -> None:
    torch.manual_seed(0)
    networks = [network().double() for _ in range(k)]
    inputs = torch.randn(k, 5, 3, 16, 16, dtype=torch.float64)
    stacked = zip(*(one.parameters() for one in networks), strict=True)
    outputs = grouped_outputs(networks[0], (torch.stack(tensors) for tensors in stacked), inputs)
    for one, own_inputs, own_outputs in zip(networks, inputs, outputs, strict=True):
        torch.testing.assert_close(own_outputs, one(own_inputs))


def test_what_has_more_than_plain_layers_is_left_alone() -> None:
    assert is_groupable(network())
    for place, layer in (
        (0, nn.Conv2d(3, 4, 3, bias=False)),
        (0, nn.Conv2d(3, 6, 3, groups=3)),
        (0, nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular")),
        (0, nn.Flatten()),
        (1, nn.GELU()),
        (1, nn.BatchNorm2d(4)),
        (4, nn.Flatten(2)),
        (5, nn.Linear(8, 5, bias=False)),
    ):
        other = copy.deepcopy(network())
        other[place] = layer
        assert not is_groupable(other), layer
    assert not is_groupable(nn.Linear(2, 2))
