"""The tuner climbs to what is faster, by rounds whose seconds are made up."""

from typing import Any

import numpy as np
import pytest

from sim.decision import ACTIONS, Decision, check_decision
from sim.streams import stream
from tests.sim.agent.views import agent, view
from tests.sim.test_deciding import world

LEVELS = (400.0, 200.0, 100.0)


def settled(seconds: Any, num_replicas: int = 1, **settings: int) -> Decision:
    """Return what the tuner decides after 60 rounds, each of which takes `seconds` of its settings:
    factor of the steps, level, replicas.
    """
    values = {"interval_rounds": 1, **settings}
    decider = agent("tuner", **values).decider(4, stream(0, "agent"))
    now_sim_s, progress = 0.0, 0.0
    for _ in range(60):
        shown = view(
            4,
            now_sim_s=now_sim_s,
            progress=progress,
            up_bytes_at=LEVELS,
            num_replicas=num_replicas,
        )
        decision = decider.decide(shown)
        check_decision(decision, shown, frozenset(ACTIONS), num_replicas)
        factor = decision.num_steps[0] // 10
        now_sim_s += seconds(factor, decision.compression, decision.num_replicas or 1)
        progress += 0.001 * factor
    return decision


def most_seen(seconds: Any, num_replicas: int = 1) -> tuple[int, int, int]:
    """Return where the tuner is, of two looks in a row the one that it comes back to."""
    found = settled(seconds, num_replicas)
    return found.num_steps[0] // 10, found.compression or 0, found.num_replicas or 1


def test_it_finds_what_is_fastest() -> None:
    """A round takes 2 s a step factor, 8, 4 or 2 s to send, and 1 s a replica: per unit of progress
    (2 f + 8 / 2^level + r) / f is least at f = 4, level 2 and one replica; from there only worse
    is tried.
    """
    factor, level, replicas = most_seen(lambda f, level, r: 2 * f + 8 / 2**level + r, 2)
    distance = (factor != 4) + (level != 2) + (replicas != 1)
    assert distance <= 1


def test_it_stays_where_nothing_is_gained() -> None:
    """Longer training that takes four times as long and coarser updates that take as long."""
    factor, level, _ = most_seen(lambda f, level, r: 1.0 * f**2)
    assert factor <= 2 and level <= 1
    assert (factor == 1) or (level == 0)


def test_steps_are_bounded() -> None:
    decision = settled(lambda f, level, r: 1.0, max_step_factor=1)
    assert set(decision.num_steps.values()) == {10}


def test_what_there_is_no_choice_of_is_left_alone() -> None:
    decision = agent("tuner").decider(4, stream(0, "agent")).decide(view(4))
    assert decision.compression is None and decision.num_replicas is None


@pytest.mark.parametrize("compression", ["none", "adaptive"])
def test_it_makes_a_run_on_thin_lines_faster(compression: str) -> None:
    """Without it, a round is of few steps and many bytes."""
    settings = (f"compression={compression}", "mode.local_steps=2", "budget.num_epochs=8")
    took_sim_s = [
        world(*settings, f"agent={name}", asks_outside=False).run().rounds[-1].end_sim_s
        for name in ("static", "tuner")
    ]
    assert took_sim_s[1] < 0.8 * took_sim_s[0]


def test_a_level_is_what_all_send_at() -> None:
    """A round's bytes: the model down to 4 partners, and 4 updates up."""
    asked = world("compression=adaptive")
    asked.start()
    shown = asked.next_question()
    assert shown is not None
    assert len(shown.up_bytes_at) == 3
    asked.answer(Decision(partners=shown.available, compression=2))
    after = asked.next_question()
    assert after is not None
    np.testing.assert_allclose(after.sent_bytes, 4 * (shown.down_bytes + shown.up_bytes_at[2]))


def test_a_level_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="one of the 1 levels of compression, from 0 on, got 1"):
        check_decision(
            Decision(partners=(0,), compression=1), view(4), frozenset(ACTIONS), num_replicas=1
        )
