"""DiLoCo: what is sent, when, and how much of it the steps hide."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.learner import Merged, Model, Outer, Part, Stages, Work
from sim.learner.none import TimeOnly
from sim.mode.partner.diloco import DiLoCo
from sim.mode.partner.local_sgd import LocalSgd
from sim.trace import Span
from tests.sim.conftest import partner
from tests.sim.mode.breakdown import Breakdown


def mode(**changes: Any) -> DiLoCo:
    values = {
        "inner_steps": 2,
        "outer_learning_rate": 0.7,
        "outer_momentum": 0.9,
        "num_fragments": 1,
        "overlap_steps": 0,
        "wire_bytes_per_parameter": 4.0,
        "reduces_during_backward": False,
        "algorithm": "ring",
    }
    return DiLoCo(**(values | changes))


def ends(outcome) -> list[float]:
    return [one.end_sim_s for one in outcome.rounds[1:]]


def pair(**changes: Any) -> list[Any]:
    return [partner("a", **changes), partner("b", **changes)]


@dataclass(frozen=True, kw_only=True)
class Recorder(TimeOnly):
    """Remember what is asked of a learner."""

    steps: list[Work] = field(default_factory=list)
    sums: list[Any] = field(default_factory=list)
    adopted: list[Any] = field(default_factory=list)

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        self.steps.extend(works)
        return super().step(model, works, stages)

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Any:
        self.sums.append((model.version, len(replicas), list(weights), outer, part))
        return super().combine(model, replicas, weights, outer, part)

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        self.adopted.append((len(replicas), model.version, part))
        return super().adopt(replicas, model, part)


def test_without_streaming_it_is_local_sgd_in_time(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.7, uplink_bytes_per_s=40.0), partner("c")]
    diloco, local = (
        simulate(one, *partners, num_epochs=3)[1]
        for one in (mode(), LocalSgd(inner_steps=2, algorithm="ring"))
    )
    assert diloco.spans == local.spans


def test_precision_of_what_is_sent(simulate) -> None:
    world, outcome = simulate(mode(wire_bytes_per_parameter=0.5), *pair())
    # 2 steps of 1 s; ring of 2: 2 messages of 100 parameters * 0.5 / 2 bytes at 100 bytes/s, and
    # 1 s of latency each
    assert ends(outcome) == pytest.approx([2 + 2 * (1 + 0.25)])
    assert [one.uplink.carried_bytes for one in world.members] == [50, 50]  # 2(p-1)/p * 50


def test_what_the_next_steps_do_not_hide_is_waited_for(simulate) -> None:
    _, outcome = simulate(mode(inner_steps=4, overlap_steps=2), *pair(), num_epochs=4)
    # 4 steps, then a sum of 6 s from second 4 to 10, of which 2 steps hide 2 s; 2 steps until
    # second 12, then the next sum until 18
    assert ends(outcome) == pytest.approx([10, 18])
    first, second = (one.partner_sim_s for one in outcome.rounds[1:])
    assert (first["compute"], first["transfer"], first["wait"]) == pytest.approx((12, 8, 0))
    assert (second["compute"], second["transfer"], second["wait"]) == pytest.approx((8, 8, 0))
    assert [one.num_samples for one in outcome.rounds[1:]] == [32, 64]  # 2 * 4 steps of 4 samples
    background = [span for span in outcome.spans if span[1] == "a/background"]
    assert background == [
        (1, "a/background", "transfer", 4.0, 10.0, 400.0),
        (2, "a/background", "transfer", 12.0, 18.0, 400.0),
    ]


def test_a_sum_that_the_next_steps_hide_costs_nothing(simulate) -> None:
    _, outcome = simulate(
        mode(inner_steps=4, overlap_steps=3, wire_bytes_per_parameter=0.5), *pair(), num_epochs=6
    )
    # the sum takes 2.5 s, the 3 steps beside it 3 s: one round every 4 steps
    assert ends(outcome) == pytest.approx([7, 11, 15])
    assert all(one.partner_sim_s["transfer"] == 0 for one in outcome.rounds)


def test_fragments_take_turns(simulate) -> None:
    world, outcome = simulate(mode(inner_steps=5, num_fragments=2), *pair(), num_epochs=5)
    # tensors of 160, 120, 80 and 40 bytes are cut into 160 and 240. Turns are after 2 and 5 steps;
    # rings take 2 * (1 + 0.8) = 3.6 s and 2 * (1 + 1.2) = 4.4 s.
    assert ends(outcome) == pytest.approx([5.6, 13.0, 18.6, 26.0])
    assert [one.num_bytes for one in outcome.rounds[1:]] == pytest.approx([320, 800, 1120, 1600])
    assert world.members[0].uplink.carried_bytes == pytest.approx(800)


def test_layers_are_summed_while_the_last_backward_pass_goes_on(simulate) -> None:
    _, outcome = simulate(
        mode(inner_steps=3, reduces_during_backward=True), *pair(latency_sim_s=0.0), num_epochs=1.5
    )
    # the third step's forward pass ends at 2 + 1/3, and a tensor comes every 1/6 s: the first one,
    # of 40 bytes, at 2.5. Sums of 0.4, 0.8, 1.2 and 1.6 s follow each other from then on.
    assert ends(outcome) == pytest.approx([2.5 + 0.4 + 0.8 + 1.2 + 1.6])
    assert outcome.rounds[1].partner_sim_s["compute"] == pytest.approx(6)
    assert outcome.rounds[1].partner_sim_s["transfer"] == pytest.approx(2 * 3.5)


def test_a_backward_pass_hides_all_but_the_first_layer(simulate) -> None:
    _, outcome = simulate(
        mode(inner_steps=3, reduces_during_backward=True),
        *pair(latency_sim_s=0.0, uplink_bytes_per_s=1e4, downlink_bytes_per_s=1e4),
        num_epochs=1.5,
    )
    assert ends(outcome) == pytest.approx([3 + 160 / 1e4])


def test_only_the_fragment_is_summed_during_the_backward_pass(simulate) -> None:
    _, outcome = simulate(
        mode(inner_steps=2, num_fragments=2, reduces_during_backward=True),
        *pair(latency_sim_s=0.0),
    )
    # first fragment: 160 bytes, ready when the step ends, 1.6 s. Second: 40 bytes are ready at
    # 2.6 + 1/3 + 1/6 = 3.1, then 80 and 120
    assert ends(outcome) == pytest.approx([1 + 1.6, 3.1 + 0.4 + 0.8 + 1.2])


def test_what_the_learner_is_asked_for(simulate) -> None:
    learner = Recorder()
    simulate(mode(), *pair(), num_epochs=2, learner=learner)
    # both take the shared model, two steps each, and after the sum the model that has stepped
    assert [(work.partner, work.num_steps, work.data_of) for work in learner.steps] == [
        (0, 2, (0,)),
        (1, 2, (1,)),
    ] * (len(learner.steps) // 2)
    outer = Outer(optimizer="nesterov", learning_rate=0.7, momentum=0.9)
    assert learner.sums[0] == (0, 2, [0.5, 0.5], outer, None)
    assert learner.adopted[:2] == [(2, 0, None), (2, 1, None)]
    assert len(learner.sums) == len(learner.steps) // 2 > 1
    # nobody begins anew in the second round: replicas, with their optimizers, go on
    assert all(num_replicas == 2 for num_replicas, _, _ in learner.adopted)


def test_streaming_sends_fragments_in_turn_and_trains_on_beside_the_sum(simulate) -> None:
    learner = Recorder()
    simulate(
        mode(inner_steps=4, num_fragments=2, overlap_steps=1, wire_bytes_per_parameter=0.5),
        *pair(),
        num_epochs=4,
        learner=learner,
    )
    parts = [Part(kind="layers", index=number, count=2) for number in (0, 1, 0, 1)]
    assert [part for *_, part in learner.sums] == parts
    assert [part for _, _, part in learner.adopted[1:]] == parts
    # 2 steps until the first sum, then 1 beside each sum and 1 before the next
    own = [work.num_steps for work in learner.steps if work.partner == 0]
    assert own == [2, 1, 1, 1, 1, 1, 1, 1]
    assert learner.sums[0][3].wire_bytes_per_parameter == 0.5


def test_who_lost_its_steps_begins_with_the_shared_model_and_a_new_optimizer(simulate) -> None:
    learner = Recorder()
    simulate(
        mode(inner_steps=2),
        *(partner(name) for name in "abc"),
        num_epochs=6,
        learner=learner,
        fault=Breakdown(partner=1, at_sim_s=1.0, lasts_sim_s=0.5),
    )
    # a and c begin, then b on its return
    alone = [(num_replicas, version) for num_replicas, version, _ in learner.adopted]
    assert alone[:3] == [(2, 0), (2, 1), (1, 1)]


def test_who_breaks_down_beside_a_sum_is_not_in_it(simulate) -> None:
    _, outcome = simulate(
        mode(inner_steps=4, overlap_steps=2),
        *(partner(name) for name in "abc"),
        num_epochs=3,
        fault=Breakdown(partner=1, at_sim_s=5.0, lasts_sim_s=1.0),
    )
    # sum among 3 from second 4, broken at 5; among 2 from 5 to 11. Then b gets the model in 5 s; a
    # and c are two steps ahead, all take 2, and a sum among 3 takes 4 * (1 + 4 / 3).
    assert ends(outcome) == pytest.approx([11, 11 + 5 + 2 + 4 * (1 + 4 / 3)])
    assert [one.num_participants for one in outcome.rounds[1:]] == [2, 3]
    assert [one.num_samples for one in outcome.rounds[1:]] == [32, 32 + 4 * (4 + 4 + 2)]


@settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # `simulate` keeps no state
)
@given(
    inner_steps=st.integers(1, 12),
    num_fragments=st.integers(1, 4),
    overlap_steps=st.integers(0, 12),
    rate=st.sampled_from([1.0, 20.0, 100.0, 1e5]),
)
def test_overlap_never_costs_more_than_waiting(
    simulate, inner_steps: int, num_fragments: int, overlap_steps: int, rate: float
) -> None:
    num_fragments = min(num_fragments, inner_steps)
    overlap_steps = min(overlap_steps, inner_steps // num_fragments)
    partners = pair(uplink_bytes_per_s=rate)
    streaming, waiting = (
        simulate(
            mode(inner_steps=inner_steps, num_fragments=num_fragments, overlap_steps=steps),
            *partners,
            num_epochs=10,
        )[1]
        for steps in (overlap_steps, 0)
    )
    assert len(streaming.rounds) == len(waiting.rounds)
    # at the end, the steps beside the last sum are of no use
    assert ends(streaming)[-1] <= ends(waiting)[-1] + overlap_steps + 1e-9
    assert ends(streaming)[-1] >= 20  # the steps themselves
    assert streaming.rounds[-1].num_bytes == pytest.approx(waiting.rounds[-1].num_bytes)
    assert spans_of("a", streaming.spans) == pytest.approx(ends(streaming)[-1])


def spans_of(name: str, spans: list[Span]) -> float:
    return sum(
        end_sim_s - start_sim_s for _, actor, _, start_sim_s, end_sim_s, _ in spans if actor == name
    )


def test_one_partner_has_nobody_to_talk_to(simulate) -> None:
    _, outcome = simulate(mode(inner_steps=4, overlap_steps=2), partner("alone"), num_epochs=4)
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds[1:]] == [(6, 0), (10, 0)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inner_steps": 0}, "inner_steps must be at least 1, got 0"),
        ({"outer_learning_rate": 0.0}, "outer_learning_rate must be finite and above 0, got 0.0"),
        ({"outer_momentum": 1.0}, "outer_momentum must be at least 0 and below 1, got 1.0"),
        ({"num_fragments": 3}, "num_fragments must be between 1 and the 2 inner steps, got 3"),
        ({"overlap_steps": 3}, "overlap_steps must be between 0 and the 2 steps .*, got 3"),
        ({"wire_bytes_per_parameter": 0.0}, "wire_bytes_per_parameter must be finite and above 0"),
        (
            {"overlap_steps": 1, "reduces_during_backward": True},
            "overlap_steps must be 0 with reduces_during_backward, got 1",
        ),
    ],
)
def test_refuses_what_makes_no_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mode(**changes)
