"""Model `resnet`: a residual network for small images (He et al. 2016, section 4.2).

A 3x3 convolution, three stages of `num_blocks` blocks of two convolutions, which halve the image
and double the channels from stage to stage, the mean over all places, softmax: 6 num_blocks + 2
layers. Batch norm mixes the samples of a batch, and suffers where partners' labels are skewed;
group norm does not (Hsieh et al. 2020).
"""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from runners.model import Axes, Form
from runners.model.forms import need_images
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch

NUM_STAGES = 3


class Convolution(NamedTuple):
    """Hold a convolution's channels, its width, the places at which it responds, and the hidden
    layers that it reads and makes.
    """

    fan_in: int
    fan_out: int
    width: int
    num_places: int
    reads: str | None
    makes: str

    @property
    def weights(self) -> int:
        """The numbers it consists of."""
        return self.fan_in * self.fan_out * self.width**2


@dataclass(frozen=True, kw_only=True)
class Resnet:
    """Begin with `channels`, and normalise by batch, or in `norm_groups` of channels where
    given.
    """

    channels: int
    num_blocks: int
    norm_groups: int | None

    def __post_init__(self) -> None:
        at_least("channels", self.channels, 1, remedy="try task.model.channels=16")
        at_least("num_blocks", self.num_blocks, 1, remedy="try task.model.num_blocks=3")
        if self.norm_groups is None:
            return
        at_least("norm_groups", self.norm_groups, 1, remedy="null is batch norm")
        if self.channels % self.norm_groups:
            raise ValueError(
                f"norm_groups must divide the {self.channels} channels, got {self.norm_groups}; "
                "try task.model.norm_groups=1"
            )

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are images."""
        need_images("resnet", form)

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of each convolution and its norm's scales and shifts, of the last layer,
        and of batch norms' running statistics.
        """
        convolutions = self._convolutions(form)
        sizes = [size for one in convolutions for size in (one.weights, one.fan_out, one.fan_out)]
        sizes += [convolutions[-1].fan_out * form.num_outputs, form.num_outputs]
        if self.norm_groups is None:
            sizes += [one.fan_out for one in convolutions for _ in ("mean", "variance")]
        return tuple(sizes)

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass.

        Three times the forward multiply-adds, two each, but for the gradient of the image.
        """
        convolutions = self._convolutions(form)
        products = [one.num_places * one.weights for one in convolutions]
        last = convolutions[-1].fan_out * form.num_outputs
        return 6.0 * (sum(products) + last) - 2.0 * products[0]

    def hidden_axes(self, form: Form) -> tuple[Axes, ...] | None:
        """Return each stage's channels, which its blocks add to, and each block's own; None with
        group norm, whose groups would be others in a narrower model.
        """
        if self.norm_groups is not None:
            return None
        axes: list[Axes] = []
        convolutions = self._convolutions(form)
        for one in convolutions:
            axes += [(one.makes, one.reads, None, None), (one.makes,), (one.makes,)]
        axes += [(None, convolutions[-1].makes), (None,)]
        axes += [(one.makes,) for one in convolutions for _ in ("mean", "variance")]
        return tuple(axes)

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: float32 (batch, channels, height, width) to (batch, num_outputs)."""
        from torch import nn

        from runners.model.residual import ResidualBlock, norm

        groups = self.norm_groups
        return nn.Sequential(
            nn.Conv2d(form.inputs[0], self.channels, 3, padding=1, bias=False),
            norm(self.channels, groups),
            nn.ReLU(),
            *(ResidualBlock(*block, groups) for block in self._blocks()),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(self.channels * 2 ** (NUM_STAGES - 1), form.num_outputs),
        )

    def _blocks(self) -> list[tuple[int, int, int]]:
        """Return the channels in and out, and the stride, of each block."""
        stages = [
            self.channels * 2**stage for stage in range(NUM_STAGES) for _ in range(self.num_blocks)
        ]
        pairs = itertools.pairwise([self.channels, *stages])
        return [(fan_in, fan_out, fan_out // fan_in) for fan_in, fan_out in pairs]

    def _convolutions(self, form: Form) -> list[Convolution]:
        """Return all convolutions in the order of `module.parameters()`."""
        height, width = form.inputs[1:]
        stream = "stage 0"
        found = [Convolution(form.inputs[0], self.channels, 3, height * width, None, stream)]
        for number, (fan_in, fan_out, stride) in enumerate(self._blocks()):
            before, stream = stream, f"stage {number // self.num_blocks}"
            height, width = -(-height // stride), -(-width // stride)
            places, own = height * width, f"block {number}"
            found.append(Convolution(fan_in, fan_out, 3, places, before, own))
            found.append(Convolution(fan_out, fan_out, 3, places, own, stream))
            if stride != 1:
                found.append(Convolution(fan_in, fan_out, 1, places, before, stream))
        return found
