"""The core is the largest power of two; the others go in before and come out after."""

import pytest

from sim.collective.power_of_two import core_size, distances, exchange, folded
from sim.collective.step import step


@pytest.mark.parametrize(
    ("num_members", "size", "steps"),
    [(1, 1, ()), (2, 2, (1,)), (3, 2, (1,)), (7, 4, (1, 2)), (8, 8, (1, 2, 4)), (9, 8, (1, 2, 4))],
)
def test_core(num_members: int, size: int, steps: tuple[int, ...]) -> None:
    assert core_size(num_members) == size
    assert distances(num_members) == steps


def test_exchange_at_distance_two_leaves_out_those_beyond_the_core() -> None:
    # 0 and 2 swap, 1 and 3 swap; 4 is not of the core of 4
    assert exchange(5, 2, 10.0) == step(((0, 2), (1, 3), (2, 0), (3, 1)), 10.0)


def test_members_4_and_5_of_six_fold_into_0_and_1() -> None:
    core = (exchange(6, 1, 10.0),)
    fold_in, fold_out = step(((4, 0), (5, 1)), 10.0), step(((0, 4), (1, 5)), 10.0)
    assert folded(6, 10.0, core) == (fold_in, *core, fold_out)


def test_a_power_of_two_folds_nothing() -> None:
    core = (exchange(2, 1, 10.0),)
    assert folded(2, 10.0, core) == core
