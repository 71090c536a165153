"""Whom each choice names, by hand: ten steps of 6, 1, 5, 2, 4 and 3 s."""

import numpy as np
import pytest

from sim.choices import choice_names, choices
from tests.sim.agent.views import view

SIGHT = {
    "step_sim_s": [6.0, 1.0, 5.0, 2.0, 4.0, 3.0],
    "down_bytes_per_s": [400.0] * 6,
    "up_bytes_per_s": [400.0] * 6,
    "round_trip_sim_s": [0.0] * 6,
    "train_loss": [0.9, 0.1, 0.8, 0.2, 0.4, 0.3],
    "age_rounds": [1, 2, 3, 9, 8, 7],
}


def test_orders_of_a_number() -> None:
    """The twice as many fast ones are 1, 3, 4 and 5."""
    named = dict(
        zip(choice_names("orders", 6, 2), choices("orders", view(6, SIGHT), 2), strict=True)
    )
    assert named == {
        "fastest": (1, 3),
        "half_as_many_of_the_fastest": (1,),
        "highest_loss": (0, 2),
        "highest_loss_of_the_fast": (4, 5),
        "longest_unused": (3, 4),
        "longest_unused_of_the_fast": (3, 4),
    }


def test_orders_of_everyone() -> None:
    named = dict(zip(choice_names("orders", 6), choices("orders", view(6, SIGHT)), strict=True))
    assert named["everyone"] == (0, 1, 2, 3, 4, 5)
    assert named["fastest_half"] == (1, 3, 5)
    assert named["highest_loss_quarter"] == (0, 2)


def test_a_mode_s_number_comes_first() -> None:
    found = choices("orders", view(6, SIGHT, num_wanted=3), 2)
    assert {len(one or ()) for one in found} == {3}


def test_fewer_are_there_and_some_are_unseen() -> None:
    sight = SIGHT | {"step_sim_s": [6.0, 1.0, np.nan, 2.0, 4.0, 3.0]}
    found = choices("orders", view(6, sight, available=(0, 2, 3)), 2)
    assert found[:2] == [(2, 3), (2,)]
    assert choices("orders", view(6, SIGHT, available=(4,)), 2) == [(4,)] * 6


@pytest.mark.parametrize(("number", "num_names"), [(None, 7), (1, 3), (2, 6), (3, 7)])
def test_subsets_of_at_most_a_number(number: int | None, num_names: int) -> None:
    names = choice_names("subsets", 3, number)
    assert len(names) == len(choices("subsets", view(3), number)) == num_names
    assert ("p0+p1+p2" in names) is (num_names == 7)
