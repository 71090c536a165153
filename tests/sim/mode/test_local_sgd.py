"""Local SGD: steps apart, then one allreduce of the models."""

import pytest

from sim.mode.partner.allreduce import Allreduce
from sim.mode.partner.local_sgd import LocalSgd
from tests.sim.conftest import partner
from tests.sim.mode.breakdown import Breakdown


def mode(inner_steps: int = 2) -> LocalSgd:
    return LocalSgd(inner_steps=inner_steps, algorithm="ring")


def ends(outcome) -> list[float]:
    return [one.end_sim_s for one in outcome.rounds]


def test_schedule(simulate) -> None:
    world, outcome = simulate(mode(), partner("a"), partner("b", speed=0.5), num_epochs=2)
    # the slower takes 2 steps of 2 s; ring of 2: 2 messages of 200 bytes at 100 bytes/s, each with
    # 0.5 + 0.5 s latency = 2 * 3 s
    assert ends(outcome) == pytest.approx([0, 10, 20])
    assert [one.num_samples for one in outcome.rounds] == [0, 16, 32]
    seconds = {kind: s for kind, s in outcome.rounds[1].partner_sim_s.items() if s}
    assert seconds == pytest.approx({"compute": 2 + 4, "transfer": 2 * 6, "wait": 2})
    assert [member.uplink.carried_bytes for member in world.members] == pytest.approx([800, 800])


def test_with_one_step_it_is_allreduce_in_time(simulate) -> None:
    partners = [partner("a"), partner("b", speed=0.7, uplink_bytes_per_s=40.0), partner("c")]
    local, allreduce = (
        simulate(one, *partners, num_epochs=3)[1]
        for one in (mode(inner_steps=1), Allreduce(algorithm="ring", fusion=None))
    )
    assert sorted(local.spans) == sorted(allreduce.spans)
    assert [(one.end_sim_s, one.num_bytes, one.num_samples) for one in local.rounds] == [
        (one.end_sim_s, one.num_bytes, one.num_samples) for one in allreduce.rounds
    ]


def test_steps_of_who_breaks_down_are_lost_for_it_alone(simulate) -> None:
    _, outcome = simulate(
        mode(),
        *(partner(name) for name in "abc"),
        num_epochs=1.6,
        fault=Breakdown(partner=1, at_sim_s=1.0, lasts_sim_s=0.5),
    )
    # a and c have 2 steps at 2 s, and a ring of 2 takes 6 s. Then b gets 400 bytes from a in
    # 1 + 4 s, all take 2 steps, and a ring of 3 takes 4 * (1 + 400 / 3 / 100) s.
    assert ends(outcome) == pytest.approx([0, 8, 8 + 5 + 2 + 4 * (1 + 4 / 3)])
    assert [one.num_participants for one in outcome.rounds] == [0, 2, 3]
    assert [one.num_dropped for one in outcome.rounds] == [0, 1, 0]
    assert [one.num_samples for one in outcome.rounds] == [0, 16, 40]  # steps of 4 samples


def test_who_breaks_down_while_it_waits_has_lost_its_steps(simulate) -> None:
    _, outcome = simulate(
        mode(),
        partner("a"),
        partner("quick", speed=4.0),
        partner("c"),
        fault=Breakdown(partner=1, at_sim_s=1.0, lasts_sim_s=0.5),
    )
    assert outcome.rounds[1].num_participants == 2  # quick had its 2 steps at 0.5 s
    assert outcome.rounds[1].end_sim_s == pytest.approx(2 + 6)


def test_an_average_that_loses_a_partner_is_begun_again(simulate) -> None:
    _, outcome = simulate(
        mode(),
        *(partner(name) for name in "abc"),
        fault=Breakdown(partner=1, at_sim_s=3.0, lasts_sim_s=100.0),
    )
    # 2 steps until 2 s, a ring of 3 until it breaks at 3 s, then a ring of 2 in 6 s
    assert outcome.rounds[1].end_sim_s == pytest.approx(3 + 6)
    assert outcome.rounds[1].num_participants == 2
    assert outcome.rounds[1].num_dropped == 1


def test_one_partner_has_nobody_to_talk_to(simulate) -> None:
    _, outcome = simulate(mode(), partner("alone"))
    assert [(one.end_sim_s, one.num_bytes) for one in outcome.rounds] == [(0, 0), (2, 0)]


def test_refuses_no_steps() -> None:
    with pytest.raises(ValueError, match="inner_steps must be at least 1, got 0; try"):
        mode(inner_steps=0)
