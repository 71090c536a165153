"""Minimal sets that meet a target, by hand and against all sets."""

from itertools import combinations

import numpy as np
import pytest

from runners.select.candidates import Candidate, read_candidates
from runners.select.minimal_sets import Target, by_score, minimal_sets
from sim.consortium import Site

NOTHING = {
    "num_samples": None,
    "classes": None,
    "speed": None,
    "max_price_usd": None,
    "max_members": None,
}


def candidate(name: str, num_samples: int, price_usd: float, classes: str = "") -> Candidate:
    site = Site(
        speed=1.0, uplink_bytes_per_s=1e6, downlink_bytes_per_s=1e6, latency_sim_s=0.0,
        data_share=1.0, data_skew=1.0, downtime=1.0,
    )  # fmt: skip
    return Candidate(
        name=name,
        site=site,
        num_samples=num_samples,
        classes=frozenset(classes.split()),
        price_usd=price_usd,
        figures={},
    )


FOUR = [
    candidate("a", 100, 9.0, "x y"),
    candidate("b", 60, 2.0, "x"),
    candidate("c", 50, 1.0, "z"),
    candidate("d", 40, 4.0, "y z"),
]


def target(**wanted: object) -> Target:
    return Target(**(NOTHING | wanted))  # type: ignore[arg-type]


def test_no_member_of_a_minimal_set_can_be_left_out() -> None:
    # 100 alone; 60 + 50 and 60 + 40; 50 + 40 is too little; of two, the cheap one first
    assert minimal_sets(FOUR, target(num_samples=100)) == [(0,), (1, 2), (1, 3)]


def test_classes_are_covered_together() -> None:
    assert minimal_sets(FOUR, target(classes=("x", "y", "z"))) == [(1, 3), (0, 2), (0, 3)]


def test_limits_leave_sets_out() -> None:
    assert minimal_sets(FOUR, target(num_samples=100, max_price_usd=5.0)) == [(1, 2)]
    assert minimal_sets(FOUR, target(num_samples=100, max_members=1)) == [(0,)]
    assert minimal_sets(FOUR, target(speed=4.0)) == [(0, 1, 2, 3)]


def test_all_minimal_sets_of_the_example_are_found() -> None:
    candidates = read_candidates("example_candidates.csv")
    wanted = target(num_samples=20_000, classes=tuple("0123456789"), max_price_usd=1500.0)
    found = minimal_sets(candidates, wanted)
    numbers = range(len(candidates))
    everything = [s for size in numbers for s in combinations(numbers, size + 1)]
    enough = {s for s in everything if not wanted.lacks([candidates[one] for one in s])}
    minimal = {s for s in enough if not any(set(t) < set(s) for t in enough)}
    cheap = {s for s in minimal if sum(candidates[one].price_usd for one in s) <= 1500}
    assert set(found) == cheap and len(found) == len(cheap) > 5


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            {"num_samples": 251},
            "can't be met even by all 4 candidates together: num_samples=251 .they have 250.",
        ),
        ({"classes": ("x", "w")}, "nobody of them has w"),
        ({"speed": 9.0}, "speed=9 .they have 4."),
        (
            {"num_samples": 200, "max_price_usd": 3.0},
            "within its limits: the cheapest set that has enough costs 12.00 USD, .* has 3",
        ),
        ({"num_samples": 200, "max_members": 2}, "raise max_price_usd or max_members"),
    ],
)
def test_an_impossible_target_is_refused_with_the_reason(
    wanted: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        minimal_sets(FOUR, target(**wanted))


def test_too_many_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 20 candidates for minimal sets, got 21"):
        minimal_sets([candidate(f"c{one}", 1, 1.0) for one in range(21)], target(num_samples=1))


def test_who_goes_by_rank_takes_the_best_until_it_is_enough() -> None:
    scores = np.array([0.1, 0.4, 0.9, 0.5])
    # c, d, b have 150; d (40) and c (50) are then tried: without c 100 is left, without d too
    assert by_score(FOUR, target(num_samples=100), scores.tolist()) == (1, 2)
    assert by_score(FOUR, target(num_samples=250, max_members=3), scores.tolist()) is None
