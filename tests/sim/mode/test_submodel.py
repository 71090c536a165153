"""Submodel: parts go out from the keeper, are trained, come back and are fused."""

from collections.abc import Sequence
from typing import Any

import pytest

from sim.collective.algorithms import allreduce, sent_bytes
from sim.learner import Merged, Model, Outer, Part, Work
from sim.learner.none import TimeOnly
from sim.mode.partner.submodel import Submodel
from tests.sim.conftest import partner
from tests.sim.mode.breakdown import Breakdown


def width(*fractions: float, assign: str = "in_turn", local_steps: int = 2) -> Submodel:
    return Submodel(kind="width", fractions=fractions, assign=assign, local_steps=local_steps)


INDEPENDENT = Submodel(kind="independent", fractions=None, assign=None, local_steps=2)


class Noting(TimeOnly):
    """Learn nothing, and keep what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[Work], list[float]]] = []

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
    ) -> Merged:
        self.asked.append((list(works), list(weights)))
        return super().merge(model, works, weights, outer)


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


def test_independent_parts_go_round(simulate) -> None:
    learner = Noting()
    simulate(INDEPENDENT, *map(partner, "abc"), num_epochs=3, learner=learner)
    assert [[one.part.index for one in works] for works, _ in learner.asked] == [
        [0, 1, 2],
        [1, 2, 0],
        [2, 0, 1],
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
    ],
)
def test_refuses_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    values = {"kind": "width", "fractions": (1.0, 0.5), "assign": "speed", "local_steps": 2}
    with pytest.raises(ValueError, match=message):
        Submodel(**(values | changes))


def test_fractions_in_turn_begin_again(simulate) -> None:
    learner = Noting()
    simulate(width(1.0, 0.5), *map(partner, "abc"), learner=learner)
    half = Part(kind="width", index=0, count=2)
    assert [one.part for one in learner.asked[0][0]] == [None, half, None]
