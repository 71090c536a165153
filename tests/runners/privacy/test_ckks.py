"""Homomorphic encryption as a mechanism: sums, sizes, costs, what it refuses, and what it says."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from runners.privacy import Load, Mechanism, Merge, Sampling
from runners.privacy.ckks import Ckks
from tests.runners.homomorphic.thread_ranks import ThreadRanks, on_threads

CONF = Path(__file__).parents[3] / "conf" / "privacy" / "ckks.yaml"
EVERYONE = Sampling(kind="everyone", num_partners=10, num_chosen=10)


def ckks(**changes: Any) -> Ckks:
    """Return the option with its own settings."""
    values: Any = OmegaConf.to_container(OmegaConf.load(CONF))
    del values["_target_"]
    values["coeff_mod_bit_sizes"] = tuple(values["coeff_mod_bit_sizes"])
    return Ckks(**values | changes)


def merge(number: int, run: int) -> Merge:
    return Merge(number=number, partners=(0, 1, 2), dropped=(), num_partners=3, seed=0, secret=run)


def summed(ranks: ThreadRanks, number: int, run: int) -> torch.Tensor:
    """Return 1 + 2 + 3 of three partners, twice over."""
    sum_ = ckks().begin_sum(2, merge(number, run), ranks)
    mine = [partner for partner in range(3) if partner % ranks.size == ranks.rank]
    sum_.add(torch.tensor([[partner + 1.0] * 2 for partner in mine]), mine)
    return sum_.finish()


@pytest.mark.parametrize("num_ranks", [1, 2])
def test_the_sum_is_the_plain_one(num_ranks: int) -> None:
    for total in on_threads(num_ranks, lambda ranks: summed(ranks, 0, 7)):
        assert total == pytest.approx(torch.full((2,), 6.0).double(), abs=1e-6)


def test_each_run_has_a_key_of_its_own() -> None:
    def work(ranks: ThreadRanks) -> list[int]:
        num_shared = []
        for number, run in enumerate([7, 7, 8, 8, 7]):
            summed(ranks, number, run)
            num_shared.append(sum(name == "ckks key" for name, _ in ranks.received) // ranks.size)
        return num_shared

    assert on_threads(2, work) == [[1, 1, 2, 2, 3]] * 2


def test_wire_bytes_by_hand() -> None:
    # 200,000 / 4,096 = 48.8 slots, so 49 ciphertexts
    load = Load(num_parameters=200_000, num_partners=10)
    assert ckks().wire_bytes(800_000, load) == 49 * 331_400
    assert ckks().wire_bytes(400_000, load) == 49 * 331_400  # float16 saves nothing


def test_wire_bytes_are_those_of_what_is_sent() -> None:
    option = ckks()

    def work(ranks: ThreadRanks) -> int:
        sum_ = option.begin_sum(10_000, merge(0, 7), ranks)
        sum_.add(torch.randn(1, 10_000), [0])
        sum_.finish()
        return sum(len(message) for name, message in ranks.received if name == "ckks update")

    said = option.wire_bytes(40_000, Load(num_parameters=10_000, num_partners=1))
    assert on_threads(1, work)[0] == pytest.approx(said, rel=0.005)


def test_cost_by_hand() -> None:
    option = ckks(
        encrypted_ciphertexts_per_s=100.0,
        added_ciphertexts_per_s=1000.0,
        serialised_ciphertexts_per_s=500.0,
        decrypted_ciphertexts_per_s=200.0,
    )
    cost = option.cost(Load(num_parameters=200_000, num_partners=10))
    assert cost.partner_sim_s == pytest.approx(49 / 100 + 49 / 200)
    assert cost.proxy_sim_s == pytest.approx(490 / 1000 + 49 / 500)
    assert cost.num_round_trips == 0


class Shorten(Mechanism):
    def scales(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return norms / norms.square()


class Blur(Mechanism):
    def protect(self, updates: torch.Tensor, partners: Any, merge: Merge) -> torch.Tensor:
        return updates + 1


@pytest.mark.parametrize("mechanism", [Shorten(), Blur()])
def test_refuses_what_changes_updates_after_they_are_encrypted(mechanism: Mechanism) -> None:
    ckks().check((mechanism,), ())
    ckks().check((), (Mechanism(),))
    with pytest.raises(
        ValueError,
        match=r"^privacy\.ckks must come after test_ckks, .* try 'privacy=\[test_ckks,ckks\]'$",
    ):
        ckks().check((), (Mechanism(), mechanism))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ciphertext_bytes": 286_719}, "^ciphertext_bytes must be between 286720 and 394240"),
        ({"ciphertext_bytes": 394_241}, "^ciphertext_bytes must be between 286720 and 394240"),
        # 393,216 + 1,024
        ({"coeff_mod_bit_sizes": (60, 60)}, "^ciphertext_bytes must be between 122880 and 132096"),
        ({"encrypted_ciphertexts_per_s": 0.0}, "^encrypted_ciphertexts_per_s must be finite"),
        ({"added_ciphertexts_per_s": -1.0}, "^added_ciphertexts_per_s must be finite"),
        ({"serialised_ciphertexts_per_s": 0.0}, "^serialised_ciphertexts_per_s must be finite"),
        ({"decrypted_ciphertexts_per_s": 0.0}, "^decrypted_ciphertexts_per_s must be finite"),
        ({"poly_modulus_degree": 1024}, "^poly_modulus_degree must be one of"),
    ],
)
def test_refuses_settings(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ckks(**changes)


def test_the_smaller_parameters_of_the_comment_are_allowed() -> None:
    assert ckks(coeff_mod_bit_sizes=(60, 60), ciphertext_bytes=131_217).scheme.modulus_bits == 60


def test_it_says_what_it_hides_and_is_a_secure_sum() -> None:
    option = ckks()
    assert option.is_secure_sum and option.needs_sum
    guarantee = option.guarantee(EVERYONE, 5)
    assert (guarantee.mechanism, guarantee.unit, guarantee.hidden_from) == (
        *("ckks", "update"),
        "proxy",
    )
    assert guarantee.epsilon is None and guarantee.delta is None
    assert "no decrypted sum goes back to the proxy" in guarantee.assumptions


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ckks().scale_bits = 3  # type: ignore[misc]
