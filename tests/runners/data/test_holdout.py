"""A fifth is held out, whatever the samples are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runners.data.holdout import held_out_fifth, held_out_groups, stratified_fifth

labels = st.lists(st.integers(0, 3), min_size=1, max_size=60).map(np.array)


@given(st.integers(1, 200))
def test_a_fifth_is_held_out(num: int) -> None:
    assert held_out_fifth("x", num).sum() == -(-num // 5)  # rounded up
    assert np.array_equal(held_out_fifth("x", num), held_out_fifth("x", num))


def test_another_name_shuffles_otherwise() -> None:
    assert not np.array_equal(held_out_fifth("x", 100), held_out_fifth("y", 100))


@given(labels)
def test_a_fifth_of_each_label_is_held_out(labels: np.ndarray) -> None:
    is_test = stratified_fifth("x", labels)
    for label in np.unique(labels):
        count = (labels == label).sum()
        assert count // 5 <= is_test[labels == label].sum() <= -(-count // 5)


@given(labels)
def test_a_group_is_on_one_side_and_no_more_than_a_fifth_is_held_out(groups: np.ndarray) -> None:
    is_test = held_out_groups("x", groups)
    assert is_test.sum() <= len(groups) / 5
    for group in np.unique(groups):
        assert len(set(is_test[groups == group])) == 1


def test_groups_of_one_are_held_out_to_a_fifth() -> None:
    assert held_out_groups("x", np.arange(100)).sum() == 20
