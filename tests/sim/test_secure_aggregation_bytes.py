"""Sizes of secure aggregation, worked by hand, and those that Bonawitz et al. (2017) give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.secure_aggregation_bytes import client_bits, expansion


def test_by_hand() -> None:
    # R = 3 * (2**2 - 1) + 1 = 10 needs 4 bits: 2*3*256 + (5*3 - 4)*256 + 100*4
    assert client_bits(3, 100, 2) == 1536 + 2816 + 400


def test_a_modulus_that_is_a_power_of_two_needs_no_bit_more() -> None:
    # R = 1 * (2**4 - 1) + 1 = 16 has exactly 4 bits
    assert client_bits(1, 1000, 4) == 512 + 256 + 4000


@pytest.mark.parametrize(
    ("num_users", "length", "published"), [(2**10, 2**20, 1.73), (2**14, 2**24, 1.98)]
)
def test_the_papers_expansions(num_users: int, length: int, published: float) -> None:
    assert expansion(num_users, length, 16) == pytest.approx(published, abs=0.005)


@given(st.integers(1, 10**5), st.integers(1, 10**7), st.integers(1, 64))
def test_no_sum_overflows_and_no_bit_is_spare(users: int, length: int, bits: int) -> None:
    masked = client_bits(users, length, bits) - 2 * users * 256 - (5 * users - 4) * 256
    entry_bits, rest = divmod(masked, length)
    largest_sum = users * (2**bits - 1)
    assert rest == 0
    assert 2 ** (entry_bits - 1) < largest_sum + 1 <= 2**entry_bits
