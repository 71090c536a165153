"""sign: a message by hand, and what it leaves over."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.compression import Layout
from tests.runners.compression.options import compressed, merge_of, rows, sign

TWO = Layout(tensor_shapes=((2, 2), (3,)))


def test_a_message_by_hand() -> None:
    update = torch.tensor([[1.0, -2.0, 0.0, 5.0, -6.0, 6.0, -3.0]])
    # means of sizes are 8 / 4 and 15 / 3; places 0, 2, 3 and 5 are not negative: 1 + 4 + 8 + 32
    packed, scales = sign().encode(update, (0,), merge_of((0,)), TWO)
    assert (packed.tolist(), scales.tolist()) == ([[45]], [[2.0, 5.0]])
    decoded = compressed(sign(), update, TWO, merge_of((0,)))
    assert decoded.tolist() == [[2.0, -2.0, 2.0, 2.0, -5.0, 5.0, -5.0]]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_what_is_left_over_of_each_tensor(seed: int) -> None:
    updates = rows(3, 7, seed)
    left = updates - compressed(sign(), updates, TWO, merge_of(range(3)))
    for tensor, rest in zip(updates.split([4, 3], dim=1), left.split([4, 3], dim=1), strict=True):
        # |u − C(u)|² = |u|² − |u|₁² / d
        expected = tensor.square().sum(dim=1) - tensor.abs().sum(dim=1) ** 2 / tensor.shape[1]
        torch.testing.assert_close(rest.square().sum(dim=1), expected, rtol=1e-4, atol=1e-5)
