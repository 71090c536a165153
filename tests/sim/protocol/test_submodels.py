"""Which part each partner trains, and what it costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learner import Part
from sim.protocol.submodels import SubModel, check_widths, disjoint, nested, widths_by_speed


def test_a_width_costs_its_square() -> None:
    assert nested([1.0, 0.5, 0.25]) == [
        SubModel(part=None, cost_fraction=1.0),
        SubModel(part=Part(kind="width", index=1, count=4), cost_fraction=0.25),
        SubModel(part=Part(kind="width", index=0, count=4), cost_fraction=0.0625),
    ]


def test_widths_of_different_slices_have_a_common_count() -> None:
    # 1/3 and 1/2 are 2 and 3 of 6 slices
    parts = [one.part for one in nested([1 / 3, 0.5])]
    assert parts == [
        Part(kind="width", index=1, count=6),
        Part(kind="width", index=2, count=6),
    ]


@pytest.mark.parametrize(
    ("widths", "speeds", "given_widths"),
    [
        ([0.5, 1.0], [1.0, 3.0, 2.0, 0.5], [0.5, 1.0, 1.0, 0.5]),
        ([1.0, 0.5, 0.25], [1.0, 1.0], [1.0, 0.5]),  # in a tie, the first is the faster
        ([1.0, 0.5], [1.0, 2.0, 3.0], [0.5, 1.0, 1.0]),
        ([1.0, 0.5], [0.1], [1.0]),
    ],
)
def test_the_fastest_get_the_widest(
    widths: list[float], speeds: list[float], given_widths: list[float]
) -> None:
    assert widths_by_speed(widths, speeds) == given_widths


@given(num_parts=st.integers(2, 9), turn=st.integers(0, 50))
def test_disjoint_parts_are_the_whole_model(num_parts: int, turn: int) -> None:
    parts = disjoint(num_parts, turn)
    assert [one.part.index % num_parts for one in parts] == list(range(num_parts))
    assert sum(one.cost_fraction for one in parts) == pytest.approx(1)


def test_disjoint_parts_are_new_ones_at_each_turn() -> None:
    numbers = [one.part.index for turn in range(3) for one in disjoint(2, turn)]
    assert numbers == [0, 1, 2, 3, 4, 5]


def test_one_partner_has_the_whole_model() -> None:
    assert disjoint(1, 3) == [SubModel(part=None, cost_fraction=1.0)]


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ([1.0, 0.0], "above 0, at most 1 and whole numbers of equal slices.*got 0.0; try 0.5"),
        ([1.0, 1.5], "got 1.5"),
        ([1.0, 0.123456], "got 0.123456"),
        ([1.0, float("nan")], "got nan"),
        ([0.5, 0.25], r"fractions must have 1.0 among them, got \[0.5, 0.25\]"),
    ],
)
def test_refuses_widths_that_cannot_be_cut(widths: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_widths(widths)
