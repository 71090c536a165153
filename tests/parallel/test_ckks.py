"""Homomorphic encryption among two real ranks: the sum is the plain one, and what the proxy's rank
gets can't be read with what the proxy holds.
"""

from typing import Any

import numpy as np
import pytest
import tenseal
import torch

from runners.homomorphic.frames import unpack
from runners.homomorphic.key_holder import KeyHolder
from tests.parallel.ckks_rank import NUM_MERGES, NUM_UPDATES, updates
from tests.parallel.conftest import Train
from tests.parallel.on_ranks import on_ranks
from tests.runners.homomorphic.schemes import USUAL
from tests.runners.homomorphic.test_encrypted_sum import contains_numbers_of

PROXY, OTHER = 0, 1


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each of two ranks saw."""
    return on_ranks(2, "tests.parallel.ckks_rank", tmp_path_factory.mktemp("ckks"))


def received(seen: dict[str, Any], name: str) -> list[bytes]:
    """Return the messages of this name that a rank got."""
    return [
        message
        for kind, called, _, messages in seen["calls"]
        if kind == "bytes" and called == name
        for message in messages
        if message
    ]


def test_the_sum_is_the_plain_one_on_both_ranks(seen: list[dict[str, Any]]) -> None:
    for number in range(NUM_MERGES):
        total = seen[PROXY]["totals"][number]
        np.testing.assert_allclose(total, updates(number).double().sum(dim=0), atol=1e-6)
        assert torch.equal(total, seen[OTHER]["totals"][number])


def test_ranks_pass_on_nothing_but_keys_ciphertexts_and_counts(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        kinds = {(kind, name) for kind, name, _, _ in one["calls"]}
        assert kinds == {
            ("bytes", "ckks key"),
            ("bytes", "ckks public key"),
            ("bytes", "ckks update"),
            ("bytes", "ckks sum"),
            ("gather", "ckks updates"),
        }
        counts = [values for kind, _, _, values in one["calls"] if kind == "gather"]
        assert counts == [[3, 2]] * NUM_MERGES  # of five partners


def test_the_proxys_part_has_no_key(seen: list[dict[str, Any]]) -> None:
    assert seen[PROXY]["adder_has_key"] is False
    assert seen[OTHER]["adder_has_key"] is None  # no proxy there
    (public,) = received(seen[PROXY], "ckks public key")
    assert not tenseal.context_from(public, n_threads=1).has_secret_key()


def test_the_proxys_rank_gets_each_update_encrypted(seen: list[dict[str, Any]]) -> None:
    messages = received(seen[PROXY], "ckks update")
    assert len(messages) == NUM_UPDATES * NUM_MERGES
    context = tenseal.context_from(seen[PROXY]["adder_context"], n_threads=1)
    plain = torch.cat([updates(number) for number in range(NUM_MERGES)])
    for message in messages:
        with pytest.raises(ValueError, match="doesn't hold a secret_key"):
            tenseal.ckks_vector_from(context, unpack(message)[0]).decrypt()
        assert not contains_numbers_of(message, plain)


def test_with_the_partners_key_these_are_the_updates(seen: list[dict[str, Any]]) -> None:
    """Shows that the tests above looked at the right bytes."""
    (key,) = received(seen[OTHER], "ckks key")
    holder = KeyHolder(key, USUAL)
    messages = received(seen[PROXY], "ckks update")[:NUM_UPDATES]
    numbers = [holder.decrypt(unpack(message)) for message in messages]
    for row in updates(0).numpy():
        assert min(np.abs(one - row).max() for one in numbers) < 1e-6


def test_no_update_goes_to_another_rank_than_the_proxys(seen: list[dict[str, Any]]) -> None:
    assert received(seen[OTHER], "ckks update") == []


def test_a_run_ends_where_the_plain_run_does(train: Train) -> None:
    """Accuracies differ by less than 0.001 on the same seed, here on the digits."""
    setting = ("mode=proxy/federated", "scenario=uniform", "scenario.num_partners=4")
    plain, encrypted = (
        train(*setting, "learner.num_ranks=2", f"privacy={privacy}")
        for privacy in ("none", "[ckks]")
    )
    for column, most in (("test_accuracy", 0.001), ("test_loss", 1e-5)):
        ours, theirs = encrypted.curve(column), plain.curve(column)
        assert ours == pytest.approx(theirs, abs=most, nan_ok=True), column
    assert encrypted.record["metrics"]["overall"]["accuracy"] == pytest.approx(
        plain.record["metrics"]["overall"]["accuracy"], abs=0.001
    )
