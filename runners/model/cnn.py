"""Model `cnn`: convolutions with ReLU and max-pooling over images, then dense layers.

As shipped it is the CNN of McMahan et al. (2017): 5x5 with 32 channels, 2x2 pooling, 5x5 with 64,
2x2 pooling, 512 units, softmax; 1,663,370 parameters on MNIST.
"""

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.model import Axes, Form
from runners.model.forms import need_images
from runners.model.mlp import Mlp
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Cnn:
    """Map images through convolutions, `width` pixels wide and high, each with as many `channels`,
    a ReLU and a max-pooling of its own of `pools` (1 is none); then through an MLP.

    `padded` convolutions keep the image's size.
    """

    channels: tuple[int, ...]
    width: int
    pools: tuple[int, ...]
    padded: bool
    hidden_units: tuple[int, ...]
    dropout: float

    def __post_init__(self) -> None:
        at_least("width", self.width, 1, remedy="try task.model.width=3")
        if self.padded and self.width % 2 == 0:
            raise ValueError(
                f"width must be odd where convolutions are padded, got {self.width}; "
                "try task.model.padded=false"
            )
        for channels in self.channels:
            at_least("channels", channels, 1, remedy="try task.model.channels=[32,64]")
        for pool in self.pools:
            at_least("pools", pool, 1, remedy="1 is none")
        if not self.channels or len(self.pools) != len(self.channels):
            raise ValueError(
                f"pools must be one for each of the convolutions in channels, of which there is "
                f"at least one, got {len(self.pools)} pools for {len(self.channels)}; try "
                "task.model.channels=[32,64] task.model.pools=[2,2]"
            )
        Mlp(hidden_units=self.hidden_units, batch_norm=False, dropout=self.dropout)

    def check(self, form: Form) -> None:
        """Raise ValueError unless inputs are images, large enough for all convolutions."""
        need_images("cnn", form)
        if min(itertools.chain.from_iterable(self._sizes(form))) < 1:
            raise ValueError(
                f"model=cnn needs larger images for its convolutions and pools, got "
                f"{form.inputs[1]}x{form.inputs[2]}; try task.model.padded=true, or smaller pools"
            )

    def tensor_parameters(self, form: Form) -> tuple[int, ...]:
        """Return the size of each convolution's and each dense layer's weights and biases."""
        convolutions = [
            size
            for fan_in, fan_out in self._channels(form)
            for size in (fan_in * fan_out * self.width**2, fan_out)
        ]
        return (*convolutions, *self._dense.tensor_parameters(self._flat(form)))

    def train_flops_per_sample(self, form: Form) -> float:
        """Return the FLOPs of one sample's forward and backward pass.

        Three times the forward multiply-adds, two each, but for the gradient of the image.
        """
        flat = self._flat(form)
        places = [height * width for height, width in self._responses(form)]
        products = [
            count * fan_in * fan_out * self.width**2
            for count, (fan_in, fan_out) in zip(places, self._channels(form), strict=True)
        ]
        dense = self._dense.tensor_parameters(flat)[::2]
        return 6.0 * (sum(products) + sum(dense)) - 2.0 * products[0]

    def hidden_axes(self, form: Form) -> tuple[Axes, ...]:
        """Return each convolution's channels and each hidden layer's units; the first dense layer
        has the last convolution's channels, all places of one side by side.
        """
        axes: list[Axes] = []
        before: str | None = None
        for number in range(len(self.channels)):
            channels = f"convolution {number}"
            axes += [(channels, before, None, None), (channels,)]
            before = channels
        first, *rest = self._dense.hidden_axes(self._flat(form))
        return (*axes, (first[0], before), *rest)

    def build(self, form: Form) -> "torch.nn.Sequential":
        """Return the module: float32 (batch, channels, height, width) to (batch, num_outputs)."""
        from torch import nn

        layers: list[nn.Module] = []
        padding = self.width // 2 if self.padded else 0
        for (fan_in, fan_out), pool in zip(self._channels(form), self.pools, strict=True):
            layers += [nn.Conv2d(fan_in, fan_out, self.width, padding=padding), nn.ReLU()]
            if pool > 1:
                layers.append(nn.MaxPool2d(pool))
        return nn.Sequential(*layers, *self._dense.build(self._flat(form)))

    @property
    def _dense(self) -> Mlp:
        return Mlp(hidden_units=self.hidden_units, batch_norm=False, dropout=self.dropout)

    def _flat(self, form: Form) -> Form:
        """Return what the dense layers map."""
        height, width = self._sizes(form)[-1]
        return Form(
            inputs=(self.channels[-1], height, width),
            vocabulary=None,
            num_outputs=form.num_outputs,
            per_token=False,
        )

    def _channels(self, form: Form) -> list[tuple[int, int]]:
        """Return the channels in and out of each convolution."""
        return list(itertools.pairwise([form.inputs[0], *self.channels]))

    def _responses(self, form: Form) -> list[tuple[int, int]]:
        """Return the height and width at which each convolution responds."""
        lost = 0 if self.padded else self.width - 1
        sizes = [(form.inputs[1], form.inputs[2]), *self._sizes(form)[:-1]]
        return [(height - lost, width - lost) for height, width in sizes]

    def _sizes(self, form: Form) -> list[tuple[int, int]]:
        """Return the height and width behind each pooling."""
        lost = 0 if self.padded else self.width - 1
        height, width = form.inputs[1:]
        sizes = []
        for pool in self.pools:
            height, width = (height - lost) // pool, (width - lost) // pool
            sizes.append((height, width))
        return sizes
