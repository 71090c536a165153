"""Owns what the convolutional networks of the published tables are made of, layer by layer.

A layer has its parameters (batch normalisation counted to its convolution) and the multiply-adds of
its forward pass for one image; layers stand in forward order. The multiply-adds stand for the time
that a layer takes of a pass, so layers that are limited by memory count too little. Totals agree
with those that are published (tests/runners/published/test_models.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

NUM_CLASSES = 1000


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Hold the size of a layer and of its work."""

    num_parameters: int
    multiply_adds: int


@dataclass(frozen=True, kw_only=True)
class Model:
    """Hold a network's layers in forward order."""

    layers: tuple[Layer, ...]

    @property
    def num_parameters(self) -> int:
        """Return the number of trained numbers."""
        return sum(layer.num_parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Return the work of a forward pass for one image."""
        return sum(layer.multiply_adds for layer in self.layers)

    def time_fractions(self) -> tuple[float, ...]:
        """Return the part of a pass that each layer takes."""
        total = self.multiply_adds
        return tuple(layer.multiply_adds / total for layer in self.layers)


@cache
def model(name: str) -> Model:
    """Return the network that a published table names."""
    if name not in LAYERS:
        raise ValueError(
            f"model must be one of {', '.join(LAYERS)}, got {name!r}; "
            "add its layers to runners/published/models.py"
        )
    return Model(layers=tuple(LAYERS[name]()))


def _conv(size: int, num_in: int, num_out: int, image: int) -> Layer:
    """Return a convolution of `size` x `size` with bias; `image` is the output's edge."""
    weights = size * size * num_in * num_out
    return Layer(num_parameters=weights + num_out, multiply_adds=weights * image * image)


def _normalised(size: int, num_in: int, num_out: int, image: int) -> Layer:
    """Return a convolution without bias, and the scale and shift of batch normalisation."""
    weights = size * size * num_in * num_out
    return Layer(num_parameters=weights + 2 * num_out, multiply_adds=weights * image * image)


def _dense(num_in: int, num_out: int) -> Layer:
    return Layer(num_parameters=(num_in + 1) * num_out, multiply_adds=num_in * num_out)


def _alexnet() -> Iterator[Layer]:
    """Yield AlexNet in one tower (Krizhevsky 2014), as `alexnet_model.py` of tensorflow/benchmarks
    has it.
    """
    yield _conv(11, 3, 64, 55)
    yield _conv(5, 64, 192, 27)
    yield _conv(3, 192, 384, 13)
    yield _conv(3, 384, 384, 13)
    yield _conv(3, 384, 256, 13)
    yield _dense(256 * 6 * 6, 4096)
    yield _dense(4096, 4096)
    yield _dense(4096, NUM_CLASSES)


def _vgg16() -> Iterator[Layer]:
    """Yield configuration D of Simonyan & Zisserman (2015), table 1."""
    num_in = 3
    stages = ((224, 64, 2), (112, 128, 2), (56, 256, 3), (28, 512, 3), (14, 512, 3))
    for image, num_out, depth in stages:
        for _ in range(depth):
            yield _conv(3, num_in, num_out, image)
            num_in = num_out
    yield _dense(512 * 7 * 7, 4096)
    yield _dense(4096, 4096)
    yield _dense(4096, NUM_CLASSES)


def _resnet(*depths: int) -> Iterator[Layer]:
    """Yield bottleneck blocks (He et al. 2016, table 1), `depths` of them in the four stages.

    As in version 1.5 and torchvision, the 3 x 3 convolution has the stride.
    """
    yield _normalised(7, 3, 64, 112)
    num_in, image_in = 64, 56
    for stage, depth in enumerate(depths):
        width, image = 64 << stage, 56 >> stage
        for block in range(depth):
            yield _normalised(1, num_in, width, image_in)
            yield _normalised(3, width, width, image)
            yield _normalised(1, width, 4 * width, image)
            if block == 0:
                yield _normalised(1, num_in, 4 * width, image)
            num_in, image_in = 4 * width, image
    yield _dense(num_in, NUM_CLASSES)


INCEPTION_V3 = (
    *(
        (928, 19181664),
        (9280, 199148544),
        (18560, 398297088),
        (5280, 27284480),
    ),  # 3x3, 3x3, 3x3, 1x1
    (138624, 696867840),  # 3x3
    *((255904, 312345600), (277472, 338688000), (285152, 348096000)),  # at 35 x 35
    (1153280, 401937408),  # down to 17 x 17
    *((1297408, 374063104), (1691008, 487702528), (1691008, 487702528), (2141952, 617914368)),
    (3326696, 5683200),  # the auxiliary classifier
    (1698304, 291004416),  # down to 8 x 8
    *((5044608, 322437120), (6076800, 388497408)),
    (2049000, 2048000),  # dense
)
"""Parameters and multiply-adds of Inception-v3 (Szegedy et al. 2016, table 1), its modules whole,
with the widths that torchvision's `inception_v3` has.
"""


def _inception_v3() -> Iterator[Layer]:
    for num_parameters, multiply_adds in INCEPTION_V3:
        yield Layer(num_parameters=num_parameters, multiply_adds=multiply_adds)


LAYERS = MappingProxyType(
    {
        "alexnet": _alexnet,
        "vgg16": _vgg16,
        "resnet50": lambda: _resnet(3, 4, 6, 3),
        "resnet101": lambda: _resnet(3, 4, 23, 3),
        "resnet152": lambda: _resnet(3, 8, 36, 3),
        "inception_v3": _inception_v3,
    }
)
