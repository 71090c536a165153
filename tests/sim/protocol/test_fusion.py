"""Fusion: groups of tensors are summed while the backward pass goes on.

Two partners; the tensors of 160, 120, 80 and 40 bytes (in forward order) are ready last first, at
1/3 + 2/3 * 1/4, 2/4, 3/4, 4/4 of a step of 1 s: 40 at 1/2, 80 at 2/3, 120 at 5/6, 160 at 1. A ring
of two takes 2 s and 1 / 100 s a byte.
"""

import pytest

from sim.mode.partner.allreduce import Allreduce
from sim.outcome import Outcome
from sim.protocol.fusion import Fusion
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner

A, B = partner("a"), partner("b")
SLOW = partner("slow", speed=0.5)


def fused(
    buffer_bytes: float = 1e9, cycle_sim_s: float = 0.25, coordinator: str = "none"
) -> Allreduce:
    fusion = Fusion(buffer_bytes=buffer_bytes, cycle_sim_s=cycle_sim_s, coordinator=coordinator)
    return Allreduce(algorithm="ring", fusion=fusion)


def groups(outcome: Outcome) -> list[tuple[float, float, float]]:
    """Return begin, end and bytes of each group of the first step."""
    return [
        (pytest.approx(start_sim_s), pytest.approx(end_sim_s), pytest.approx(num_bytes))
        for round_, actor, _, start_sim_s, end_sim_s, num_bytes in outcome.spans
        if round_ == 1 and actor == "allreduce/background"
    ]


def test_what_is_ready_when_the_sum_before_has_ended_goes_together(simulate) -> None:
    _, outcome = simulate(fused(), A, B)
    # the cycle at 0.5 finds 40 bytes, 2.4 s; the one at 3 finds all others, 2 + 3.6 s
    assert groups(outcome) == [(0.5, 2.9, 40), (3.0, 8.6, 360)]
    assert outcome.rounds[1].end_sim_s == pytest.approx(8.6)


def test_a_group_is_no_larger_than_the_buffer(simulate) -> None:
    _, outcome = simulate(fused(buffer_bytes=200.0), A, B)
    # 80 + 120 fit, 160 go alone: 2 + 2 s and 2 + 1.6 s
    assert groups(outcome) == [(0.5, 2.9, 40), (3.0, 7.0, 200), (7.0, 10.6, 160)]


def test_a_tensor_larger_than_the_buffer_goes_alone(simulate) -> None:
    _, outcome = simulate(fused(buffer_bytes=1.0), A, B)
    assert [group[2] for group in groups(outcome)] == [40, 80, 120, 160]


def test_only_what_outlasts_the_step_is_exposed(simulate) -> None:
    fat = {"uplink_bytes_per_s": 1e9, "downlink_bytes_per_s": 1e9, "latency_sim_s": 0.0}
    _, outcome = simulate(fused(), partner("a", **fat), partner("b", **fat))
    # cycles at 0.5, 0.75 and 1: the last tensor is ready with the step, and takes 160 / 1e9 s
    assert [group[2] for group in groups(outcome)] == [40, 80, 120 + 160]
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + 280e-9, abs=1e-12)
    assert outcome.rounds[1].partner_sim_s["transfer"] == pytest.approx(2 * 280e-9, abs=1e-12)


def test_tensors_are_ready_when_the_slowest_has_them(simulate) -> None:
    _, outcome = simulate(fused(), A, SLOW)
    # the step is 2 s: 40 at 1, 80 at 4/3, 120 at 5/3, 160 at 2
    assert groups(outcome) == [(1.0, 3.4, 40), (3.5, 9.1, 360)]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {
            "compute": 3,
            "transfer": 8.1 + 7.1,
            "protect": 0,
            "queue": 0,
            "merge": 0,
            "wait": 0,
            "down": 0,
        }
    )


@pytest.mark.parametrize(
    ("coordinator", "agree_sim_s"),
    [
        ("mpi", 2 * (1 + 0.64)),  # a tree of two: up and down, 64 bytes
        ("gloo", 2 * (2 * 1 + 0.64)),  # two sums around a segmented ring: 4 steps, 2 in flight
    ],
)
def test_agreeing_takes_its_time(simulate, coordinator: str, agree_sim_s: float) -> None:
    _, outcome = simulate(fused(coordinator=coordinator), A, B)
    # agreeing is longer than the cycle, so cycles last as long; the first one at 0 finds nothing,
    # the second one all
    start_sim_s = 2 * agree_sim_s
    assert groups(outcome) == [(start_sim_s, start_sim_s + 6, 400)]


def test_one_partner_does_not_agree_with_itself(simulate) -> None:
    _, outcome = simulate(fused(coordinator="gloo"), A)
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds] == [(0, 0), (1, 0), (2, 0)]


def test_fusion_moves_the_bytes_that_it_moves_without(simulate) -> None:
    plain = Allreduce(algorithm="ring", fusion=None)
    moved = [simulate(mode, A, B, SLOW)[1].rounds[-1].num_bytes for mode in (plain, fused())]
    assert moved[0] == pytest.approx(moved[1])


def test_a_partner_that_breaks_down_ends_the_step_and_its_sum(simulate) -> None:
    _, outcome = simulate(fused(), A, B, fault=breaks(("b", 1.5, 2.0)), num_epochs=0.5)
    # at 1.5 the group of 40 bytes, which takes 0.4 s and its latency, has left: 80 bytes in all; a
    # takes a step alone, b gets the model at 2.5, 5 s, and they take one together from 7.5 on: the
    # cycle at 8 finds 40 bytes, the one at 10.5 the rest
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 1.5, 2.5, 16.1])
    assert outcome.rounds[1].num_bytes == pytest.approx(80)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"buffer_bytes": 0.0}, "buffer_bytes must be finite and above 0, got 0.0"),
        ({"cycle_sim_s": 0.0}, "cycle_sim_s must be finite and above 0, got 0.0"),
        ({"coordinator": "nccl"}, "coordinator must be one of gloo, mpi, none, got 'nccl'"),
    ],
)
def test_refuses_what_no_coordinator_does(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fused(**changes)
