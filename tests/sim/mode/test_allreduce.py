"""Allreduce: compute together, then a ring at the pace of its slowest link."""

import pytest

from sim.mode.partner.allreduce import Allreduce
from tests.sim.conftest import partner


def test_schedule(simulate) -> None:
    world, outcome = simulate(Allreduce(), partner("a"), partner("b", speed=0.5))
    # a step: the slower computes 2 s; ring of 2: 2 steps of 200 bytes at 100 bytes/s, each with 0.5
    # + 0.5 s latency = 2 * 3 s
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 8, 16])
    assert [one.num_samples for one in outcome.rounds] == [0, 8, 16]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {"compute": 3, "transfer": 12, "wait": 1, "proxy": 0}
    )
    assert [member.uplink.carried_bytes for member in world.members] == pytest.approx(
        [800, 800]
    )  # 2 rounds, 2(p-1)/p * 400


@pytest.mark.parametrize("num_partners", [2, 3, 8])
def test_ring_has_its_closed_form(simulate, num_partners: int) -> None:
    partners = [partner(f"p{number}") for number in range(num_partners)]
    _, outcome = simulate(Allreduce(), *partners)
    latency_sim_s, bandwidth = 1.0, 100.0
    ring_sim_s = 2 * (num_partners - 1) * (latency_sim_s + 400 / num_partners / bandwidth)
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + ring_sim_s, rel=1e-12)


def test_the_slowest_link_sets_the_pace(simulate) -> None:
    _, outcome = simulate(
        Allreduce(), partner("a"), partner("thin", uplink_bytes_per_s=10.0), partner("c")
    )
    # 4 steps of 133.3 bytes at 10 bytes/s with 1 s latency
    assert outcome.rounds[1].end_sim_s == pytest.approx(1 + 4 * (1 + 400 / 3 / 10))


def test_one_partner_has_nobody_to_talk_to(simulate) -> None:
    _, outcome = simulate(Allreduce(), partner("alone"))
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds] == [(0, 0), (1, 0), (2, 0)]
