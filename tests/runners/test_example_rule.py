"""The rule's arithmetic."""

import math

from runners.example_rule import ExampleRule, expected_count


def test_the_deviation_is_of_the_heaviest_example() -> None:
    # weight 1/32, σ 1.5, C 0.4: 1.5 × 0.4 / 32 = 0.01875
    rule = ExampleRule(clipping_norm=0.4, noise_multiplier=1.5, sampling="poisson")
    assert math.isclose(rule.deviation(1 / 32), 0.01875)


def test_without_noise_even_an_infinite_norm_has_none() -> None:
    rule = ExampleRule(clipping_norm=math.inf, noise_multiplier=0.0, sampling="poisson")
    assert rule.deviation(1.0) == 0


def test_nobody_counts_twice() -> None:
    assert expected_count(100, 32) == 32
    assert expected_count(20, 32) == 20
