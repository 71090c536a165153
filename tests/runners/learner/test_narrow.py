"""A narrow module computes what the whole one does without the units that were cut off."""

import copy

import pytest
import torch
from torch import nn

from runners.learner.narrow import narrowed
from runners.learner.units import held_numbers, held_units, layer_sizes
from runners.model import Axes
from sim.learner import Part

PARTS = [
    Part(kind="width", index=0, count=3),
    Part(kind="width", index=2, count=4),
    Part(kind="independent", index=1, count=3),
]


def linear() -> tuple[nn.Module, list[Axes], torch.Tensor]:
    module = nn.Sequential(
        *(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU()),
        *(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)),
    )
    axes: list[Axes] = [
        *(("a", None), ("a",), ("a",), ("a",)),
        *(("b", "a"), ("b",), (None, "b"), (None,), ("a",), ("a",)),
    ]
    return module, axes, torch.randn(7, 4)


def image() -> tuple[nn.Module, list[Axes], torch.Tensor]:
    module = nn.Sequential(
        *(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 5, 2), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(5 * 4, 6), nn.ReLU(), nn.Linear(6, 3)),
    )
    axes: list[Axes] = [
        *(("a", None, None, None), ("a",)),
        *(("b", "a", None, None), ("b",), ("b",), ("b",)),
        *(("c", "b"), ("c",), (None, "c"), (None,), ("b",), ("b",)),
    ]
    return module, axes, torch.randn(7, 2, 8, 8)


def text() -> tuple[nn.Module, list[Axes], torch.Tensor]:
    module = nn.Sequential(nn.Embedding(11, 6), nn.Flatten(), nn.Linear(3 * 6, 2))
    return module, [("a", None), (None, None), (None,)], torch.randint(11, (7, 3))


def kept(module: nn.Module, axes: list[Axes], part: Part) -> list[torch.Tensor]:
    shapes = [tuple(one.shape) for one in tensors(module)]
    sizes = layer_sizes(shapes, axes)
    units = held_units(part, sizes, seed=0)
    return [held_numbers(shape, one, sizes, units) for shape, one in zip(shapes, axes, strict=True)]


def tensors(module: nn.Module) -> list[torch.Tensor]:
    for layer in module.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            layer.num_batches_tracked = None
    return [*module.parameters(), *module.buffers()]


def without_others(module: nn.Module, axes: list[Axes], part: Part) -> nn.Module:
    """Return the whole module with nothing coming from units that the part has not."""
    silent = copy.deepcopy(module)
    for tensor, numbers in zip(tensors(silent), kept(module, axes, part), strict=True):
        if tensor.dim() > 1:
            is_kept = torch.zeros(tensor.numel(), dtype=torch.bool)
            is_kept[numbers.reshape(-1)] = True
            tensor.data *= is_kept.view(tensor.shape)
    return silent


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("make", [linear, image])
def test_the_others_are_as_if_they_said_nothing(make, part: Part, training: bool) -> None:
    torch.manual_seed(0)
    module, axes, inputs = make()
    for tensor in tensors(module):
        tensor.data = tensor.data + 0.1 * torch.rand_like(tensor)  # norms that are not 1 and 0
    expected = without_others(module, axes, part).train(training)(inputs)
    narrow = narrowed(module, kept(module, axes, part)).train(training)
    torch.testing.assert_close(narrow(inputs), expected)
    assert not torch.allclose(module.train(training)(inputs), expected)


@pytest.mark.parametrize("make", [linear, image])
def test_layers_know_their_sizes(make) -> None:
    module, axes, inputs = make()
    narrow = narrowed(module, kept(module, axes, PARTS[0]))
    for layer in narrow:
        if isinstance(layer, nn.Linear):
            assert (layer.out_features, layer.in_features) == layer.weight.shape
        elif isinstance(layer, nn.Conv2d):
            assert (layer.out_channels, layer.in_channels) == layer.weight.shape[:2]
        elif next(layer.parameters(), None) is not None:
            assert layer.num_features == len(layer.weight) == len(layer.running_mean)
    assert narrow(inputs).shape == (7, 3)


def test_the_whole_is_left_as_it_was() -> None:
    module, axes, inputs = linear()
    module.eval()
    before = module(inputs)
    narrow = narrowed(module, kept(module, axes, PARTS[0]))
    for tensor in tensors(narrow):
        tensor.data.zero_()
    assert torch.equal(module(inputs), before)


def test_word_vectors_may_lose_words() -> None:
    module, axes, _ = text()
    narrow = narrowed(module, kept(module, axes, PARTS[0]))
    assert narrow[0].num_embeddings == 4  # a third of 11, rounded up
    assert torch.equal(narrow[0].weight, module[0].weight[:4])


@pytest.mark.parametrize(
    ("module", "axes"),
    [
        (nn.LayerNorm(4), [("a",), ("a",)]),
        (nn.Conv2d(4, 4, 1, groups=2), [("a", None, None, None), ("a",)]),
        (nn.LSTM(2, 4), [("a", None), ("a", None), ("a",), ("a",)]),
    ],
)
def test_layers_that_cannot_be_cut_are_refused(module: nn.Module, axes: list[Axes]) -> None:
    with pytest.raises(ValueError, match=r"can cut Linear, Embedding, Conv1d.*hidden_axes must be"):
        narrowed(module, kept(module, axes, PARTS[0]))


def test_layers_that_are_left_whole_may_be_any() -> None:
    module = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 6), nn.Linear(6, 2))
    axes: list[Axes] = [(None,), (None,), ("a", None), ("a",), (None, "a"), (None,)]
    narrow = narrowed(module, kept(module, axes, PARTS[0]))
    assert narrow(torch.randn(3, 4)).shape == (3, 2)
