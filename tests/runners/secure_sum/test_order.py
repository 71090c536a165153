"""What changes single updates can't stand behind a sum."""

from dataclasses import dataclass

import pytest
import torch

from runners.privacy import Mechanism, Merge
from runners.secure_sum.order import check_order


@dataclass(frozen=True, kw_only=True)
class Scaling(Mechanism):
    def scales(self, norms: torch.Tensor, merge: Merge) -> torch.Tensor:
        return norms


@dataclass(frozen=True, kw_only=True)
class Changing(Mechanism):
    def protect(self, updates: torch.Tensor, partners: object, merge: Merge) -> torch.Tensor:
        return updates


@dataclass(frozen=True, kw_only=True)
class AtProxy(Mechanism):
    def reveal(self, total: torch.Tensor, figures: torch.Tensor, merge: Merge) -> torch.Tensor:
        return total


def test_the_sum_may_be_changed_behind_it() -> None:
    check_order("secagg", [])
    check_order("secagg", [AtProxy()])


@pytest.mark.parametrize("late", [Scaling(), Changing()])
def test_single_updates_may_not(late: Mechanism) -> None:
    with pytest.raises(
        ValueError,
        match=r"^privacy.secagg must come after test_order, which changes single updates.*"
        r"try 'privacy=\[test_order,secagg\]'$",
    ):
        check_order("secagg", [AtProxy(), late])
