"""Attacks hurt plain averaging, and the rules made against them hold; on digits, ten partners.

All draws are seeded, so that figures repeat; the bounds are far from what they are held against.
"""

from functools import cache
from typing import Any

import pytest

from runners.aggregation import Aggregation
from runners.aggregation.geometric_median import GeometricMedian
from runners.aggregation.krum import Krum
from runners.aggregation.mean import Mean
from runners.aggregation.median import Median
from runners.aggregation.trimmed_mean import TrimmedMean
from runners.partition import Partition
from tests.runners.attack.options import attack
from tests.runners.attack.simulation import IID, SKEWED, train

MEAN, MEDIAN, KRUM = Mean(), Median(), Krum(num_byzantine=3, num_selected=1)
GEOMETRIC = GeometricMedian(iterations=3, smoothing=1e-6)


@cache
def honest_accuracy(rule: Aggregation, partition: Partition) -> float:
    return train(attack("none"), rule, partition).accuracy


def points_lost(
    name: str, rule: Aggregation, partition: Partition, settings: dict[str, Any]
) -> float:
    """Return by how many points an attack lowers the accuracy of a rule."""
    accuracy = train(attack(name, **settings), rule, partition).accuracy
    return 100 * (honest_accuracy(rule, partition) - accuracy)


def test_honest_partners_learn() -> None:
    assert honest_accuracy(MEAN, IID) > 0.94
    assert honest_accuracy(MEAN, SKEWED) > 0.91


@pytest.mark.parametrize(
    ("name", "settings", "partition", "least_lost", "rule"),
    [
        ("label_flip", {"fraction": 0.4}, IID, 15, MEDIAN),
        ("sign_flip", {"fraction": 0.3}, IID, 70, TrimmedMean(fraction=0.3)),
        ("gaussian_noise", {"fraction": 0.4}, SKEWED, 8, GEOMETRIC),
        ("ipm", {"fraction": 0.3, "epsilon": 10.0}, IID, 70, MEDIAN),
    ],
)
def test_an_attack_hurts_averaging_and_a_robust_rule_holds(
    name: str, settings: dict[str, Any], partition: Partition, least_lost: float, rule: Aggregation
) -> None:
    assert points_lost(name, MEAN, partition, settings) > least_lost
    assert points_lost(name, rule, partition, settings) < 5


@pytest.mark.parametrize(
    ("name", "settings", "least_lost"),
    [("alie", {}, 5), ("min_max", {}, 15), ("ipm", {}, 5)],
)
def test_what_hides_among_honest_updates_hurts_averaging_and_krum_more(
    name: str, settings: dict[str, Any], least_lost: float
) -> None:
    """These are made against robust rules, and partners with unlike data give them room."""
    in_mean, in_krum = (
        points_lost(name, rule, SKEWED, {"fraction": 0.4} | settings) for rule in (MEAN, KRUM)
    )
    assert in_mean > least_lost
    assert in_krum > in_mean


def test_free_riders_slow_averaging_and_stop_krum() -> None:
    """Equal zeros are each other's nearest neighbours, so Krum always picks one of them."""
    idle = {"fraction": 0.4, "sends": "zero", "noise_ratio": 0.0}
    assert 2 < points_lost("free_rider", MEAN, SKEWED, idle) < 10
    assert train(attack("free_rider", **idle), KRUM, SKEWED).accuracy < 0.15


def test_a_backdoor_opens_in_averaging_and_nobody_notices() -> None:
    behind_mean = train(attack("backdoor", fraction=0.3), MEAN)
    assert behind_mean.success is not None and behind_mean.success > 0.8
    assert behind_mean.success_without_trigger is not None
    assert behind_mean.success_without_trigger < 0.05
    assert behind_mean.accuracy > honest_accuracy(MEAN, IID) - 0.05
    behind_median = train(attack("backdoor", fraction=0.3), MEDIAN)
    assert behind_median.success is not None and behind_median.success < 0.05


def test_without_malicious_partners_the_trigger_does_nothing() -> None:
    nobody = train(attack("backdoor", fraction=0.0), MEAN)
    assert nobody.accuracy == honest_accuracy(MEAN, IID)
    assert nobody.success is not None and nobody.success < 0.05


def test_boost_helps_a_backdoor_and_clipping_takes_it_back() -> None:
    """Clipped to one length, boosted and plain updates of the same direction are the same."""
    plain, boosted, clipped, clipped_boosted = (
        train(attack("backdoor", fraction=0.2, boost=boost), MEAN, clip=clip)
        for clip in (None, 0.5)
        for boost in (1.0, 5.0)
    )
    assert plain.success and boosted.success and clipped.success and clipped_boosted.success
    assert boosted.success > plain.success + 0.1
    assert clipped.success < plain.success - 0.3
    assert clipped_boosted.success == pytest.approx(clipped.success, abs=0.05)
    assert clipped_boosted.accuracy > 0.9
