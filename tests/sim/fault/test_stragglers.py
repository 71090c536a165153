"""A straggler's steps are longer, and the stated fraction of partners is slow."""

import itertools
from typing import Any

import pytest

from sim.fault.stragglers import Stragglers
from sim.presence import Steps
from sim.world import World
from tests.sim.conftest import partner


def slowdowns(world: World) -> tuple[float, ...]:
    return tuple(member.slowdown for member in world.members)


def test_the_fraction_is_slow_in_the_long_run_and_at_the_start(observe) -> None:
    stragglers = Stragglers(fraction=0.25, mean_duration_sim_s=10.0, slowdown=3.0)
    seen = observe(stragglers, slowdowns, until_sim_s=20, num_partners=1000)
    for factors in (seen[0], seen[-1]):
        # The standard deviation of a mean of 1,000 is sqrt(0.25 * 0.75 / 1000) = 0.014.
        assert factors.count(3.0) / 1000 == pytest.approx(0.25, abs=0.05)
        assert set(factors) == {1.0, 3.0}


def test_a_slow_time_lasts_as_long_as_it_says(observe) -> None:
    stragglers = Stragglers(fraction=0.5, mean_duration_sim_s=10.0, slowdown=2.0)
    seen = observe(stragglers, slowdowns, until_sim_s=40_000, step_sim_s=0.5, num_partners=1)
    factors = [factor for (factor,) in seen]
    num_changes = sum(1 for before, after in itertools.pairwise(factors) if before != after)
    # Slow for 10 s and well for 10 s: 4,000 changes, less the short times between two looks.
    assert num_changes == pytest.approx(4000, rel=0.1)


def test_a_slow_step_takes_that_many_times_as_long(simulate) -> None:
    lengths: list[tuple[float, float]] = []

    class Steady:
        def run(self, world: World) -> Steps:
            world.begin([])
            (member,) = world.members
            for _ in range(40):
                slowdown, start_sim_s = member.slowdown, world.env.now
                yield member.compute(1)
                lengths.append((slowdown, world.env.now - start_sim_s))
            world.end_round([], merged=(), num_participants=1, num_samples=8, evaluates=None)

    stragglers = Stragglers(fraction=0.5, mean_duration_sim_s=8.0, slowdown=4.0)
    simulate(Steady(), partner("a"), fault=stragglers)
    assert {slowdown for slowdown, _ in lengths} == {1.0, 4.0}
    assert all(seconds == pytest.approx(slowdown) for slowdown, seconds in lengths)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fraction": 0.0}, "fraction must be above 0 and below 1, got 0.0"),
        ({"fraction": 1.0}, "fraction must be above 0 and below 1, got 1.0"),
        ({"mean_duration_sim_s": 0.0}, "mean_duration_sim_s must be finite and above 0"),
        ({"slowdown": 0.5}, "slowdown must be finite and at least 1, got 0.5"),
        ({"slowdown": float("inf")}, "slowdown must be finite and at least 1, got inf"),
    ],
)
def test_refuses_what_makes_no_sense(change: dict[str, Any], words: str) -> None:
    values: dict[str, Any] = {"fraction": 0.1, "mean_duration_sim_s": 1.0, "slowdown": 2.0}
    with pytest.raises(ValueError, match=words):
        Stragglers(**(values | change))
