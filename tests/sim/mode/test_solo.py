"""Solo: everyone at their own pace, no byte moves."""

from sim.mode.solo import Solo
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner


def test_schedule(simulate) -> None:
    _, outcome = simulate(Solo(), partner("a"), partner("b", speed=0.5), num_evaluations=2)
    # 8 samples in batches of 4: two steps each, one per round; a takes 1 s a step, b 2 s
    assert [
        (one.round, one.end_sim_s, one.num_samples, one.num_bytes) for one in outcome.rounds
    ] == [
        (0, 0.0, 0, 0.0),
        (1, 2.0, 8, 0.0),
        (2, 4.0, 16, 0.0),
    ]
    assert [span[1:5] for span in outcome.spans] == [
        ("a", "compute", 0.0, 1.0),
        ("b", "compute", 0.0, 2.0),
        ("a", "compute", 1.0, 2.0),
        ("b", "compute", 2.0, 4.0),
        ("a", "wait", 2.0, 4.0),
    ]


def test_who_breaks_down_does_its_round_again(simulate) -> None:
    fault = breaks(("b", 3.0, 5.0))
    partners = [partner("a"), partner("b", speed=0.5)]
    _, outcome = simulate(Solo(), *partners, num_evaluations=2, fault=fault)
    # b's second step, begun at 2, is begun again at 5; nobody else notices
    assert [one.end_sim_s for one in outcome.rounds] == [0, 2, 7]
    assert [span[2:5] for span in outcome.spans if span[1] == "b"] == [
        ("compute", 0.0, 2.0),
        ("compute", 2.0, 3.0),
        ("down", 3.0, 5.0),
        ("compute", 5.0, 7.0),
    ]
    assert [span[4] for span in outcome.spans if span[1:3] == ("a", "compute")] == [1, 2]
