"""Which units a part has, and which numbers of a tensor these are: worked by hand."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runners.learner.units import held_numbers, held_units, layer_sizes
from sim.learner import Part


def width(index: int, count: int) -> Part:
    return Part(kind="width", index=index, count=count)


def independent(index: int, count: int) -> Part:
    return Part(kind="independent", index=index, count=count)


def test_a_layer_has_as_many_units_as_its_smallest_axis() -> None:
    shapes = [(3, 1, 2, 2), (3,), (5, 12), (5,), (2, 5)]
    axes = [("conv", None, None, None), ("conv",), ("dense", "conv"), ("dense",), (None, "dense")]
    assert layer_sizes(shapes, axes) == {"conv": 3, "dense": 5}


def test_axes_that_are_no_multiples_are_refused() -> None:
    with pytest.raises(ValueError, match="got 5 for the 3 of 'h'; None stands for"):
        layer_sizes([(3,), (2, 5)], [("h",), (None, "h")])


@pytest.mark.parametrize(
    ("index", "count", "units"),
    [
        (0, 2, [0, 1, 2]),  # a half of 5 is 2.5, rounded up
        (0, 4, [0, 1]),  # 1.25
        (2, 4, [0, 1, 2, 3]),  # 3.75
        (3, 4, [0, 1, 2, 3, 4]),
        (0, 64, [0]),  # 0.08: at least one
    ],
)
def test_widths_have_the_first_units(index: int, count: int, units: list[int]) -> None:
    assert held_units(width(index, count), {"h": 5}, seed=0)["h"].tolist() == units


@given(
    count=st.integers(1, 6), size=st.integers(6, 20), draw=st.integers(0, 5), seed=st.integers(0, 9)
)
def test_independent_parts_of_a_draw_are_all_units_once(
    count: int, size: int, draw: int, seed: int
) -> None:
    parts = [independent(draw * count + number, count) for number in range(count)]
    held = [held_units(part, {"h": size}, seed)["h"].tolist() for part in parts]
    assert sorted(unit for units in held for unit in units) == list(range(size))
    assert all(units == sorted(units) for units in held)
    assert max(map(len, held)) - min(map(len, held)) <= 1


def test_independent_parts_are_drawn_anew() -> None:
    def held(part: Part, seed: int = 0) -> list[int]:
        return held_units(part, {"h": 40}, seed)["h"].tolist()

    assert held(independent(0, 2)) == held(independent(0, 2))
    assert held(independent(0, 2)) != held(independent(2, 2))
    assert held(independent(0, 2)) != held(independent(0, 2), seed=1)
    both = held_units(independent(0, 2), {"a": 40, "b": 40}, seed=0)
    assert both["a"].tolist() != both["b"].tolist()


def test_every_pair_of_units_meets_in_some_draw() -> None:
    """What sets that stay would never give: a weight between units of any two sets is trained."""
    met = torch.zeros(6, 6, dtype=torch.bool)
    for index in range(2 * 40):
        units = held_units(independent(index, 2), {"a": 6, "b": 6}, seed=0)
        met[units["a"][:, None], units["b"]] = True
    assert met.all()


def test_numbers_of_a_matrix() -> None:
    # rows 0 and 2 of (3, 4), columns 1 and 3: 0 * 4 + 1, 0 * 4 + 3, 2 * 4 + 1, 2 * 4 + 3
    units = {"out": torch.tensor([0, 2]), "in": torch.tensor([1, 3])}
    numbers = held_numbers((3, 4), ("out", "in"), {"out": 3, "in": 4}, units)
    assert numbers.tolist() == [[1, 3], [9, 11]]


def test_places_of_a_unit_lie_side_by_side() -> None:
    # 3 channels of 2 places each; channels 0 and 2 are columns 0, 1 and 4, 5 of (2, 6)
    units = {"conv": torch.tensor([0, 2])}
    numbers = held_numbers((2, 6), (None, "conv"), {"conv": 3}, units)
    assert numbers.tolist() == [[0, 1, 4, 5], [6, 7, 10, 11]]


def test_more_independent_parts_than_units_are_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"mode.kind=independent needs at least one unit.*5 parts, got 4 in 'b'; try a wider",
    ):
        held_units(independent(0, 5), {"a": 5, "b": 4}, seed=0)


@pytest.mark.parametrize("part", [width(0, 2), independent(0, 2)])
def test_a_model_without_hidden_layers_is_refused(part: Part) -> None:
    with pytest.raises(ValueError, match=f"mode.kind={part.kind} needs a model with hidden layers"):
        held_units(part, {}, seed=0)
