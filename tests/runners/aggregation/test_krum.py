"""Krum and multi-Krum against numbers by hand, a direct computation, and bad rows."""

from math import sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from runners.aggregation.krum import Krum
from tests.runners.aggregation.rules import good_and_bad, ones, random_rows


def direct(updates: np.ndarray, num_byzantine: int, num_selected: int) -> np.ndarray:
    """Return the mean of the selected rows, by loops over pairs."""
    scores = []
    for number, row in enumerate(updates):
        others = [((row - other) ** 2).sum() for j, other in enumerate(updates) if j != number]
        scores.append(sum(sorted(others)[: len(updates) - num_byzantine - 2]))
    return updates[np.argsort(scores)[:num_selected]].mean(axis=0)


def test_five_rows_by_hand() -> None:
    updates = torch.tensor([[0.0], [1.0], [3.0], [4.5], [100.0]])
    # f = 1, so the 2 nearest of 4 others count: 0: 1 + 9, 1: 1 + 4, 3: 2.25 + 4,
    # 4.5: 2.25 + 12.25, 100: above 9,000; 1 wins, and 3 is second
    one, two = (Krum(num_byzantine=1, num_selected=number) for number in (1, 2))
    assert one.merge(updates, ones(updates)).item() == pytest.approx(1.0)
    assert two.merge(updates, ones(updates)).item() == pytest.approx(2.0)
    assert two.merge(updates, torch.full((5,), 0.1)).item() == pytest.approx(1.0)  # times 0.5


@pytest.mark.parametrize(
    ("num_rows", "num_byzantine", "num_selected"), [(3, 0, 1), (7, 2, 1), (12, 3, 7), (20, 8, 2)]
)
def test_it_is_the_direct_computation(num_rows: int, num_byzantine: int, num_selected: int) -> None:
    for seed in range(5):
        updates = random_rows(num_rows, 30, seed)
        rule = Krum(num_byzantine=num_byzantine, num_selected=num_selected)
        merged = rule.merge(updates, ones(updates)).numpy()
        expected = direct(updates.numpy(), num_byzantine, num_selected)
        np.testing.assert_allclose(merged, expected, rtol=1e-12)


@settings(deadline=None)
@given(good_and_bad(2, 5))
def test_the_result_is_near_the_good_ones(case: tuple[torch.Tensor, int]) -> None:
    """A good row has n − f − 1 good neighbours within the good ones' diameter D, so the selected
    have scores of at most (n − f − 2) D². Of the n − f − 2 neighbours that count, n − 2 f − 1 at
    least are good where the selected row is bad itself, so one of these is within
    D sqrt((n − f − 2) / (n − 2 f − 1)), and every good row within D more.
    """
    updates, num_good = case
    num_updates, good = len(updates), updates[:num_good].double()
    diameter = torch.cdist(good, good).max().item()
    reach = diameter * (1 + sqrt((num_updates - 4) / (num_updates - 5)))
    for num_selected in (1, num_updates - 4):
        rule = Krum(num_byzantine=2, num_selected=num_selected)
        merged = rule.merge(updates, ones(updates)).double()
        assert (merged - good).norm(dim=1).max().item() <= reach * (1 + 1e-5)


def test_refuses_fewer_updates_than_krum_needs() -> None:
    rule = Krum(num_byzantine=1, num_selected=1)
    rule.check(5)
    with pytest.raises(
        ValueError,
        match=r"^aggregation\.num_byzantine=1 needs at least 5 updates, got 4; "
        r"try aggregation\.num_byzantine=0 or aggregation=median$",
    ):
        rule.merge(torch.zeros(4, 2), torch.ones(4))
    with pytest.raises(ValueError, match=r"got 2; try aggregation=median$"):
        Krum(num_byzantine=0, num_selected=1).check(2)


def test_refuses_to_select_more_than_have_neighbours() -> None:
    rule = Krum(num_byzantine=1, num_selected=3)
    rule.check(6)  # 6 - 1 - 2
    with pytest.raises(
        ValueError, match=r"num_selected must be at most 2.*got 3; try aggregation\.num_selected=2"
    ):
        rule.check(5)


@pytest.mark.parametrize(("num_byzantine", "num_selected"), [(-1, 1), (0, 0)])
def test_refuses_numbers_below_their_least(num_byzantine: int, num_selected: int) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        Krum(num_byzantine=num_byzantine, num_selected=num_selected)


def test_costs_each_update_against_every_other() -> None:
    # 10 updates, 9 others each, and 2 of 10 are added up
    assert Krum(num_byzantine=1, num_selected=2).merge_passes(10) == pytest.approx(9.2)
