"""Federated: down, local steps, up, through the proxy's queue; the round lasts as long as its last
update.
"""

import pytest

from sim.mode.proxy.federated import Federated
from tests.sim.conftest import partner


def test_schedule(simulate) -> None:
    world, outcome = simulate(Federated(local_steps=2), partner("a"), partner("b", speed=0.5))
    # down: 400 bytes at 100 bytes/s + 0.25 + 0.5 s latency = 4.75, both at once since the proxy's
    # 1000 bytes/s suffice
    # a computes until 6.75, is up at 11.5 and merged 0.5 s later; b computes until 8.75, is up at
    # 13.5, merged at 14
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([0, 14])
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {"compute": 6, "transfer": 19, "wait": 2, "proxy": 1}
    )
    assert outcome.rounds[1].num_bytes == 4 * 400
    assert (
        world.proxy.downlink.carried_bytes == world.proxy.uplink.carried_bytes == pytest.approx(800)
    )


def test_updates_queue_at_the_proxy(simulate) -> None:
    _, outcome = simulate(Federated(local_steps=2), partner("a"), partner("b"))
    # both are up at 11.5; the one worker merges one until 12 and the other until 12.5
    assert outcome.rounds[1].end_sim_s == pytest.approx(12.5)
    assert outcome.rounds[1].partner_sim_s["proxy"] == pytest.approx(0.5 + 1.0)


def test_the_proxy_link_is_shared(simulate) -> None:
    partners = [
        partner(f"p{number}", downlink_bytes_per_s=1e6, uplink_bytes_per_s=1e6)
        for number in range(4)
    ]
    _, outcome = simulate(Federated(local_steps=2), *partners)
    # 4 * 400 bytes at 1000 bytes/s down, 2 s of steps, the same up, 0.75 s latency each way, 4
    # merges of 0.5 s
    assert outcome.rounds[1].end_sim_s == pytest.approx(1.6 + 0.75 + 2 + 1.6 + 0.75 + 2)


def test_the_agent_chooses_who_takes_part(simulate) -> None:
    partners = [partner(f"p{number}") for number in range(6)]
    _, outcome = simulate(Federated(local_steps=1), *partners, num_participants=2, num_epochs=3)
    assert {one.num_participants for one in outcome.rounds[1:]} == {2}
    chosen = {actor for _, actor, kind, *_ in outcome.spans if kind == "compute"}
    assert len(chosen) > 2


def test_refuses_no_local_steps() -> None:
    with pytest.raises(
        ValueError, match=r"local_steps must be at least 1, got 0; try mode.local_steps=20"
    ):
        Federated(local_steps=0)
