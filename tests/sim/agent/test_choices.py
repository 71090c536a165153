"""Whom each agent chooses, with the numbers worked by hand."""

from typing import Any

import numpy as np
import pytest

from sim.agent import Decider
from sim.agent.balanced import balanced_routes
from sim.agent.choosing import drawn
from sim.forecast import expected_sim_s
from sim.streams import stream
from tests.sim.agent.views import agent, view

SPEEDS = {"step_sim_s": [4.0, 1.0, 3.0, 2.0]}


def decider(name: str, num_partners: int = 4, **settings: Any) -> Decider:
    return agent(name, **settings).decider(num_partners, stream(0, "agent"))


def test_expected_seconds() -> None:
    """400 bytes at 100 B/s, 10 steps of 2 s, and 400 at 50 B/s are 4 + 20 + 8 s."""
    sight = {
        "step_sim_s": [2.0, 2.0, 2.0, np.nan],
        "down_bytes_per_s": [100.0, 100.0, np.nan, 100.0],
        "up_bytes_per_s": [50.0, np.nan, np.nan, 50.0],
    }
    np.testing.assert_array_equal(expected_sim_s(view(4, sight)), [32.0, 28.0, 20.0, np.nan])
    five = expected_sim_s(view(4, sight), np.full(4, 5))
    np.testing.assert_array_equal(five, [22.0, 18.0, 10.0, np.nan])


def test_draws_follow_the_weights() -> None:
    rng, partners = np.random.default_rng(0), np.arange(3)
    firsts = [int(drawn(rng, partners, np.array([6.0, 3.0, 1.0]), 1)[0]) for _ in range(4000)]
    counts = np.bincount(firsts) / 4000
    np.testing.assert_allclose(counts, [0.6, 0.3, 0.1], atol=4 * np.sqrt(0.25 / 4000))


def test_turns() -> None:
    one = decider("round_robin", num_participants=2)
    turns = [one.decide(view(5)).partners for _ in range(4)]
    assert turns == [(0, 1), (2, 3), (0, 4), (1, 2)]
    assert one.decide(view(5, available=(0, 1, 4))).partners == (0, 4)


def test_fastest_first_but_those_who_are_new() -> None:
    one = decider("fastest_k", num_participants=2)
    assert one.decide(view(4, SPEEDS)).partners == (1, 3)
    new = SPEEDS | {"num_chosen": [0, 1, 1, 1]}
    assert one.decide(view(4, new)).partners == (0, 1)
    failed = {"step_sim_s": [np.nan, np.nan, 9.0, 9.0]}
    assert one.decide(view(4, failed)).partners == (2, 3)


def test_the_highest_losses_of_all_candidates() -> None:
    one = decider("power_of_choice", num_participants=2, num_candidates=4)
    assert one.decide(view(4, {"train_loss": [0.1, 0.4, 0.2, 0.3]})).partners == (1, 3)
    assert one.decide(view(4, {"train_loss": [0.1, 0.4, np.nan, 0.3]})).partners == (1, 2)


def test_candidates_are_drawn_by_their_data() -> None:
    one = decider("power_of_choice", num_participants=1, num_candidates=1)
    shown = view(4, {"num_samples": [1, 1, 97, 1]})
    chosen = [one.decide(shown).partners[0] for _ in range(200)]
    assert 180 < chosen.count(2) < 200


def test_a_deadline_takes_all_who_make_it() -> None:
    """10 steps take 40, 10, 30 and 20 s."""
    one = decider("deadline", deadline_sim_s=30.0)
    decision = one.decide(view(4, SPEEDS))
    assert (decision.partners, decision.deadline_sim_s) == ((1, 2, 3), 30.0)
    few = decider("deadline", deadline_sim_s=30.0, num_participants=2)
    assert few.decide(view(4, SPEEDS)).partners == (1, 3)
    assert decider("deadline", deadline_sim_s=5.0).decide(view(4, SPEEDS)).partners == (1,)


def test_a_bandit_by_hand() -> None:
    """All are tried first; then rewards are 100 samples in 40, 10, 30, 20 s: 2.5, 10, 3.3 and 5,
    as parts of the largest 0.25, 1, 0.33 and 0.5, and equally many tries give equal bonuses.
    """
    one = decider("ucb", num_participants=2)
    firsts = [one.decide(view(4, SPEEDS)).partners for _ in range(2)]
    assert firsts == [(0, 1), (2, 3)]
    assert one.decide(view(4, SPEEDS)).partners == (1, 3)


def test_a_bandit_explores() -> None:
    often, never = (
        decider("ucb", num_participants=1),
        decider("ucb", num_participants=1, exploration=0.0),
    )
    shown = view(4, SPEEDS)
    chosen = [[one.decide(shown).partners[0] for _ in range(200)] for one in (often, never)]
    assert chosen[1][4:] == [1] * 196
    assert min(np.bincount(chosen[0])) > 10
    assert np.argmax(np.bincount(chosen[0])) == 1


def test_a_bandit_is_not_rewarded_for_what_is_lost() -> None:
    one = decider("ucb", num_participants=1, exploration=0.0)
    sight: dict[str, Any] = dict(SPEEDS)
    chosen = []
    for number in range(30):
        sight["num_dropped"] = [0, number, 0, 0]  # whatever partner 1 does is lost
        chosen.append(one.decide(view(4, sight)).partners[0])
    assert set(chosen[4:]) == {3}


OORT = {"num_participants": 1, "exploration": 0.0, "min_exploration": 0.0, "cutoff": 1.0}
"""Nothing is left to chance: one partner, the one with the highest utility."""


def chosen_by_oort(sight: dict[str, Any], **settings: float) -> int:
    shown = view(4, sight)
    return decider("oort", **OORT, **settings).decide(shown).partners[0]


def test_utility_and_lateness() -> None:
    """T is the median of 40, 10, 30, 20 s, 25 s: the lateness of 0 and 2 is 1.6 and 1.2. Everyone's
    bonus is √(0.1 ln 10 / 9) = 0.16, so that the utilities are 1.16, 1.01 and 0.66 for 0, 2 and 3
    where lateness costs nothing, 0.45, 0.70 and 0.66 with α = 2, 0.18, 0.49 and 0.66 with α = 4.
    """
    sight = SPEEDS | {"utility": [4.0, 0.1, 3.4, 2.0]}
    median = {"preferred_percentile": 50.0, "clip_percentile": 100.0}
    winners = [
        chosen_by_oort(sight, **median, straggler_exponent=alpha) for alpha in (0.0, 2.0, 4.0)
    ]
    assert winners == [0, 2, 3]


def test_age_has_a_bonus() -> None:
    """√(0.1 ln 10 / L) is 0.48 for L = 1 and 0.16 for L = 9: more than 0.2 between utilities."""
    sight = {"utility": [1.0, 0.8, 0.8, 0.8], "age_rounds": [1, 1, 9, 1]}
    assert chosen_by_oort(sight, clip_percentile=100.0) == 2
    assert chosen_by_oort(sight | {"age_rounds": [1, 1, 1, 1]}, clip_percentile=100.0) == 0


def test_outliers_are_clipped() -> None:
    """Above the median, 1.5, all count as it; the elder of those leads."""
    sight = {"utility": [1.0, 2.0, 100.0, 1.0], "age_rounds": [1, 2, 1, 1]}
    assert chosen_by_oort(sight, clip_percentile=50.0) == 1
    assert chosen_by_oort(sight, clip_percentile=100.0) == 2


def test_oort_explores_less_and_less() -> None:
    """Of 10, ε = 0.5, 0.25, 0.2 new ones, rounded: 5, 2 and 2."""
    settings = {"num_participants": 10, "exploration": 0.5, "exploration_decay": 0.5}
    one = decider("oort", 40, **settings)
    shown = view(40, {"num_chosen": [1] * 20 + [0] * 20})
    numbers = [sum(partner >= 20 for partner in one.decide(shown).partners) for _ in range(3)]
    assert numbers == [5, 2, 2]


def test_oort_tries_those_with_fewer_steps_first() -> None:
    one = decider("oort", num_participants=1, num_partners=2)
    shown = view(2, {"num_chosen": [0, 0]}, num_steps=np.array([19, 1]))
    chosen = [one.decide(shown).partners[0] for _ in range(200)]
    assert 180 < chosen.count(1) < 200


def test_the_pacer_lets_slower_partners_in() -> None:
    """Utility falls from 100 to 1 behind 4 decisions: T rises from the fastest's 10 s to the
    slowest's 40 s, and the one with the highest utility is no longer late.
    """
    settings = {"preferred_percentile": 0.0, "pacer_percent": 100.0, "pacer_rounds": 2}
    one = decider("oort", **OORT, **settings, clip_percentile=100.0)
    chosen = []
    for level in (100.0, 100.0, 1.0, 1.0, 1.0):
        sight = SPEEDS | {"utility": [level, level * 0.5, 0.0, 0.0]}
        chosen.append(one.decide(view(4, sight)).partners[0])
    assert chosen == [1, 1, 1, 1, 0]


def test_a_round_has_one_tier() -> None:
    one = decider("tifl", num_participants=2)
    chosen = {one.decide(view(4, SPEEDS)).partners for _ in range(20)}
    assert chosen == {(1, 3), (0, 2)}


def test_tiers_with_high_losses_come_more_often() -> None:
    """By rank, 2 : 1."""
    one = decider("tifl", num_participants=2, num_credits=1000)
    sight = SPEEDS | {"train_loss": [0.9, 0.1, 0.9, 0.1]}
    chosen = [one.decide(view(4, sight)).partners for _ in range(900)]
    assert chosen.count((0, 2)) == pytest.approx(600, abs=4 * np.sqrt(900 * 2 / 9))


@pytest.mark.parametrize(("interval_rounds", "part"), [(1, 1 / 3), (1000, 2 / 3)])
def test_tiers_are_weighed_anew_after_an_interval(interval_rounds: int, part: float) -> None:
    """The slow tier has the higher loss at first, and the lower one from then on."""
    one = decider("tifl", num_participants=2, num_credits=1000, interval_rounds=interval_rounds)
    one.decide(view(4, SPEEDS | {"train_loss": [0.9, 0.1, 0.9, 0.1]}))
    sight = SPEEDS | {"train_loss": [0.1, 0.9, 0.1, 0.9]}
    chosen = [one.decide(view(4, sight)).partners for _ in range(900)]
    assert chosen.count((0, 2)) / 900 == pytest.approx(part, abs=4 * np.sqrt(2 / 9 / 900))


def test_credits_make_all_tiers_take_part() -> None:
    one = decider("tifl", num_participants=2, num_credits=3)
    chosen = [one.decide(view(4, SPEEDS)).partners for _ in range(12)]
    assert [chosen[first : first + 6].count((1, 3)) for first in (0, 6)] == [3, 3]


def test_who_is_new_comes_before_tiers() -> None:
    one = decider("tifl", num_participants=2)
    assert one.decide(view(4, SPEEDS | {"num_chosen": [1, 0, 0, 1]})).partners == (1, 2)
    assert 3 in one.decide(view(4, SPEEDS | {"num_chosen": [1, 1, 1, 0]})).partners


def test_heavy_loads_first_to_the_replica_with_the_least() -> None:
    """7 to 0, 6 to 1, 5 to 1 (11), 4 to 0 (11), 3 to 0 (14), 3 to 1 (14)."""
    assert balanced_routes([5.0, 7.0, 3.0, 4.0, 6.0, 3.0], 2) == [1, 0, 0, 0, 1, 1]


def test_partners_are_routed_by_what_their_lines_carry() -> None:
    one = decider("balanced")
    rates = {"up_bytes_per_s": [30.0, 10.0, np.nan, 20.0]}  # who is unseen counts as 20
    decision = one.decide(view(4, rates, num_replicas=2))
    assert decision.partners == (0, 1, 2, 3)
    assert decision.routes == {0: 0, 1: 0, 2: 1, 3: 1}
    assert one.decide(view(4, num_replicas=4)).routes == {0: 0, 1: 1, 2: 2, 3: 3}
