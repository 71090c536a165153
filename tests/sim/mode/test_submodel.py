"""Submodel: parts go out from the keeper, are trained, come back and are fused."""

from collections.abc import Sequence
from typing import Any

import pytest

from sim.collective.algorithms import allreduce, sent_bytes
from sim.learner import Distillation, Evaluation, Merged, Model, Outer, Part, Stages, Work
from sim.learner.none import TimeOnly
from sim.mode.partner.submodel import Submodel
from tests.sim.conftest import partner
from tests.sim.mode.breakdown import Breakdown


def width(*fractions: float, **changes: Any) -> Submodel:
    values = {
        "assign": "in_turn",
        "local_steps": 2,
        "fusion": "average",
        "distillation_steps": None,
    }
    return Submodel(kind="width", fractions=fractions, **(values | changes))


def independent(**changes: Any) -> Submodel:
    values = {"local_steps": 2, "fusion": "average", "distillation_steps": None}
    return Submodel(kind="independent", fractions=None, assign=None, **(values | changes))


INDEPENDENT = independent()


class Noting(TimeOnly):
    """Learn nothing, and keep what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[Work], list[float]]] = []
        self.distillations: list[Distillation | None] = []
        self.steps: list[Work] = []
        self.evaluated: list[tuple[list[int], bool]] = []

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        self.asked.append((list(works), list(weights)))
        self.distillations.append(distillation)
        return super().merge(model, works, weights, outer, distillation)

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        self.steps += works
        return super().step(model, works, stages)

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation:
        self.evaluated.append(([model.version for model in models], jointly))
        return Evaluation(loss=1.0, accuracy=0.5)


def spans_of(outcome, actor: str) -> list[tuple[str, float, float, float]]:
    return [
        (kind, start, end, size) for _, who, kind, start, end, size in outcome.spans if who == actor
    ]


def test_schedule_of_widths(simulate) -> None:
    _, outcome = simulate(width(1.0, 0.5), partner("a"), partner("b"))
    # a keeps the model. b's part is 0.25 * 400 bytes: 1 s at 100 bytes/s and 1 s latency each way;
    # 2 steps on it are 2 * 0.25 s. a trains the whole model for 2 s meanwhile.
    assert spans_of(outcome, "a") == [("compute", 0, 2, 0), ("wait", 2, 4.5, 0)]
    assert spans_of(outcome, "b") == [
        ("transfer", 0, 2, 100),
        ("compute", 2, 2.5, 0),
        ("transfer", 2.5, 4.5, 100),
    ]
    assert [one.end_sim_s for one in outcome.rounds] == [0, 4.5]
    assert outcome.rounds[1].num_samples == 2 * 2 * 4


def test_schedule_of_independent_parts(simulate) -> None:
    _, outcome = simulate(INDEPENDENT, partner("a"), partner("b"))
    # b's half is 200 bytes: 2 s and 1 s latency each way; 2 steps on it are 1 s
    assert spans_of(outcome, "a") == [("compute", 0, 1, 0), ("wait", 1, 7, 0)]
    assert spans_of(outcome, "b") == [
        ("transfer", 0, 3, 200),
        ("compute", 3, 4, 0),
        ("transfer", 4, 7, 200),
    ]


def test_the_partner_with_the_best_link_keeps_the_model(simulate) -> None:
    partners = [
        partner("a", uplink_bytes_per_s=1000.0),  # but 100 bytes/s down
        partner("b", uplink_bytes_per_s=200.0, downlink_bytes_per_s=200.0),
        partner("c"),
    ]
    world, outcome = simulate(INDEPENDENT, *partners)
    first_round = outcome.rounds[1].num_samples
    num_rounds = outcome.rounds[-1].num_samples // first_round
    # each way 2 of 3 parts
    assert world.members[1].uplink.carried_bytes == pytest.approx(num_rounds * 400 * 2 / 3)
    assert world.members[1].downlink.carried_bytes == pytest.approx(num_rounds * 400 * 2 / 3)


@pytest.mark.parametrize("fractions", [(1.0, 0.5, 0.5), (1.0, 1.0, 0.25, 0.125), (0.5, 1.0)])
def test_bytes_of_widths_have_their_closed_form(simulate, fractions: tuple[float, ...]) -> None:
    partners = [partner(f"p{number}") for number in range(len(fractions))]
    _, outcome = simulate(width(*fractions), *partners)
    moved_bytes = sum(2 * r**2 * 400 for r in fractions[1:])  # the first one keeps the model
    assert outcome.rounds[1].num_bytes == pytest.approx(moved_bytes)


@pytest.mark.parametrize("num_partners", [1, 2, 5])
def test_bytes_of_independent_parts_have_their_closed_form(simulate, num_partners: int) -> None:
    partners = [partner(f"p{number}") for number in range(num_partners)]
    _, outcome = simulate(INDEPENDENT, *partners)
    moved_bytes = 2 * (num_partners - 1) / num_partners * 400
    assert outcome.rounds[1].num_bytes == pytest.approx(moved_bytes)


@pytest.mark.parametrize("num_partners", [2, 3, 8])
def test_whole_widths_move_what_local_sgd_moves(simulate, num_partners: int) -> None:
    """With all fractions 1, a round moves the bytes of a model's ring allreduce."""
    partners = [partner(f"p{number}") for number in range(num_partners)]
    _, outcome = simulate(width(*[1.0] * num_partners), *partners)
    ring = sum(sent_bytes(allreduce("ring", num_partners, 400, ()), num_partners))
    assert outcome.rounds[1].num_bytes == pytest.approx(ring)


def test_whole_widths_are_federated_averaging_with_the_keeper_as_server(simulate) -> None:
    learner = Noting()
    _, outcome = simulate(width(1.0, 1.0), partner("a"), partner("b"), learner=learner)
    # model to b: 4 s and 1 s latency; 2 steps; update back likewise
    assert outcome.rounds[1].end_sim_s == pytest.approx(5 + 2 + 5)
    works, weights = learner.asked[0]
    assert [(one.partner, one.num_steps, one.data_of, one.part) for one in works] == [
        (0, 2, (0,), None),
        (1, 2, (1,), None),
    ]
    assert weights == [0.5, 0.5]


def test_the_learner_is_told_the_parts(simulate) -> None:
    learner = Noting()
    simulate(
        width(1.0, 0.5, assign="speed"),
        partner("slow", speed=0.5),
        partner("fast"),
        learner=learner,
    )
    parts = [one.part for one in learner.asked[0][0]]
    assert parts == [Part(kind="width", index=0, count=2), None]


def test_independent_parts_are_drawn_anew_each_round(simulate) -> None:
    learner = Noting()
    simulate(INDEPENDENT, *map(partner, "abc"), num_epochs=3, learner=learner)
    assert [[one.part.index for one in works] for works, _ in learner.asked] == [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
    ]


def test_the_part_of_a_broken_partner_is_not_updated(simulate) -> None:
    learner = Noting()
    partners = [partner(name) for name in "abc"]
    _, outcome = simulate(
        width(1.0, 0.5, 1.0),
        *partners,
        num_epochs=2,
        learner=learner,
        fault=Breakdown(partner=1, at_sim_s=2.75, lasts_sim_s=7.25),
    )
    # a sends b 100 and c 400 bytes at 50 bytes/s each, until 2 s; b breaks down before its part has
    # come. The other 300 bytes take 3 s and 1 s latency; c has trained at 8, and is back at 13.
    # b is up again at 10, and takes part from the next round on.
    assert outcome.rounds[1].end_sim_s == pytest.approx(13)
    assert [one.num_participants for one in outcome.rounds] == [0, 2, 3, 3]
    assert [one.num_dropped for one in outcome.rounds] == [0, 1, 0, 0]
    assert [one.partner for one in learner.asked[0][0]] == [0, 2]
    assert learner.asked[0][1] == [0.5, 0.5]


def test_all_wait_for_the_keeper(simulate) -> None:
    learner = Noting()
    _, outcome = simulate(
        width(1.0, 0.5),
        partner("a"),
        partner("b"),
        learner=learner,
        fault=Breakdown(partner=0, at_sim_s=2.75, lasts_sim_s=7.25),
    )
    # b's part was on its way back from 2.5 on; a's own was done at 2 and is not lost
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 2.75, 14.5])
    assert [one.num_dropped for one in outcome.rounds] == [0, 1, 0]
    assert [[one.partner for one in works] for works, _ in learner.asked] == [[0], [0, 1]]
    assert ("down", 2.75, 10, 0) in spans_of(outcome, "a")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "depth"}, "kind must be one of width, independent, got 'depth'"),
        ({"local_steps": 0}, "local_steps must be at least 1, got 0; try mode.local_steps=20"),
        ({"fractions": None}, "fractions and assign must be given for kind=width"),
        ({"fractions": ()}, "fractions and assign must be given for kind=width"),
        ({"fractions": (0.5,)}, "fractions must have 1.0 among them"),
        ({"assign": None}, "fractions and assign must be given for kind=width"),
        ({"assign": "luck"}, "assign must be one of speed, in_turn, got 'luck'"),
        ({"kind": "independent"}, "fractions and assign must be null for kind=independent"),
        ({"fusion": "vote"}, "fusion must be one of average, ensemble, distillation, got 'vote'"),
        (
            {"distillation_steps": 3},
            "distillation_steps must be null for fusion=average, got 3; add mode.fusion=dist",
        ),
        ({"fusion": "distillation"}, "distillation_steps must be given for fusion=distillation"),
        (
            {"fusion": "distillation", "distillation_steps": 0},
            "distillation_steps must be at least 1, got 0; mode.fusion=average takes none",
        ),
    ],
)
def test_refuses_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    values = {"kind": "width", "fractions": (1.0, 0.5), "assign": "speed", "local_steps": 2}
    fusion = {"fusion": "average", "distillation_steps": None}
    with pytest.raises(ValueError, match=message):
        Submodel(**(values | fusion | changes))


def test_fractions_in_turn_begin_again(simulate) -> None:
    learner = Noting()
    simulate(width(1.0, 0.5), *map(partner, "abc"), learner=learner)
    half = Part(kind="width", index=0, count=2)
    assert [one.part for one in learner.asked[0][0]] == [None, half, None]


DISTILLING = width(1.0, 0.5, fusion="distillation", distillation_steps=3)


def test_schedule_of_distillation(simulate) -> None:
    learner = Noting()
    _, outcome = simulate(DISTILLING, partner("a"), partner("b"), learner=learner)
    # b's part is back at 4.5, as with averaging. Each of 3 batches is a step of the whole model and
    # forward passes, a third of a step each, of the whole and of a quarter: 1 + 1.25 / 3 s
    end_sim_s = 4.5 + 3 * (1 + 1.25 / 3)
    assert spans_of(outcome, "a") == [
        ("compute", 0, 2, 0),
        ("wait", 2, 4.5, 0),
        ("compute", 4.5, pytest.approx(end_sim_s), 0),
    ]
    assert outcome.rounds[1].end_sim_s == pytest.approx(end_sim_s)
    assert outcome.rounds[1].num_samples == 2 * 2 * 4
    assert outcome.rounds[1].num_bytes == 2 * 100
    assert learner.distillations == [Distillation(num_steps=3, data_of=(0,))]


def test_averaging_distils_nothing(simulate) -> None:
    learner = Noting()
    simulate(width(1.0, 0.5), partner("a"), partner("b"), learner=learner)
    assert learner.distillations == [None]


def test_the_keeper_begins_to_distil_again(simulate) -> None:
    fault = Breakdown(partner=0, at_sim_s=5.5, lasts_sim_s=2)
    _, outcome = simulate(DISTILLING, partner("a"), partner("b"), fault=fault)
    # begun at 4.5, lost at 5.5; the parts are not
    assert outcome.rounds[1].end_sim_s == pytest.approx(7.5 + 3 * (1 + 1.25 / 3))
    assert outcome.rounds[1].num_participants == 2
    assert outcome.rounds[1].num_dropped == 0


def test_schedule_of_an_ensemble(simulate) -> None:
    learner = Noting()
    mode = width(1.0, 0.5, fusion="ensemble")
    _, outcome = simulate(
        mode, partner("a"), partner("b"), num_epochs=2, num_evaluations=2, learner=learner
    )
    # two rounds of 2 steps, 2 s and 0.5 s; then b sends 100 bytes: 1 s, and 1 s latency
    assert spans_of(outcome, "a") == [("compute", 0, 2, 0), ("compute", 2, 4, 0), ("wait", 4, 6, 0)]
    assert spans_of(outcome, "b") == [
        ("compute", 0, 0.5, 0),
        ("wait", 0.5, 2, 0),
        ("compute", 2, 2.5, 0),
        ("wait", 2.5, 4, 0),
        ("transfer", 4, 6, 100),
    ]
    assert [one.end_sim_s for one in outcome.rounds] == [0, 2, 4, 6]
    assert [one.num_samples for one in outcome.rounds] == [0, 16, 32, 32]
    assert [one.num_bytes for one in outcome.rounds] == [0, 0, 0, 100]
    assert learner.evaluated == [([n, n], True) for n in (0, 1, 2, 2)]
    assert outcome.answers_jointly


def test_an_ensemble_is_stepped_and_never_merged(simulate) -> None:
    learner = Noting()
    mode = independent(fusion="ensemble")
    simulate(mode, partner("a"), partner("b"), num_epochs=2, learner=learner)
    assert learner.asked == []
    assert [
        (one.partner, one.start.version, one.num_steps, one.data_of, one.part.index)
        for one in learner.steps
    ] == [(n, version, 2, (n,), n) for version in range(2) for n in range(2)]


def test_an_ensemble_of_one_sends_nothing(simulate) -> None:
    _, outcome = simulate(width(1.0, fusion="ensemble"), partner("a"))
    assert [one.end_sim_s for one in outcome.rounds] == [0, 2]
    assert outcome.rounds[-1].num_bytes == 0


def test_an_ensemble_waits_for_all_parts(simulate) -> None:
    mode = width(1.0, 0.5, fusion="ensemble")
    fault = Breakdown(partner=0, at_sim_s=3, lasts_sim_s=5)
    learner = Noting()
    _, outcome = simulate(mode, partner("a"), partner("b"), fault=fault, learner=learner)
    # trained at 2; b's part is under way from 2 to 4, and is sent again when a is back at 8
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 2, 10])
    assert learner.evaluated[-1] == ([1, 1], True)


def test_a_broken_partner_of_an_ensemble_holds_nobody_up(simulate) -> None:
    mode = width(1.0, 1.0, fusion="ensemble")
    fault = Breakdown(partner=1, at_sim_s=1, lasts_sim_s=2)
    learner = Noting()
    _, outcome = simulate(
        mode, partner("a"), partner("b"), num_epochs=1.5, fault=fault, learner=learner
    )
    # b loses its first round and is away for the second, which begins at 2
    assert [one.num_participants for one in outcome.rounds] == [0, 1, 1, 2, 2]
    assert [one.num_dropped for one in outcome.rounds] == [0, 1, 0, 0, 0]
    assert [one.partner for one in learner.steps] == [0, 0, 0, 1]
