"""CKKS' parameters against numbers by hand, and what is refused."""

import dataclasses
from typing import Any

import pytest
import tenseal

from runners.homomorphic import MOST_MODULUS_BITS
from tests.runners.homomorphic.schemes import SMALL, USUAL


def test_slots_and_bytes_by_hand() -> None:
    assert USUAL.num_slots == 4096
    assert USUAL.modulus_bits == 60 + 40 + 40
    assert USUAL.packed_bytes() == 2 * 8192 * 140 // 8 == 286_720
    assert USUAL.unpacked_bytes() == 2 * 8192 * 3 * 8 == 393_216


@pytest.mark.parametrize(("size", "num"), [(1, 1), (4096, 1), (4097, 2), (200_000, 49)])
def test_ciphertexts_that_numbers_take(size: int, num: int) -> None:
    assert USUAL.num_ciphertexts(size) == num  # 200,000 / 4,096 = 48.8


def test_room_for_sums_by_hand() -> None:
    # 140 bits less 40 of the scale and 2 of safety: 2^98, shared by 8 updates
    assert USUAL.most_absolute(1) == 2.0**98
    assert USUAL.most_absolute(8) == 2.0**95
    assert SMALL.most_absolute(1) == 2.0 ** (54 - 2 - 30)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"poly_modulus_degree": 8000}, "poly_modulus_degree must be one of .* got 8000; try"),
        ({"coeff_mod_bit_sizes": (60,)}, r"two numbers or more.* got \[60\]; try"),
        ({"coeff_mod_bit_sizes": (61, 60)}, r"between 20 and 60, got \[61, 60\]"),
        ({"coeff_mod_bit_sizes": (60, 19)}, r"between 20 and 60, got \[60, 19\]"),
        ({"coeff_mod_bit_sizes": (60, 60, 60, 39)}, "at most 218 .* which is 219; try fewer"),
        ({"scale_bits": 19}, "scale_bits must be at least 20, got 19"),
        ({"coeff_mod_bit_sizes": (49, 60)}, "scale_bits must be at most 39, .* got 40"),
    ],
)
def test_refuses_parameters_that_are_not_safe_or_have_no_room(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(USUAL, **changes)


def test_the_most_that_is_allowed_is_allowed() -> None:
    dataclasses.replace(USUAL, coeff_mod_bit_sizes=(60, 60, 60, 38))  # 218
    dataclasses.replace(USUAL, coeff_mod_bit_sizes=(50, 60))  # 10 bits of room


@pytest.mark.parametrize(("degree", "most"), list(MOST_MODULUS_BITS.items())[:4])
def test_seal_has_the_same_limits(degree: int, most: int) -> None:
    """SEAL refuses what is less than 128 bits safe, by the same table."""

    def context(num_bits: int) -> tenseal.Context:
        num_primes = max(2, -(-num_bits // 60))
        bits = [(num_bits + number) // num_primes for number in range(num_primes)]
        return tenseal.context(
            tenseal.SCHEME_TYPE.CKKS, degree, coeff_mod_bit_sizes=bits, n_threads=1
        )

    assert context(most).has_secret_key()
    with pytest.raises(ValueError, match="encryption parameters are not set correctly"):
        context(most + 1)
