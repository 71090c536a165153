"""A model whose units are cut off along its hidden axes is what it is with those units zeroed."""

import pytest
import torch
from torch.func import functional_call

from runners.model import Axes
from tests.runners.model.cases import CASES, Case, new_module, some_inputs

HAVE_NONE = {"resnet_group_norm", "text_lstm", "gpt", "gpt_tied"}
CUTTABLE = [name for name in CASES if name not in HAVE_NONE]


def axes_of(case: Case) -> tuple[Axes, ...]:
    axes = case[0].hidden_axes(case[1])
    assert axes is not None
    return axes


def named_tensors(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return parameters, then statistics, all with values other than 0 and 1."""
    rng = torch.Generator().manual_seed(1)
    buffers = {name: one for name, one in module.named_buffers() if one.is_floating_point()}
    return {
        name: 0.5 + torch.rand(one.shape, generator=rng)
        if name in buffers or one.dim() == 1
        else one.detach()
        for name, one in (*module.named_parameters(), *buffers.items())
    }


def num_units(axes: tuple[Axes, ...], tensors: list[torch.Tensor]) -> dict[str, int]:
    """Return the units of each hidden layer: the shortest axis that names it."""
    lengths: dict[str, list[int]] = {}
    for labels, tensor in zip(axes, tensors, strict=True):
        for label, length in zip(labels, tensor.shape, strict=True):
            if label is not None:
                lengths.setdefault(label, []).append(length)
    assert all(length % min(of) == 0 for of in lengths.values() for length in of)
    return {label: min(of) for label, of in lengths.items()}


def kept(length: int, units: int) -> torch.Tensor:
    """Return the entries of an axis that belong to every unit but the last third."""
    return torch.arange(length) < (units - -(-units // 3)) * (length // units)


def cut(tensor: torch.Tensor, labels: Axes, units: dict[str, int]) -> torch.Tensor:
    for axis, label in enumerate(labels):
        if label is not None:
            keep = kept(tensor.shape[axis], units[label]).nonzero()[:, 0]
            tensor = tensor.index_select(axis, keep)
    return tensor


def zeroed(tensor: torch.Tensor, labels: Axes, units: dict[str, int]) -> torch.Tensor:
    """Return the tensor without what goes into the units that are cut: weights, biases, scales."""
    if labels[0] is None:
        return tensor
    keep = kept(len(tensor), units[labels[0]])
    return tensor * keep.view(-1, *[1] * (tensor.dim() - 1))


@pytest.mark.parametrize("trains", [False, True])
@pytest.mark.parametrize("name", [name for name in CUTTABLE if name != "mlp_dropout"])
def test_cutting_units_is_zeroing_them(name: str, trains: bool) -> None:
    axes = axes_of(CASES[name])
    module, inputs = new_module(CASES[name]).train(trains), some_inputs(CASES[name][1], 6)
    tensors = named_tensors(module)
    units = num_units(axes, list(tensors.values()))
    pairs = list(zip(tensors.items(), axes, strict=True))
    smaller = {key: cut(one, labels, units) for (key, one), labels in pairs}
    with_zeros = {key: zeroed(one, labels, units) for (key, one), labels in pairs}
    whole = functional_call(module, {key: one.clone() for key, one in tensors.items()}, (inputs,))
    narrow = functional_call(module, smaller, (inputs,))
    torch.testing.assert_close(narrow, functional_call(module, with_zeros, (inputs,)))
    is_cut = sum(one.numel() for one in smaller.values()) < sum(
        one.numel() for one in tensors.values()
    )
    assert is_cut == (not torch.equal(whole, narrow)) == (name != "logistic")


@pytest.mark.parametrize("name", CUTTABLE)
def test_every_axis_of_every_tensor_is_told(name: str) -> None:
    tensors = list(named_tensors(new_module(CASES[name])).values())
    assert [len(labels) for labels in axes_of(CASES[name])] == [one.dim() for one in tensors]


@pytest.mark.parametrize("name", sorted(HAVE_NONE))
def test_units_that_depend_on_each_other_are_not_cut(name: str) -> None:
    model, form = CASES[name]
    assert model.hidden_axes(form) is None


def test_a_flattened_channel_is_cut_with_all_its_places() -> None:
    # image 9x9, padded, pools 1 and 2: 4 channels of 4x4; 1 of 3 and 2 of 4 channels, 2 of 6 hidden
    # units go
    case = CASES["cnn"]
    axes, tensors = axes_of(case), list(new_module(case).parameters())
    units = num_units(axes, tensors)
    assert units == {"convolution 0": 3, "convolution 1": 4, "hidden 0": 6}
    shapes = [
        tuple(cut(one, labels, units).shape) for one, labels in zip(tensors, axes, strict=True)
    ]
    assert shapes == [(2, 2, 3, 3), (2,), (2, 2, 3, 3), (2,), (4, 32), (4,), (5, 4), (5,)]
