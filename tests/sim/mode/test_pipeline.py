"""Pipeline: micro-batches through stages, message by message; closed forms where messages are
free.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from sim.learner import Merged, Model, Stages, Work
from sim.learner.none import TimeOnly
from sim.ledger import NoProgress
from sim.mode.partner.allreduce import Allreduce
from sim.mode.partner.pipeline import PATIENCE_SIM_S, Pipeline
from sim.variability.lognormal import Lognormal
from tests.sim.conftest import partner
from tests.sim.mode.breakdown import Breakdown

# Of 40, 30, 20 and 10 parameters, stage 0 has 40 and stage 1 has 60. At these speeds a stage takes
# 3 s a sample: 0.4 * 0.25 s * 30 = 0.6 * 0.25 s * 20 = 3 s, 1 s forward and 2 s backward.
A = partner("a", speed=1 / 30)
B = partner("b", speed=1 / 20)
FAST = {"uplink_bytes_per_s": 1e15, "downlink_bytes_per_s": 1e15, "latency_sim_s": 0.0}


def pipeline(**changes: Any) -> Pipeline:
    """Return a mode with 3 micro-batches and 50 bytes an activation, 5 bytes a label."""
    values = {
        "num_stages": None,
        "balance": "speed",
        "schedule": "gpipe",
        "num_micro_batches": 3,
        "activation_bytes_per_sample": 50.0,
        "label_bytes_per_sample": 5.0,
    }
    return Pipeline(**(values | changes))


def timeline(outcome, actor: str, num_rounds: int = 1) -> list[tuple[str, float, float]]:
    """Return an actor's spans, those of one kind that follow each other joined."""
    joined: list[tuple[str, float, float]] = []
    for round_, who, kind, start, end, _ in outcome.spans:
        if who != actor or round_ > num_rounds:
            continue
        if joined and joined[-1][0] == kind and joined[-1][2] == start:
            start = joined.pop()[1]
        joined.append((kind, start, end))
    return [(kind, round(start, 9), round(end, 9)) for kind, start, end in joined]


def test_gpipe_schedule(simulate) -> None:
    """8 samples in micro-batches of 3, 3 and 2: forward 3, 3, 2 s and backward 6, 6, 4 s.

    Activations of 3 samples are 150 bytes: 1.5 s at 100 bytes/s and 1 s latency; of 2, 2 s.
    """
    _, outcome = simulate(pipeline(schedule="gpipe"), A, B)
    # a: F0 0-3, F1 3-6 (b's samples came at 0.4 + 1), F2 6-8; they arrive at 5.5, 8.5 and 10
    # b: F0 5.5-8.5, F1 8.5-11.5, F2 11.5-13.5, B2 13.5-17.5, B1 17.5-23.5, B0 23.5-29.5
    # back at a: 19.5, 26 and 32; a: B2 19.5-23.5, B1 26-32, B0 32-38
    assert timeline(outcome, "a") == [
        ("compute", 0, 8),
        ("wait", 8, 17.5),
        ("transfer", 17.5, 19.5),
        ("compute", 19.5, 23.5),
        ("transfer", 23.5, 26),
        ("compute", 26, 38),
    ]
    assert timeline(outcome, "b") == [
        ("wait", 0, 3),
        ("transfer", 3, 5.5),
        ("compute", 5.5, 29.5),
        ("wait", 29.5, 38),
    ]
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 38, 76])
    assert [one.num_samples for one in outcome.rounds] == [0, 8, 16]


def test_1f1b_schedule(simulate) -> None:
    _, outcome = simulate(pipeline(schedule="1f1b"), A, B)
    # a: F0 0-3, F1 3-6; they arrive at 5.5 and 8.5
    # b: F0 5.5-8.5, B0 8.5-14.5 (at a: 17), F1 14.5-17.5, B1 17.5-23.5 (at a: 26)
    # a: B0 17-23, F2 23-25 (at b: 27), B1 26-32; b: F2 27-29, B2 29-33 (at a: 35); a: B2 35-39
    assert timeline(outcome, "a") == [
        ("compute", 0, 6),
        ("wait", 6, 14.5),
        ("transfer", 14.5, 17),
        ("compute", 17, 25),
        ("transfer", 25, 26),
        ("compute", 26, 32),
        ("wait", 32, 33),
        ("transfer", 33, 35),
        ("compute", 35, 39),
    ]
    assert timeline(outcome, "b") == [
        ("wait", 0, 3),
        ("transfer", 3, 5.5),
        ("compute", 5.5, 23.5),
        ("wait", 23.5, 25),
        ("transfer", 25, 27),
        ("compute", 27, 33),
        ("wait", 33, 39),
    ]


def test_what_is_sent_is_traced_in_the_background(simulate) -> None:
    _, outcome = simulate(pipeline(schedule="gpipe"), A, B)
    sent = [
        (actor, kind, pytest.approx(start), pytest.approx(end), num_bytes)
        for round_, actor, kind, start, end, num_bytes in outcome.spans
        if round_ == 1 and "/" in actor
    ]
    assert sent == [
        ("a/background", "transfer", 0, 1.2, 20),  # labels of 4 samples
        ("b/background", "transfer", 0, 1.4, 40),  # 4 samples of 10 bytes
        ("a/background", "transfer", 3, 5.5, 150),
        ("a/background", "transfer", 6, 8.5, 150),
        ("a/background", "transfer", 8, 10, 100),
        ("b/background", "transfer", 17.5, 19.5, 100),
        ("b/background", "transfer", 23.5, 26, 150),
        ("b/background", "transfer", 29.5, 32, 150),
    ]


def test_a_micro_batch_waits_for_the_samples_of_all_its_owners(simulate) -> None:
    slow_line = partner("b", speed=1 / 20, uplink_bytes_per_s=5.0)
    _, outcome = simulate(pipeline(), A, slow_line)
    # 40 bytes at 5 bytes/s and 1 s latency: b's samples, of which micro-batch 1 has two, come at 9
    assert timeline(outcome, "a")[:3] == [
        ("compute", 0, 3),
        ("transfer", 3, 9),
        ("compute", 9, 14),
    ]


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b"])
@pytest.mark.parametrize("speeds", [(1.0,), (2.0, 3.0), (4.0, 3.0, 3.0), (4.0, 3.0, 2.0, 1.0)])
@pytest.mark.parametrize("num_micro_batches", [1, 2, 4])
def test_the_idle_part_has_its_closed_form(
    simulate, schedule: str, speeds: tuple[float, ...], num_micro_batches: int
) -> None:
    """Equal stages and free messages: (s - 1) / (m + s - 1) of the time, for both schedules."""
    partners = [partner(f"p{n}", speed=speed, **FAST) for n, speed in enumerate(speeds)]
    mode = pipeline(schedule=schedule, num_micro_batches=num_micro_batches)
    _, outcome = simulate(mode, *partners)
    s, m = len(speeds), num_micro_batches
    # a stage has 1/10 of the work of a step per unit of speed: s batches of 1 s are s / 10 s
    work_sim_s = s / sum(speeds)
    assert outcome.rounds[1].end_sim_s == pytest.approx(work_sim_s * (m + s - 1) / m)
    spent = outcome.rounds[1].partner_sim_s
    idle_fraction = 1 - spent["compute"] / sum(spent.values())
    assert idle_fraction == pytest.approx((s - 1) / (m + s - 1), abs=1e-9)


@pytest.mark.parametrize("schedule", ["gpipe", "1f1b"])
def test_bytes_have_their_closed_form(simulate, schedule: str) -> None:
    """Three stages: two cuts, both ways; two owners' samples and labels travel."""
    partners = [partner(name) for name in "abc"]
    _, outcome = simulate(pipeline(schedule=schedule, num_micro_batches=5), *partners)
    per_step = 2 * 2 * 12 * 50 + 2 * 4 * 10 + 2 * 4 * 5
    assert outcome.rounds[1].num_bytes == pytest.approx(per_step)


def test_pipelines_side_by_side_sum_the_gradients_of_each_stage(simulate) -> None:
    partners = [A, B, partner("c", speed=1 / 30), partner("d", speed=1 / 20)]
    _, outcome = simulate(pipeline(num_stages=2), *partners)
    # Until 29.5 each pipeline is as in test_gpipe_schedule. Then b and d sum stage 1's 240 of 400
    # bytes in a ring of 2, 240 bytes each, and send 150 bytes of gradients to a and c on the same
    # uplinks: at 50 bytes/s these are served at 32.5 and arrive at 33.5. B0 lasts until 39.5, and
    # the ring of stage 0 has 160 bytes at 100 bytes/s and two latencies of 1 s.
    one_pipeline = 40 + 20 + 800
    assert outcome.rounds[1].end_sim_s == pytest.approx(39.5 + 1.6 + 2)
    assert outcome.rounds[1].num_bytes == pytest.approx(2 * one_pipeline + 2 * 400)
    assert outcome.rounds[1].num_samples == 16


def test_one_stage_is_allreduce(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.7, uplink_bytes_per_s=40.0), partner("c")]
    mode = pipeline(num_stages=1, num_micro_batches=1)
    noisy = {"variability": Lognormal(sigma=0.3)}
    _, piped = simulate(mode, *partners, num_epochs=2, **noisy)
    _, reduced = simulate(
        Allreduce(algorithm="ring", fusion=None), *partners, num_epochs=2, **noisy
    )
    for one, other in zip(piped.rounds, reduced.rounds, strict=True):
        assert one.end_sim_s == pytest.approx(other.end_sim_s)
        assert one.num_bytes == pytest.approx(other.num_bytes)
        assert one.num_samples == other.num_samples


class Noting(TimeOnly):
    """Learn nothing, and keep what was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[Work]] = []
        self.stages: list[Stages | None] = []

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        self.asked.append(list(works))
        self.stages.append(stages)
        return super().step(model, works, stages)


def test_a_step_learns_from_a_batch_of_everyone(simulate) -> None:
    learner = Noting()
    simulate(pipeline(), A, B, learner=learner)
    assert [
        [(one.partner, one.num_steps, one.data_of, one.start.version, one.part) for one in works]
        for works in learner.asked
    ] == [[(n, 1, (n,), version, None) for n in range(2)] for version in range(2)]


def test_the_learner_is_told_the_stages(simulate) -> None:
    learner = Noting()
    simulate(pipeline(), A, B, learner=learner)
    # 40 / 2 and 60 / 3 at the speeds of a and b; 8 samples in 3 micro-batches
    told = Stages(tensors=(range(1), range(1, 4)), num_micro_batches=3)
    assert learner.stages == [told, told]


def test_the_learner_is_told_no_more_micro_batches_than_samples(simulate) -> None:
    learner = Noting()
    simulate(pipeline(num_micro_batches=100), A, B, learner=learner)
    assert [one.num_micro_batches for one in learner.stages] == [8, 8]


def test_a_broken_stage_stops_all_and_the_step_is_done_again(simulate) -> None:
    _, outcome = simulate(pipeline(), A, B, fault=Breakdown(partner=1, at_sim_s=10, lasts_sim_s=5))
    # lost at 10, begun anew at 15
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 10, 15 + 38, 53 + 38])
    assert [one.num_dropped for one in outcome.rounds] == [0, 2, 0, 0]
    assert [one.num_samples for one in outcome.rounds] == [0, 0, 8, 16]
    # by 10 s the data and all activations have been served: 40 + 20 + 150 + 150 + 100
    assert outcome.rounds[1].num_bytes == pytest.approx(460)
    assert timeline(outcome, "b", num_rounds=2)[:5] == [
        ("wait", 0, 3),
        ("transfer", 3, 5.5),
        ("compute", 5.5, 10),
        ("down", 10, 15),
        ("wait", 15, 18),
    ]


def test_a_message_that_has_left_a_broken_stage_arrives_in_vain(simulate) -> None:
    fault = Breakdown(partner=0, at_sim_s=5, lasts_sim_s=2)
    _, outcome = simulate(pipeline(), A, B, fault=fault)
    # the first activations are served from 3 to 4.5 and would arrive at 5.5
    sent = [
        (pytest.approx(start), pytest.approx(end), num_bytes)
        for round_, actor, _, start, end, num_bytes in outcome.spans
        if actor == "a/background" and round_ == 1
    ]
    assert sent == [(0, 1.2, 20), (3, 5, 150)]
    assert outcome.rounds[2].end_sim_s == pytest.approx(7 + 38)


def test_a_stage_that_is_gone_for_good_ends_the_run(simulate) -> None:
    gone = Breakdown(partner=1, at_sim_s=10, lasts_sim_s=2 * PATIENCE_SIM_S)
    with pytest.raises(NoProgress, match="needs all of its 2 partners at once"):
        simulate(pipeline(), A, B, fault=gone)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_stages": 0}, "num_stages must be at least 1, got 0; null is one stage"),
        ({"balance": "luck"}, "balance must be one of equal, speed, got 'luck'"),
        ({"schedule": "zero"}, "schedule must be one of gpipe, 1f1b, got 'zero'"),
        ({"num_micro_batches": 0}, "num_micro_batches must be at least 1, got 0"),
        ({"activation_bytes_per_sample": 0.0}, "activation_bytes_per_sample must be finite and"),
        ({"label_bytes_per_sample": -1.0}, "label_bytes_per_sample must be finite and above 0"),
    ],
)
def test_refuses_what_is_out_of_range(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline(**changes)


def test_refuses_partners_that_are_left_over(simulate) -> None:
    with pytest.raises(
        ValueError, match=r"num_stages must divide the 3 partners, got 2; try mode.num_stages=1"
    ):
        simulate(pipeline(num_stages=2), *map(partner, "abc"))
