"""A row's steps do not depend on the rows beside it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.optimizer import Optimizer, State
from runners.optimizer.adam import Adam
from runners.optimizer.adamw import AdamW
from runners.optimizer.sgd import Sgd

RATE = {"learning_rate": 0.01}
MOMENTS = {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8, "weight_decay": 0.01}
OPTIMIZERS: list[Optimizer] = [
    Sgd(**RATE, momentum=0.0, nesterov=False, weight_decay=0.1, l1=0.1),
    Sgd(**RATE, momentum=0.9, nesterov=True, weight_decay=0.0, l1=0.0),
    Adam(**RATE, **MOMENTS, l1=0.1),
    AdamW(**RATE, **MOMENTS),
]


def stepped(optimizer: Optimizer, weights: torch.Tensor, steps: list[torch.Tensor]) -> torch.Tensor:
    weights, state = weights.clone(), State()
    for gradients in steps:
        optimizer.step(weights, gradients.clone(), state, optimizer.learning_rate)
    return weights


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda one: type(one).__name__)
@given(
    num_rows=st.integers(1, 5),
    num_weights=st.integers(1, 40),
    num_steps=st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
def test_rows_are_apart(
    optimizer: Optimizer, num_rows: int, num_weights: int, num_steps: int, seed: int
) -> None:
    rng = torch.Generator().manual_seed(seed)
    weights = torch.randn(num_rows, num_weights, generator=rng)
    steps = [torch.randn(num_rows, num_weights, generator=rng) for _ in range(num_steps)]
    together = stepped(optimizer, weights, steps)
    for row in range(num_rows):
        some = slice(row, row + 1)
        alone = stepped(optimizer, weights[some], [gradients[some] for gradients in steps])
        torch.testing.assert_close(together[some], alone, rtol=1e-6, atol=1e-7)
