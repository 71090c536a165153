"""Data proxy: data go through the proxy's queue to the fastest partner, which then trains alone."""

from collections.abc import Sequence

import pytest

from sim.mode.pool import Pool
from sim.mode.proxy.data_proxy import DataProxy
from sim.outcome import Outcome
from tests.sim.breakdowns import Breakdowns, breaks
from tests.sim.conftest import partner
from tests.sim.recording import Recording

PARTNERS = [partner("a"), partner("fast", speed=2.0), partner("c")]
MODE = DataProxy(transform_bytes_per_s=40.0, size_ratio=0.5)


def ends(outcome: Outcome) -> list[float]:
    return [one.end_sim_s for one in outcome.rounds]


def test_schedule(simulate) -> None:
    _, outcome = simulate(MODE, *PARTNERS)
    # a and c send 80 bytes at 100 bytes/s + 0.75 s; 80 / 40 = 2 s each to transform, one after the
    # other: 3.55 and 5.55; half of the bytes go on, 40 / 100 + 0.75 s: 6.7; then 6 steps of 0.5 s
    assert ends(outcome) == pytest.approx([0, 6.7, 9.7])
    assert outcome.rounds[-1].num_bytes == pytest.approx(2 * 80 + 2 * 40)
    assert outcome.rounds[-1].num_samples == 24
    (use,) = outcome.servers
    assert (use.num_merged, use.mean_queue_sim_s) == (2, pytest.approx(1.0))
    assert use.utilisation == pytest.approx(4 / 9.7)


def test_the_way_through_the_proxy_is_in_the_trace(simulate) -> None:
    _, outcome = simulate(MODE, *PARTNERS)
    spans = [span[1:] for span in outcome.spans if span[1].startswith("proxy")]
    assert spans == [
        ("proxy", "merge", pytest.approx(1.55), pytest.approx(3.55), 80),
        ("proxy/background", "transfer", pytest.approx(3.55), pytest.approx(4.7), 40),
        ("proxy", "merge", pytest.approx(3.55), pytest.approx(5.55), 80),
        ("proxy/background", "transfer", pytest.approx(5.55), pytest.approx(6.7), 40),
    ]


def test_what_is_not_transformed_is_passed_on_at_once(simulate) -> None:
    _, outcome = simulate(DataProxy(transform_bytes_per_s=None, size_ratio=None), *PARTNERS)
    # 80 bytes at 100 bytes/s + 0.75 s to the proxy, and both at once on to the trainer, who gets
    # 100 bytes/s: 1.55 + 1.6 + 0.75 s; then 6 steps of 0.5 s
    assert ends(outcome) == pytest.approx([0, 3.9, 6.9])
    assert outcome.rounds[-1].num_bytes == pytest.approx(4 * 80)
    assert sum(use.num_merged for use in outcome.servers) == 0


def test_it_learns_what_pool_learns(simulate) -> None:
    learners = [Recording(), Recording()]
    for mode, learner in zip((Pool(), MODE), learners, strict=True):
        simulate(mode, *PARTNERS, num_epochs=3, num_evaluations=4, learner=learner)
    assert learners[0].works == learners[1].works
    assert {work.data_of for work in learners[0].works} == {(0, 1, 2)}


def test_replicas_transform_side_by_side(simulate) -> None:
    _, outcome = simulate(MODE, *PARTNERS[:2], partner("c"), partner("d"), num_replicas=2)
    # a and c go to the first replica, d to the second; nothing else changes for a and c
    assert [use.num_merged for use in outcome.servers] == [2, 1]
    assert ends(outcome)[1] == pytest.approx(6.7)


def test_one_partner_has_nothing_to_send(simulate) -> None:
    _, outcome = simulate(MODE, partner("alone"))
    assert ends(outcome) == [0, 0, 2]


@pytest.mark.parametrize(
    ("fault", "expected_ends", "num_bytes"),
    [
        # a has sent 50 bytes, begins again at 1 and arrives at 2.55; c is transformed until 3.55,
        # a until 5.55
        (breaks(("a", 0.5, 1.0)), [0, 6.7, 9.7], 50 + 240),
        # a is being transformed and c waits: both send again, are there at 4.55, transformed at
        # 6.55 and 8.55
        (breaks(("proxy", 2.0, 3.0)), [0, 9.7, 12.7], 160 + 240),
        # a's data have arrived at 4.7, c's last byte is on the way: it is sent again from 7 on
        (breaks(("fast", 6.0, 7.0)), [0, 8.15, 11.15], 240 + 40),
        # 0.8 s into training, it has nothing since the last evaluation
        (breaks(("fast", 7.5, 8.0)), [0, 6.7, 11.0], 240),
    ],
    ids=["provider", "proxy", "trainer receives", "trainer trains"],
)
def test_breakdowns(
    simulate, fault: Breakdowns, expected_ends: Sequence[float], num_bytes: float
) -> None:
    _, outcome = simulate(MODE, *PARTNERS, fault=fault)
    assert ends(outcome) == pytest.approx(expected_ends)
    assert outcome.rounds[-1].num_bytes == pytest.approx(num_bytes)


@pytest.mark.parametrize("name", ["transform_bytes_per_s", "size_ratio"])
def test_refuses_what_passes_nothing_on(name: str) -> None:
    settings = {"transform_bytes_per_s": 1.0, "size_ratio": 1.0, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} must be finite and above 0, got 0.0"):
        DataProxy(**settings)


@pytest.mark.parametrize(("rate", "ratio"), [(1e6, None), (None, 2.0)])
def test_refuses_a_transform_of_which_a_cost_is_unknown(
    rate: float | None, ratio: float | None
) -> None:
    with pytest.raises(ValueError, match="transform_bytes_per_s and size_ratio must both"):
        DataProxy(transform_bytes_per_s=rate, size_ratio=ratio)
