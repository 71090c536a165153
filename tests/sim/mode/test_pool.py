"""Pool: data move once to the fastest partner, which then trains alone."""

import pytest

from sim.mode.pool import Pool
from tests.sim.breakdowns import Breakdowns, breaks
from tests.sim.conftest import Counting, partner


def test_schedule(simulate) -> None:
    _, outcome = simulate(Pool(), partner("a"), partner("fast", speed=2.0), partner("c"))
    # a and c send 8 samples of 10 bytes each; the trainer's line of 100 bytes/s is shared, 160 /
    # 100 s, and 0.5 + 0.5 s latency;
    # then 24 samples are 6 steps of 0.5 s
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 2.6, 5.6])
    assert outcome.rounds[-1].num_bytes == 160
    assert outcome.rounds[-1].num_samples == 24


def test_one_partner_has_nothing_to_move(simulate) -> None:
    _, outcome = simulate(Pool(), partner("alone"))
    assert [one.end_sim_s for one in outcome.rounds] == [0, 0, 2]


def test_every_round_of_training_is_evaluated(simulate) -> None:
    """46 steps of 4 are a little less than 7.7 epochs of 24 samples: no mark is missed for it."""
    partners = [partner(name) for name in "abc"]
    plan = {"num_epochs": 7.7, "num_evaluations": 3, "learner": Counting()}
    _, outcome = simulate(Pool(), *partners, **plan)
    evaluated = [one.evaluation is not None for one in outcome.rounds]
    assert evaluated == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("fault", "expected_ends", "num_bytes"),
    [
        # until 0.5 a and c have sent 25 bytes each; alone until 1, c sends 50 more; c's last 5 and
        # 5 of a's second attempt take until 1.1, a's last 75 until 1.85, and they are there at 2.85
        (breaks(("a", 0.5, 1.0)), [0, 2.85, 5.85], 25 + 160),
        # each has sent 50 bytes
        (breaks(("fast", 1.0, 2.0)), [0, 4.6, 7.6], 100 + 160),
        # 1 s into training, which begins anew at 4
        (breaks(("fast", 3.6, 4.0)), [0, 2.6, 7.0], 160),
    ],
    ids=["provider", "trainer receives", "trainer trains"],
)
def test_breakdowns(simulate, fault: Breakdowns, expected_ends: list[float], num_bytes) -> None:
    partners = [partner("a"), partner("fast", speed=2.0), partner("c")]
    _, outcome = simulate(Pool(), *partners, fault=fault)
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx(expected_ends)
    assert outcome.rounds[-1].num_bytes == pytest.approx(num_bytes)
