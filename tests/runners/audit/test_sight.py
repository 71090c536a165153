"""What attackers see: updates, means of updates, or what is published."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch

from runners.audit.sight import sight
from runners.privacy import Mechanism, Merge
from runners.privacy.chain import Chain
from runners.privacy.none import Plain

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
