"""Gossip: own models, neighbours, and nobody waits for anyone else."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sim.learner import Merged, Model, Work
from sim.learner.none import TimeOnly
from sim.mode.partner.gossip import Gossip
from sim.outcome import Outcome
from sim.protocol.mixing import GRAPHS
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner


class Mixing(TimeOnly):
    """Keep who trained between which mixes."""

    def __init__(self) -> None:
        self.trained: list[list[int]] = [[]]
        self.weights: list[np.ndarray] = []

    def step(self, model: Model, works: Sequence[Work]) -> Merged:
        (work,) = works
        assert work.start is model
        assert work.data_of == (work.partner,)
        self.trained[-1].append(work.partner)
        return super().step(model, works)

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        self.trained.append([])
        self.weights.append(np.array(weights))
        return super().mix(models, weights)


def mode(**changes: Any) -> Gossip:
    return Gossip(**({"graph": "ring", "num_neighbours": 3, "local_steps": 1} | changes))


def spans_of(outcome: Outcome, name: str, *kinds: str) -> list[tuple[str, float, float]]:
    return [
        (kind, pytest.approx(start_sim_s), pytest.approx(end_sim_s))
        for _, actor, kind, start_sim_s, end_sim_s, _ in outcome.spans
        if actor == name and (not kinds or kind in kinds)
    ]


def ends(outcome: Outcome) -> list[float]:
    return [one.end_sim_s for one in outcome.rounds[1:]]


def test_schedule(simulate) -> None:
    learner = Mixing()
    world, outcome = simulate(mode(), partner("a"), partner("b", speed=0.5), learner=learner)
    # a model of 400 bytes takes 4 s and 0.5 + 0.5 s of latency; b computes for 2 s
    assert spans_of(outcome, "a") == [
        ("compute", 0, 1),
        ("transfer", 1, 6),
        ("wait", 6, 7),
        ("compute", 7, 8),
        ("transfer", 8, 13),
        ("wait", 13, 14),
    ]
    assert spans_of(outcome, "b") == [
        ("compute", 0, 2),
        ("transfer", 2, 7),
        ("compute", 7, 9),
        ("transfer", 9, 14),
    ]
    assert ends(outcome) == pytest.approx([7, 14])
    assert [member.uplink.carried_bytes for member in world.members] == pytest.approx([800, 800])
    assert learner.trained == [[0, 1], [0, 1], []]
    assert all(weights == pytest.approx(np.full((2, 2), 0.5)) for weights in learner.weights)


def test_messages_to_several_neighbours_share_the_uplink(simulate) -> None:
    _, outcome = simulate(mode(local_steps=3), *[partner(f"p{number}") for number in range(5)])
    # 3 steps, 2 · 400 bytes at 100 bytes/s, 1 s of latency
    assert outcome.rounds[1].end_sim_s == pytest.approx(3 + 8 + 1)
    assert outcome.rounds[1].num_samples == 5 * 3 * 4


def test_nobody_waits_for_a_slow_partner_far_away(simulate) -> None:
    slow, *others = [partner(f"p{number}", speed=0.1 if number == 0 else 1) for number in range(6)]
    _, outcome = simulate(mode(), slow, *others, num_epochs=1.5)  # 3 rounds
    # two messages take 8 + 1 s. p0 computes until 10, and its messages arrive at 19; so p1 begins
    # round 2 at 19 and round 3 at 38, with p0. p2 begins round 2 at 10, and round 3 when p1's
    # message is there, at 29; p3, the farthest, begins round 3 at 20
    starts = {
        name: [start for _, start, _ in spans_of(outcome, name, "compute")]
        for name in ["p0", "p1", "p2", "p3"]
    }
    assert starts == {"p0": [0, 19, 38], "p1": [0, 19, 38], "p2": [0, 10, 29], "p3": [0, 10, 20]}
    assert ends(outcome) == pytest.approx([19, 38, 57])


def test_those_who_are_ahead_stop_at_the_last_round(simulate) -> None:
    partners = [partner("slow", speed=0.01), *[partner(f"p{number}") for number in range(7)]]
    world, outcome = simulate(mode(), *partners, num_epochs=1)
    steps = {name: len(spans_of(outcome, name, "compute")) for name in ("slow", "p0", "p3")}
    assert steps == {"slow": 2, "p0": 2, "p3": 2}
    assert world.network.sent_bytes == pytest.approx(2 * 8 * 2 * 400)


def test_a_matching_pairs_anew_every_round(simulate) -> None:
    learner = Mixing()
    partners = [partner(f"p{number}") for number in range(4)]
    _, outcome = simulate(mode(graph="matching"), *partners, learner=learner, num_epochs=20)
    # 1 s of computing, one message of 4 + 1 s
    assert ends(outcome) == pytest.approx([6 * number for number in range(1, 41)])
    assert len({weights.tobytes() for weights in learner.weights}) == 3  # ways to pair four
    assert all(np.count_nonzero(weights, axis=1).tolist() == [2] * 4 for weights in learner.weights)


@pytest.mark.parametrize("graph", GRAPHS)
def test_all_weights_are_doubly_stochastic_whoever_breaks_down(simulate, graph: str) -> None:
    learner = Mixing()
    partners = [partner(f"p{number}", speed=1 + number / 3) for number in range(4)]
    fault = breaks(("p1", 3.0, 30.0), ("p2", 14.2, 20.0), ("p1", 40.0, 41.0))
    _, outcome = simulate(mode(graph=graph), *partners, learner=learner, num_epochs=10, fault=fault)
    for weights in learner.weights:
        assert weights.sum(axis=0) == pytest.approx(np.ones(4))
        assert weights.sum(axis=1) == pytest.approx(np.ones(4))
    assert {one.num_participants for one in outcome.rounds[1:]} >= {3, 4}


def test_a_partner_that_breaks_down_is_out_of_its_round(simulate) -> None:
    learner = Mixing()
    fault = breaks(("b", 3.0, 4.5))
    _, outcome = simulate(
        mode(), partner("a"), partner("b"), learner=learner, num_epochs=1.5, fault=fault
    )
    # both have trained by 3, but nothing has arrived: nobody mixes. a is alone in round 2 until 4
    # and in round 3 until 5; b is back in round 4, which nobody has begun, and computes until 5.5.
    # a computes until 6, and its message arrives at 11
    assert ends(outcome) == pytest.approx([3, 4, 5, 11])
    assert [one.num_participants for one in outcome.rounds[1:]] == [2, 1, 1, 2]
    assert learner.trained == [[0, 1, 0, 0, 0, 1], []]


def test_a_step_that_is_lost_counts_as_dropped(simulate) -> None:
    _, outcome = simulate(mode(), partner("a"), partner("b"), fault=breaks(("b", 0.5, 0.7)))
    assert (outcome.rounds[1].num_participants, outcome.rounds[1].num_dropped) == (1, 1)
    assert ends(outcome)[0] == pytest.approx(1)


def test_one_partner_trains_alone(simulate) -> None:
    _, outcome = simulate(mode(), partner("alone"))
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds] == [(0, 0), (1, 0), (2, 0)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"graph": "star"}, r"graph must be one of ring, complete, hypercube, random, matching"),
        ({"num_neighbours": 0}, r"num_neighbours must be at least 1, got 0"),
        ({"local_steps": 0}, r"local_steps must be at least 1, got 0; try mode.local_steps=1"),
    ],
)
def test_refuses(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mode(**changes)


def test_refuses_a_graph_that_there_is_not(simulate) -> None:
    with pytest.raises(ValueError, match=r"mode.graph=hypercube needs a power of two"):
        simulate(mode(graph="hypercube"), *[partner(f"p{number}") for number in range(3)])
