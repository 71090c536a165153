"""The residual network has the depth of its paper, and mixes samples only with batch norm."""

import pytest
import torch
from torch import nn

from runners.model.residual import ResidualBlock
from tests.runners.model.cases import CASES, images, new_module, resnet, some_inputs


@pytest.mark.parametrize("num_blocks", [1, 2, 3])
def test_it_has_6n_plus_2_layers(num_blocks: int) -> None:
    module = resnet(4, num_blocks, 1).build(images(1, 8, 10))
    layers = [one for one in module.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    shortcuts = [one for one in layers if isinstance(one, nn.Conv2d) and one.kernel_size == (1, 1)]
    assert len(layers) - len(shortcuts) == 6 * num_blocks + 2
    assert len(shortcuts) == 2


def test_stages_halve_images_and_double_channels() -> None:
    module = resnet(4, 1, 1).build(images(1, 28, 10))
    shapes, vectors = [], torch.zeros(2, 1, 28, 28)
    for layer in module[:6]:
        vectors = layer(vectors)
        shapes.append(tuple(vectors.shape[1:]))
    # convolution, norm, ReLU, and a block for each stage
    assert shapes == [(4, 28, 28)] * 3 + [(4, 28, 28), (8, 14, 14), (16, 7, 7)]


def test_a_block_that_learned_nothing_passes_its_input_on() -> None:
    block = ResidualBlock(3, 3, 1, groups=1)
    nn.init.zeros_(block.second.weight)
    inputs = torch.rand(2, 3, 5, 5)
    assert torch.equal(block(inputs), inputs)


@pytest.mark.parametrize(("name", "mixes"), [("resnet", True), ("resnet_group_norm", False)])
def test_group_norm_keeps_samples_apart(name: str, mixes: bool) -> None:
    module, inputs = new_module(CASES[name]), some_inputs(CASES[name][1], 4)
    others = inputs.clone()
    others[1:] += 1
    torch.testing.assert_close(module(inputs)[0], module(inputs)[0])
    assert torch.allclose(module(inputs)[0], module(others)[0], atol=1e-6) != mixes
