"""What attackers see: updates, means of updates, or what is published."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from runners.audit.sight import sight
from runners.compression.stage import compressed
from runners.privacy import Mechanism, Merge
from runners.privacy.chain import Chain
from runners.privacy.none import Plain
from tests.runners.compression.options import random_k, vector

UPDATES = torch.tensor([[3.0, 4.0], [0.0, 1.0], [2.0, 0.0]])


@dataclass(frozen=True, kw_only=True)
class Halving(Mechanism):
    """Halve updates, add the merge's number to what is published, and count the partners."""

    needs_rows = True
    num_figures = 1

    def protect(self, updates: torch.Tensor, partners: Sequence[int], merge: Merge) -> torch.Tensor:
        assert list(partners) == [0]
        return updates.div_(2)

    def figures(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return norms.new_ones(len(norms), 1)

    def reveal(self, total: torch.Tensor, figures: torch.Tensor, merge: Merge) -> torch.Tensor:
        assert len(merge.partners) == merge.num_partners
        return total + 10 * merge.number + 100 * figures


@dataclass(frozen=True, kw_only=True)
class Summing(Mechanism):
    is_secure_sum = True


def seen(attacker: str, *mechanisms: Mechanism, num_partners: int = 2) -> list[list[float]]:
    see = sight(Chain(list(mechanisms)), attacker, num_partners=num_partners, seed=0)
    return see(UPDATES.clone()).tolist()


def test_without_privacy_the_proxy_sees_updates() -> None:
    assert seen("proxy", Plain()) == UPDATES.tolist()


def test_the_proxy_sees_what_leaves_a_partner() -> None:
    assert seen("proxy", Halving()) == [[1.5, 2.0], [0.0, 0.5], [1.0, 0.0]]


def test_behind_a_secure_sum_the_proxy_sees_means() -> None:
    # of each update and the one behind it; the last one's is the first
    assert seen("proxy", Summing()) == [[1.5, 2.5], [1.0, 0.5], [2.5, 2.0]]


def test_partners_see_what_is_published() -> None:
    # halves of these means, 100 for each of 2 partners, and 10 for each merge before
    assert seen("partner", Halving()) == [[200.75, 201.25], [210.5, 210.25], [221.25, 221.0]]


def test_there_are_no_more_partners_than_rows() -> None:
    mean = UPDATES.mean(dim=0).tolist()
    assert seen("proxy", Summing(), num_partners=9) == [pytest.approx(mean)] * 3


def test_updates_are_left_as_they_are() -> None:
    updates = UPDATES.clone()
    sight(Chain([Halving()]), "proxy", num_partners=2, seed=0)(updates)
    assert torch.equal(updates, UPDATES)


def test_each_call_is_of_new_merges() -> None:
    see = sight(Chain([Halving()]), "partner", num_partners=1, seed=0)
    first, second = see(UPDATES[:1].clone()), see(UPDATES[:1].clone())
    assert (second - first).tolist() == [[10.0, 10.0]]


@pytest.mark.parametrize("attacker", ["proxy", "partner"])
@pytest.mark.parametrize("secure", [(), (Summing(),)])
def test_few_numbers_are_seen_where_they_stand(
    attacker: str, secure: tuple[Mechanism, ...]
) -> None:
    """Half of 8 numbers, the same of all partners of a merge: others are unknown, and seen as 0."""
    option = random_k(0.5, shared_support=True)
    chain = compressed(Chain((Plain(), *secure)), option, vector(8))
    updates = torch.arange(1.0, 25.0).view(3, 8)
    rows = sight(chain, attacker, num_partners=2, seed=0)(updates.clone())
    is_sum = attacker == "partner" or bool(secure)
    wanted = (updates + updates.roll(-1, dims=0)) / 2 if is_sum else updates
    assert rows.shape == updates.shape
    assert (rows != 0).sum(dim=1).tolist() == [4, 4, 4]
    assert torch.equal(rows, torch.where(rows != 0, wanted, 0.0))
