"""Allreduce: compute together, then a collective at the pace of its slowest link.

Between two partners one message has a latency of 0.5 + 0.5 s and 100 bytes/s.
"""

import pytest

from sim.mode.partner.allreduce import Allreduce
from sim.outcome import Outcome
from sim.topology.hierarchical import Hierarchical
from tests.sim.breakdowns import Cut, breaks
from tests.sim.conftest import partner
from tests.sim.recording import Recording

RING = Allreduce(algorithm="ring", fusion=None)
PARTNERS = [partner(name) for name in "abcd"]


def account(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return when each round ended, how many were in it, and whose work was lost."""
    return [
        (pytest.approx(one.end_sim_s), one.num_participants, one.num_dropped)
        for one in outcome.rounds
    ]


def test_schedule(simulate) -> None:
    world, outcome = simulate(RING, partner("a"), partner("b", speed=0.5))
    # a step: the slower computes 2 s; ring of 2: 2 steps of 200 bytes, each 1 + 2 s
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 8, 16])
    assert [one.num_samples for one in outcome.rounds] == [0, 8, 16]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {"compute": 3, "transfer": 12, "protect": 0, "queue": 0, "merge": 0, "wait": 1, "down": 0}
    )
    # 2 rounds, 2(p-1)/p * 400 each
    assert [member.uplink.carried_bytes for member in world.members] == pytest.approx([800, 800])


@pytest.mark.parametrize("num_partners", [2, 3, 8])
def test_ring_has_its_closed_form(simulate, num_partners: int) -> None:
    partners = [partner(f"p{number}") for number in range(num_partners)]
    _, outcome = simulate(RING, *partners)
    latency_sim_s, bandwidth = 1.0, 100.0
    ring_sim_s = 2 * (num_partners - 1) * (latency_sim_s + 400 / num_partners / bandwidth)
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + ring_sim_s, rel=1e-12)


@pytest.mark.parametrize(
    ("algorithm", "collective_sim_s"),
    [
        ("ring", 6 * (1 + 1)),
        ("segmented_ring", 6 * 1 + 6),  # 12 steps of 1/8, two in flight: half of the latencies
        ("halving_doubling", 2 * (1 + 2) + 2 * (1 + 1)),
        ("recursive_doubling", 2 * (1 + 4)),
        ("tree", 4 * (1 + 4)),
        ("star", 2 * (1 + 3 * 4)),
    ],
)
def test_each_algorithm_among_four(simulate, algorithm: str, collective_sim_s: float) -> None:
    _, outcome = simulate(Allreduce(algorithm=algorithm, fusion=None), *PARTNERS)
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + collective_sim_s)


def test_hierarchical_sends_between_sites_what_leaders_send(simulate) -> None:
    sites = Hierarchical(
        num_sites=2,
        wan_bytes_per_s=50.0,
        wan_latency_sim_s=2.0,
        wan_jitter_sim_s=0.0,
        backbone_bytes_per_s=None,
    )
    mode = Allreduce(algorithm="hierarchical", fusion=None)
    world, outcome = simulate(mode, *PARTNERS, topology=sites, num_epochs=0.5)
    # 1 + 4 s to the leaders, a ring of two over 1 + 4 s of latency at 50 bytes/s, 5 s back
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + 5 + 2 * (5 + 4) + 5)
    wan_bytes = [link.carried_bytes for link in world.traffic.links([]).values()]
    assert wan_bytes == pytest.approx([400] * 4)


def test_hierarchical_needs_sites(simulate) -> None:
    with pytest.raises(ValueError, match=r"it needs a topology with sites"):
        simulate(Allreduce(algorithm="hierarchical", fusion=None), *PARTNERS)


def test_the_slowest_link_sets_the_pace(simulate) -> None:
    thin = partner("thin", uplink_bytes_per_s=10.0)
    _, outcome = simulate(RING, partner("a"), thin, partner("c"))
    # 4 steps of 133.3 bytes at 10 bytes/s with 1 s latency
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + 4 * (1 + 400 / 3 / 10))


def test_one_partner_has_nobody_to_talk_to(simulate) -> None:
    _, outcome = simulate(RING, partner("alone"))
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds] == [(0, 0), (1, 0), (2, 0)]


def test_a_step_that_loses_a_partner_is_done_again_by_the_others(simulate) -> None:
    learner = Recording()
    fault = breaks(("b", 5.0, 8.0))
    _, outcome = simulate(RING, *PARTNERS[:3], fault=fault, num_epochs=0.8, learner=learner)
    # among three, 1 s and 4 * (1 + 4/3) s; it is lost at 5, and among two takes 1 + 2 * 3 s; at 12
    # b gets the model, 4 + 1 s; from 17 on, three again
    assert account(outcome) == [
        (0, 0, 0),
        (5, 3, 3),
        (12, 2, 0),
        (17 + 1 + 4 * (1 + 4 / 3), 3, 0),
    ]
    assert [one.num_samples for one in outcome.rounds] == [0, 0, 8, 20]
    assert [work.partner for work in learner.works] == [0, 2, 0, 1, 2]


def test_a_cut_link_stops_everyone(simulate) -> None:
    fault = Cut(name="b", cut_sim_s=2.0, mended_sim_s=12.0)
    _, outcome = simulate(RING, *PARTNERS[:2], fault=fault, num_epochs=0.5)
    # 7 s and 10 s of standing still
    assert account(outcome) == [(0, 0, 0), (17, 2, 0)]


def test_refuses_an_unknown_algorithm() -> None:
    with pytest.raises(ValueError, match=r"algorithm must be one of ring, .*, got 'rng'"):
        Allreduce(algorithm="rng", fusion=None)
