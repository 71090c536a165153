"""Layers are split so that the slowest stage is as fast as can be."""

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.stages import split_layers


@pytest.mark.parametrize(
    ("speeds", "stages"),
    [
        ([1.0], [range(4)]),
        ([1.0, 1.0], [range(1), range(1, 4)]),  # 40 | 60 beats 70 | 30
        ([2.0, 1.0], [range(2), range(2, 4)]),  # 70 / 2 beats 40 / 2 and 60 / 1
        ([1.0, 1.0, 1.0], [range(1), range(1, 2), range(2, 4)]),  # 40 | 30 | 30
        ([1.0] * 4, [range(1), range(1, 2), range(2, 3), range(3, 4)]),
    ],
)
def test_splits_worked_by_hand(speeds: list[float], stages: list[range]) -> None:
    assert split_layers([40, 30, 20, 10], speeds) == stages


def test_a_tensor_may_cost_nothing() -> None:
    # three tensors for three stages, whatever they cost
    assert split_layers([0.0, 1.0, 0.0], [1.0] * 3) == [range(1), range(1, 2), range(2, 3)]


@given(
    costs=st.lists(st.integers(0, 20), min_size=1, max_size=7),
    speeds=st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=1, max_size=4),
)
def test_no_split_has_a_faster_slowest_stage(costs: list[int], speeds: list[float]) -> None:
    if len(speeds) > len(costs):
        with pytest.raises(ValueError, match="num_stages must be at most"):
            split_layers(costs, speeds)
        return

    def slowest(stages: list[range]) -> float:
        pairs = zip(stages, speeds, strict=True)
        return max(sum(costs[one] for one in run) / speed for run, speed in pairs)

    every_split = [
        [range(start, end) for start, end in pairwise([0, *cuts, len(costs)])]
        for cuts in combinations(range(1, len(costs)), len(speeds) - 1)
    ]
    stages = split_layers(costs, speeds)
    assert stages in every_split
    assert slowest(stages) == pytest.approx(min(map(slowest, every_split)))


def test_more_stages_than_tensors_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"mode.num_stages must be at most the 2 gradient tensors.*got 3; try"
    ):
        split_layers([1, 1], [1.0] * 3)
