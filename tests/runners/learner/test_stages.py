"""Stages are runs of children, cut as near as can be to where virtual time cuts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from runners.learner.stages import stage_children
from sim.learner import Stages


def three_layers() -> nn.Sequential:
    """Return layers at children 1, 3 and 4, with tensors 0-1, 2-3 and 4-5."""
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4), nn.Linear(4, 2), nn.ReLU())
    )


def stages(*cuts: int, end: int = 6) -> Stages:
    ends = [*cuts, end]
    starts = [0, *cuts]
    runs = tuple(range(start, stop) for start, stop in zip(starts, ends, strict=True))
    return Stages(tensors=runs, num_micro_batches=2)


@pytest.mark.parametrize(
    ("cuts", "children"),
    [
        ((), [range(6)]),
        ((2,), [range(3), range(3, 6)]),  # the ReLU stays with the layer before it
        ((4,), [range(4), range(4, 6)]),
        ((2, 4), [range(3), range(3, 4), range(4, 6)]),
        ((1,), [range(3), range(3, 6)]),  # never before the first layer
        ((3,), [range(3), range(3, 6)]),  # 2 and 4 are as near: the earlier one
        ((5,), [range(4), range(4, 6)]),  # 4 and the end are as near
        ((2, 3, 4), [range(3), range(3, 3), range(3, 4), range(4, 6)]),  # one stage is left empty
    ],
)
def test_cuts_worked_by_hand(cuts: tuple[int, ...], children: list[range]) -> None:
    assert stage_children(three_layers(), stages(*cuts)) == children


def test_stages_behind_the_trained_tensors_have_no_children() -> None:
    module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    # 4 tensors and 2 of statistics: a stage of these alone has nothing to compute
    assert stage_children(module, stages(2, 4, end=6)) == [range(1), range(1, 2), range(2, 2)]


def test_a_tensor_that_two_children_share_counts_to_the_first() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3))
    module[2].weight = module[0].weight
    # tensors: 0-1 of child 0, 2-3 of child 1, and 4, the bias of child 2
    assert stage_children(module, stages(4, end=5)) == [range(2), range(2, 3)]


@given(cuts=st.lists(st.integers(1, 5), max_size=5, unique=True).map(sorted))
def test_stages_are_all_children_in_order(cuts: list[int]) -> None:
    runs = stage_children(three_layers(), stages(*cuts))
    assert [child for run in runs for child in run] == list(range(6))
    assert len(runs) == len(cuts) + 1
    assert 1 in runs[0]
