"""Sums of encrypted updates among ranks, which are threads here and processes in
tests/parallel/test_ckks.py.
"""

import pickle
from typing import Any

import numpy as np
import pytest
import tenseal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.homomorphic import encrypted_sum
from runners.homomorphic.encrypted_sum import EncryptedSum
from runners.homomorphic.frames import unpack
from runners.homomorphic.keys import Keys, share_keys
from tests.runners.homomorphic.schemes import SMALL
from tests.runners.homomorphic.thread_ranks import ThreadRanks, on_threads


def rows_of(num_updates: int, size: int, seed: int) -> torch.Tensor:
    return torch.randn(num_updates, size, generator=torch.Generator().manual_seed(seed))


def summed(ranks: ThreadRanks, rows: torch.Tensor) -> tuple[torch.Tensor, Keys]:
    """Return the sum of rows, every size-th of which this rank hosts."""
    keys = share_keys(SMALL, ranks)
    sum_ = EncryptedSum(rows.shape[1], SMALL, keys, ranks)
    for number in range(ranks.rank, len(rows), ranks.size):
        sum_.add(rows[number : number + 1], [number])
    return sum_.finish(), keys


@settings(deadline=None, max_examples=12)
@given(
    num_ranks=st.integers(1, 3),
    num_updates=st.integers(1, 5),
    size=st.sampled_from([1, 2047, 2048, 2049, 5000]),
    seed=st.integers(0, 99),
)
def test_it_is_the_plain_sum_on_all_ranks(
    num_ranks: int, num_updates: int, size: int, seed: int
) -> None:
    rows = rows_of(num_updates, size, seed)
    results = on_threads(num_ranks, lambda ranks: summed(ranks, rows))
    for total, _ in results:
        assert total.dtype == torch.float64
        assert total.shape == (size,)
        np.testing.assert_allclose(total, rows.double().sum(dim=0), atol=1e-4)  # Δ is 2^30
        assert torch.equal(total, results[0][0])


def test_blocks_of_a_large_model_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted_sum, "NUM_IN_BLOCK", 2)  # 4,096 numbers of 9,000
    rows = rows_of(3, 9000, 0)
    for total, _ in on_threads(2, lambda ranks: summed(ranks, rows)):
        np.testing.assert_allclose(total, rows.double().sum(dim=0), atol=1e-4)


def test_a_sum_of_nothing_is_zero() -> None:
    totals = [total for total, _ in on_threads(2, lambda ranks: summed(ranks, torch.zeros(0, 7)))]
    assert all(torch.equal(total, torch.zeros(7, dtype=torch.float64)) for total in totals)


def test_rows_may_be_overwritten_after_they_were_added() -> None:
    def work(ranks: ThreadRanks) -> torch.Tensor:
        rows = torch.ones(1, 3)
        sum_ = EncryptedSum(3, SMALL, share_keys(SMALL, ranks), ranks)
        sum_.add(rows, [0])
        rows.zero_()
        return sum_.finish()

    assert on_threads(1, work)[0] == pytest.approx(torch.ones(3).double(), abs=1e-4)


def test_a_diverged_update_is_told() -> None:
    rows = torch.tensor([[1.0, float("nan")], [0.0, 0.0]])
    with pytest.raises(ValueError, match=r"training may have diverged: try a lower task\.opt"):
        on_threads(2, lambda ranks: summed(ranks, rows))


def test_updates_share_the_room_of_the_sum() -> None:
    """One may be 2^22 (54 bits of Q, less 30 of Δ and 2), so of two each may be 2^21."""
    rows = torch.full((2, 3), 2.0**21)
    assert on_threads(2, lambda ranks: summed(ranks, rows))[0][0][0] == pytest.approx(2.0**22)
    with pytest.raises(ValueError, match=r"at most 2\.09715e\+06 to be encrypted"):
        on_threads(2, lambda ranks: summed(ranks, rows * 1.5))


def received(ranks: ThreadRanks, rows: torch.Tensor) -> dict[str, Any]:
    _, keys = summed(ranks, rows)
    return {
        "messages": ranks.received,
        "public": keys.adder and keys.adder.context.serialize(),
        "has_key": keys.adder and keys.adder.context.has_secret_key(),
        "holder": keys.holder,
    }


def test_the_proxy_gets_ciphertexts_of_each_update_and_cannot_read_them() -> None:
    rows = rows_of(5, 2100, 1)
    first, second = on_threads(2, lambda ranks: received(ranks, rows))
    updates = [message for name, message in first["messages"] if name == "ckks update" and message]
    assert len(updates) == 5  # of each partner one, not one of each rank
    context = tenseal.context_from(first["public"], n_threads=1)
    assert first["has_key"] is False and not context.has_secret_key()
    for message in updates:
        for ciphertext in unpack(message):
            with pytest.raises(ValueError, match="doesn't hold a secret_key"):
                tenseal.ckks_vector_from(context, ciphertext).decrypt()
        assert not contains_numbers_of(message, rows)
    decrypted = [second["holder"].decrypt(unpack(message)) for message in updates]
    for row in rows:  # and they are the updates, to who has the key
        assert any(np.abs(numbers - row.numpy()).max() < 1e-4 for numbers in decrypted)


def test_partners_get_the_key_and_sums_and_no_update_of_others() -> None:
    _, second = on_threads(2, lambda ranks: received(ranks, rows_of(5, 2100, 1)))
    kinds = {name for name, message in second["messages"] if message}
    assert kinds == {"ckks key", "ckks sum"}
    assert second["has_key"] is None  # and no part of the proxy


def contains_numbers_of(message: bytes, rows: torch.Tensor) -> bool:
    """Return whether two neighbours of a row stand in the message as float32, or any number as
    float64: 8 bytes, at any place, which random bytes hardly ever are.
    """
    pairs = torch.stack([rows[:, :-1], rows[:, 1:]], dim=2).numpy()
    plain = np.concatenate([pairs.reshape(-1).view("u8"), rows.double().numpy().ravel().view("u8")])
    padded = message + bytes(8)
    num_words = len(message) // 8
    return any(
        bool(np.isin(np.frombuffer(padded, "u8", num_words, offset), plain).any())
        for offset in range(8)
    )


def test_the_search_for_plain_numbers_finds_them() -> None:
    rows = rows_of(2, 12, 0)
    assert contains_numbers_of(b"xyz" + rows[1, 4:6].numpy().tobytes(), rows)
    assert contains_numbers_of(pickle.dumps(rows.double().numpy()[1]), rows)
    assert contains_numbers_of(b"1234567" + rows[0, 11:].double().numpy().tobytes(), rows)
    assert not contains_numbers_of(bytes(range(100)), rows)
