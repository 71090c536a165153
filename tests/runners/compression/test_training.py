"""Federated averaging of logistic regression on digits, with each option between the partners and
the proxy: what it costs in accuracy. Plain torch, no ranks.
"""

import numpy as np
import pytest
import torch

from runners.compression import Compression, Layout
from runners.data.digits import Digits
from tests.runners.compression.options import (
    ALL,
    FLOAT16,
    int4,
    int8,
    merge_of,
    powersgd,
    random_k,
    sign,
    top_k,
)

NUM_PARTNERS, NUM_ROUNDS, LOCAL_STEPS, RATE = 10, 80, 5, 0.5
LAYOUT = Layout(tensor_shapes=((10, 64), (10,)))

SETTINGS: dict[str, Compression] = {
    "float16": FLOAT16,
    "int8": int8(256),
    "int4": int4(64),
    "top_k": top_k(0.02),
    "random_k": random_k(0.1),
    "shared_random_k": random_k(0.1, shared_support=True),
    "unbiased_random_k": random_k(0.25, error_feedback=False),
    "sign": sign(),
    "powersgd": powersgd(1),
}


def gradients(weights: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the gradient of each partner's mean cross entropy, (num_partners, 650)."""
    matrices, biases = weights[:, :640].unflatten(1, (10, 64)), weights[:, None, 640:]
    outputs = inputs @ matrices.mT + biases
    slopes = (outputs.softmax(dim=2) - torch.eye(10)[targets]) / inputs.shape[1]
    return torch.cat([(slopes.mT @ inputs).flatten(1), slopes.sum(dim=1)], dim=1)


def accuracy(option: Compression) -> float:
    """Return the accuracy on the held-out digits after all rounds; partner i holds mostly the
    digits i and i + 1.
    """
    samples = Digits().samples()
    order = np.argsort(samples.train_targets, kind="stable")[:1430]
    inputs = torch.from_numpy(samples.train[order]).view(NUM_PARTNERS, -1, 64)
    targets = torch.from_numpy(samples.train_targets[order]).view(NUM_PARTNERS, -1)
    model, memory = torch.zeros(LAYOUT.size), {}
    for number in range(NUM_ROUNDS):
        ends = model.repeat(NUM_PARTNERS, 1)
        for _ in range(LOCAL_STEPS):
            ends -= RATE * gradients(ends, inputs, targets)
        merge = merge_of(range(NUM_PARTNERS), number=number, memory=memory)
        model += option.compress(ends - model, merge.partners, merge, LAYOUT).mean(dim=0)
    outputs = torch.from_numpy(samples.test).flatten(1) @ model[:640].view(10, 64).T + model[640:]
    return (outputs.argmax(dim=1) == torch.from_numpy(samples.test_targets)).float().mean().item()


@pytest.fixture(scope="module")
def plain() -> float:
    return accuracy(ALL["none"])


def test_plain_averaging_learns(plain: float) -> None:
    assert plain > 0.85


@pytest.mark.parametrize("name", SETTINGS)
def test_averaging_with_compression_learns_about_as_well(name: str, plain: float) -> None:
    assert accuracy(SETTINGS[name]) > plain - 0.05


def test_signs_need_the_error_feedback(plain: float) -> None:
    assert accuracy(sign(error_feedback=False)) < plain - 0.2
