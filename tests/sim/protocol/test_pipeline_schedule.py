"""The order of a stage's passes, and how many micro-batches it keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.pipeline_schedule import SCHEDULES, cut_batch, most_in_flight


def written(order: list) -> str:
    return " ".join(f"{'F' if one.is_forward else 'B'}{one.micro_batch}" for one in order)


@pytest.mark.parametrize(
    ("schedule", "stage", "expected"),
    [
        ("gpipe", 0, "F0 F1 F2 B2 B1 B0"),
        ("gpipe", 1, "F0 F1 F2 B2 B1 B0"),
        ("1f1b", 0, "F0 F1 B0 F2 B1 B2"),
        ("1f1b", 1, "F0 B0 F1 B1 F2 B2"),
    ],
)
def test_two_stages_and_three_micro_batches(schedule: str, stage: int, expected: str) -> None:
    assert written(SCHEDULES[schedule](stage, 2, 3)) == expected


def test_1f1b_with_more_stages_than_micro_batches_has_all_forward_first() -> None:
    assert written(SCHEDULES["1f1b"](0, 4, 2)) == "F0 F1 B0 B1"


@pytest.mark.parametrize("schedule", SCHEDULES)
@given(num_stages=st.integers(1, 9), num_micro_batches=st.integers(1, 20), data=st.data())
def test_every_micro_batch_goes_forward_and_then_back_once(
    schedule: str, num_stages: int, num_micro_batches: int, data
) -> None:
    stage = data.draw(st.integers(0, num_stages - 1))
    order = SCHEDULES[schedule](stage, num_stages, num_micro_batches)
    assert len(order) == len(set(order)) == 2 * num_micro_batches
    for one in order:
        if not one.is_forward:
            assert order.index(one._replace(is_forward=True)) < order.index(one)


@given(num_stages=st.integers(1, 9), num_micro_batches=st.integers(1, 20))
def test_gpipe_keeps_all_micro_batches_and_1f1b_one_for_each_stage_to_come(
    num_stages: int, num_micro_batches: int
) -> None:
    for stage in range(num_stages):
        gpipe, one_f_one_b = (
            most_in_flight(SCHEDULES[name](stage, num_stages, num_micro_batches))
            for name in ("gpipe", "1f1b")
        )
        assert gpipe == num_micro_batches
        assert one_f_one_b == min(num_stages - stage, num_micro_batches)


@pytest.mark.parametrize(
    ("num_samples", "num_micro_batches", "sizes"),
    [(8, 3, [3, 3, 2]), (8, 4, [2, 2, 2, 2]), (8, 1, [8]), (3, 8, [1, 1, 1])],
)
def test_a_batch_is_cut_as_even_as_samples_allow(
    num_samples: int, num_micro_batches: int, sizes: list[int]
) -> None:
    cut = cut_batch(num_samples, num_micro_batches)
    assert [len(one) for one in cut] == sizes
    assert [sample for one in cut for sample in one] == list(range(num_samples))
