"""Data-parallel steps by hand: gradients are ready when their layer's part of the pass is over."""

from typing import Any

import pytest

from runners.published.image_training import Training, rate_of, throughput
from runners.published.models import Layer, Model
from runners.published.simulation import Access
from sim.protocol.fusion import Fusion
from sim.topology.star import Star

# Two layers in forward order: 100 numbers and 3/4 of the time, 300 numbers and 1/4.
TWO_LAYERS = Model(
    layers=(
        Layer(num_parameters=100, multiply_adds=300),
        Layer(num_parameters=300, multiply_adds=100),
    )
)


def training(**changes: Any) -> Training:
    """Two GPUs, 12 s a step: 4 s forward, 8 s backward; 1,600 bytes of gradients."""
    values: dict[str, Any] = {
        "model": TWO_LAYERS,
        "gradient_bytes": 1600,
        "num_gpus": 2,
        "batch_size": 12,
        "num_steps": 1,
        "samples_per_s": 1.0,
        "step_sigma": 0.0,
        "access": Access(bytes_per_s=200.0, latency_sim_s=0.0),
        "topology": Star(backbone_bytes_per_s=None),
        "fusion": Fusion(buffer_bytes=1.0, cycle_sim_s=1.0, coordinator="none"),
        "seed": 0,
    }
    return Training(**(values | changes))


def test_a_step_by_hand() -> None:
    # The second layer is ready at 4 + 8 / 4 = 6 s; a ring of two sends each byte once: 1,200 / 200
    # = 6 s, to 12 s. The first is ready at 12 s and takes 400 / 200 = 2 s, to 14 s.
    assert throughput(training()) == pytest.approx(2 * 12 / 14)


def test_what_is_hidden_costs_nothing() -> None:
    # Ten times as fast: the second layer is done at 6.6 s, the first takes 0.2 s after the step.
    fast = Access(bytes_per_s=2000.0, latency_sim_s=0.0)
    assert throughput(training(access=fast)) == pytest.approx(2 * 12 / 12.2)


def test_slow_links_set_the_pace() -> None:
    # From 6 s on 1,600 bytes at 10 bytes/s: 166 s.
    slow = Access(bytes_per_s=10.0, latency_sim_s=0.0)
    assert throughput(training(access=slow)) == pytest.approx(2 * 12 / 166)


def test_one_gpu_does_what_it_does_alone() -> None:
    assert throughput(training(num_gpus=1, samples_per_s=7.0)) == pytest.approx(7.0)


def test_a_rate_between_relatives() -> None:
    # multiply-adds 4,089,184,256 / 7,801,405,440 / 11,513,626,624: the middle of both, to the digit
    known = {"resnet50": 1 / 3, "resnet152": 1 / 9, "vgg16": 50.0}
    assert rate_of("resnet101", known) == pytest.approx(1 / 6)
    assert rate_of("vgg16", known) == 50.0


def test_a_rate_that_nothing_tells_is_refused() -> None:
    with pytest.raises(ValueError, match="the rate of resnet101 on one GPU must be known"):
        rate_of("resnet101", {"resnet50": 219.0})
