"""Rounding to what is sent: numbers by hand, error bounds, and what must survive."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.learner.wire_precision import rounded

PRECISIONS = (4.0, 2.0, 1.0, 0.5)
each_precision = pytest.mark.parametrize("num_bytes", PRECISIONS)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_4_bytes_are_float32() -> None:
    assert torch.equal(rounded(normal(100), 4.0), normal(100))
    third = torch.tensor([1 / 3], dtype=torch.float64)
    assert rounded(third, 4.0).item() == float(torch.tensor(1 / 3, dtype=torch.float32))


def test_2_bytes_by_hand() -> None:
    # 8 bits of significand: between 1 and 2 steps of 1/128, and a tie goes to the even one
    update = torch.tensor([1 + 1 / 128, 1 + 1 / 256, 1 + 3 / 256, 1 + 1 / 200, -3.0])
    assert rounded(update, 2.0).tolist() == [1 + 1 / 128, 1.0, 1 + 4 / 256, 1 + 1 / 128, -3.0]


def test_1_byte_by_hand() -> None:
    # with 448 the largest, the scale is 1: 16 to 32 in steps of 2, ties to the even one; the least
    # is 2^-9, half of it becomes 0
    update = torch.tensor([448.0, 17.9, 17.0, 19.0, -(2.0**-9), 2.0**-10, 3 * 2.0**-11])
    assert rounded(update, 1.0).tolist() == [448.0, 18.0, 16.0, 20.0, -(2.0**-9), 0.0, 2.0**-9]


def test_half_a_byte_by_hand() -> None:
    # scale 64, so the levels are 0, 1, 2, 4, 8, 16, 32, 64, and between them what is nearer
    update = torch.tensor([64.0, -33.0, 47.0, 49.0, 1.4, 1.6, 0.6, 0.4, -0.6])
    assert rounded(update, 0.5).tolist() == [64.0, -32.0, 32.0, 64.0, 1.0, 2.0, 1.0, 0.0, -1.0]


def test_half_a_byte_has_16_codes_and_no_more() -> None:
    values = rounded(torch.linspace(-1, 1, 10_001), 0.5)
    assert len(values.unique()) == 15  # 0 and -0 are one


@pytest.mark.parametrize(
    ("num_bytes", "relative", "absolute"),
    [
        (4.0, 0.0, 0.0),
        (2.0, 2.0**-8, 0.0),  # half a step of 2^-7
        (1.0, 2.0**-4, 2.0**-10 / 448),  # half a step of 2^-3; half of the least number
        (0.5, 1 / 3, 2.0**-7),  # at 3/2 of a level 1/2 of it is lost; half of the least level
    ],
)
def test_no_number_is_further_off_than_half_a_step(
    num_bytes: float, relative: float, absolute: float
) -> None:
    update = normal(10_000)
    error = (rounded(update, num_bytes) - update).abs()
    bound = torch.maximum(relative * update.abs(), absolute * update.abs().max())
    assert (error <= bound * (1 + 1e-5)).all()
    assert not relative or (error / bound).max() > 0.9  # the bound is no larger than need be


@each_precision
@pytest.mark.parametrize("largest", [1.0, 2.0**-20, 2.0**20])
def test_the_largest_and_its_halves_survive(num_bytes: float, largest: float) -> None:
    update = largest * torch.tensor([0.5**halvings for halvings in range(7)])
    assert torch.equal(rounded(update, num_bytes), update)


@each_precision
@settings(deadline=None)
@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=20))
def test_zeros_and_signs_stay_and_no_number_outgrows_the_largest(
    num_bytes: float, values: list[float]
) -> None:
    update = torch.tensor(values)
    result = rounded(update, num_bytes)
    assert not result[update == 0].any()
    assert (result * update >= 0).all()
    assert result.abs().max() <= update.abs().max() * (1 + 2.0**-8)


@each_precision
def test_rounding_again_changes_nothing(num_bytes: float) -> None:
    once = rounded(normal(1000), num_bytes)
    assert torch.equal(rounded(once, num_bytes), once)


@each_precision
def test_rows_are_rounded_each_by_itself(num_bytes: float) -> None:
    rows = normal(3, 40) * torch.tensor([[1e-6], [1.0], [1e6]])
    each = torch.stack([rounded(row, num_bytes) for row in rows])
    assert torch.equal(rounded(rows, num_bytes), each)


@each_precision
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_stays_and_so_does_the_update(num_bytes: float, dtype: torch.dtype) -> None:
    update = normal(40).to(dtype)
    before = update.clone()
    assert rounded(update, num_bytes).dtype == dtype
    assert torch.equal(update, before)


@each_precision
def test_zeros_stay_zeros_and_nan_shows(num_bytes: float) -> None:
    assert not rounded(torch.zeros(2, 5), num_bytes).any()
    assert rounded(torch.tensor([1.0, torch.nan]), num_bytes)[1].isnan()


@pytest.mark.parametrize("num_bytes", [3.0, 0.25, 8.0])
def test_refuses_other_precisions(num_bytes: float) -> None:
    with pytest.raises(
        ValueError,
        match=r"^mode\.wire_bytes_per_parameter must be one of 4, 2, 1, 0\.5 where training is "
        rf"real, got {num_bytes}; try mode\.wire_bytes_per_parameter=2\.0",
    ):
        rounded(normal(3), num_bytes)
