"""What a partner and the proxy do with ciphertexts, and what the proxy can't."""

import numpy as np
import pytest
import tenseal
import torch

from runners.homomorphic.adder import Adder
from runners.homomorphic.key_holder import KeyHolder, new_key
from tests.runners.homomorphic.schemes import SMALL, USUAL


@pytest.fixture(scope="module")
def holder() -> KeyHolder:
    return KeyHolder(new_key(USUAL), USUAL)


def test_numbers_come_back(holder: KeyHolder) -> None:
    numbers = torch.linspace(-3, 3, 5000)
    ciphertexts = holder.encrypt(numbers, 10.0)
    assert len(ciphertexts) == 2  # 4,096 and 904
    assert holder.decrypt(ciphertexts) == pytest.approx(numbers.numpy(), abs=1e-7)
    assert len(holder.decrypt(ciphertexts)) == 5000


def test_ciphertexts_of_one_number_differ(holder: KeyHolder) -> None:
    one, two = (holder.encrypt(torch.ones(1), 1.0)[0] for _ in range(2))
    assert one != two


def test_the_sum_of_three_by_hand(holder: KeyHolder) -> None:
    adder = Adder(holder.public_part())
    for numbers in ([1.0, -2.0], [0.5, 0.25], [10.0, 1.0]):
        adder.add(holder.encrypt(torch.tensor(numbers), 100.0))
    # 1 + 0.5 + 10 and -2 + 0.25 + 1
    assert holder.decrypt(adder.take()) == pytest.approx([11.5, -0.75], abs=1e-7)
    assert adder.take() == []


def test_a_sum_begins_anew_when_it_was_taken(holder: KeyHolder) -> None:
    adder = Adder(holder.public_part())
    for number in (1.0, 2.0):
        adder.add(holder.encrypt(torch.tensor([number]), 10.0))
        assert holder.decrypt(adder.take()) == pytest.approx([number], abs=1e-7)


def test_updates_of_different_sizes_are_not_added(holder: KeyHolder) -> None:
    adder = Adder(holder.public_part())
    adder.add(holder.encrypt(torch.zeros(4096), 1.0))
    with pytest.raises(ValueError, match="zip"):
        adder.add(holder.encrypt(torch.zeros(4097), 1.0))


def test_what_the_proxy_holds_has_no_key_and_decrypts_nothing(holder: KeyHolder) -> None:
    ciphertexts = holder.encrypt(torch.ones(3), 1.0)
    context = Adder(holder.public_part()).context
    assert context.has_public_key() and not context.has_secret_key()
    with pytest.raises(ValueError, match="doesn't hold a secret_key"):
        tenseal.ckks_vector_from(context, ciphertexts[0]).decrypt()
    other = KeyHolder(new_key(USUAL), USUAL)  # nor does a key of its own
    assert np.abs(other.decrypt(ciphertexts) - 1).min() > 1e3


def test_the_proxy_refuses_a_key() -> None:
    with pytest.raises(ValueError, match="the proxy must not hold the secret key"):
        Adder(new_key(SMALL))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 8.1, -8.1])
def test_refuses_numbers_that_a_sum_has_no_room_for(holder: KeyHolder, bad: float) -> None:
    with pytest.raises(ValueError, match="must be finite and at most 8 to be encrypted"):
        holder.encrypt(torch.tensor([0.0, bad, 0.0]), 8.0)


def test_the_largest_numbers_that_are_allowed_do_not_overflow() -> None:
    """4 updates of 2^20 each, whose sum is 2^22 of the 2^23 that 54 bits of Q and 30 of Δ leave."""
    holder = KeyHolder(new_key(SMALL), SMALL)
    adder = Adder(holder.public_part())
    most = SMALL.most_absolute(4)
    assert most == 2.0**20
    for sign in (1, 1, 1, 1):
        adder.add(holder.encrypt(torch.full((2048,), sign * most), most))
    assert holder.decrypt(adder.take()) == pytest.approx(np.full(2048, 4 * most), rel=1e-6)
