"""Federated: down, local steps, up, through the proxy's queue; the round lasts as long as its last
update.

One way takes 400 bytes at 100 bytes/s + 0.25 + 0.5 s latency = 4.75 s, a merge 400 / 800 = 0.5 s.
"""

import pytest

from sim.learner import PLAIN, LocalRule, Outer
from sim.outcome import Outcome
from sim.protocol.server import Server
from tests.sim.breakdowns import Cut, breaks
from tests.sim.conftest import partner
from tests.sim.mode.settings import federated
from tests.sim.recording import Recording

A, B = partner("a"), partner("b")
SLOW = partner("slow", speed=0.5)


def account(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return when each round ended, who was in it and who was dropped."""
    return [
        (pytest.approx(one.end_sim_s), one.num_participants, one.num_dropped)
        for one in outcome.rounds
    ]


def test_schedule(simulate) -> None:
    world, outcome = simulate(federated(), A, SLOW)
    # down at 4.75, both at once since the proxy's 1000 bytes/s suffice
    # a computes until 6.75, is up at 11.5 and merged 0.5 s later; slow computes until 8.75, is up
    # at 13.5, merged at 14
    assert account(outcome) == [(0, 0, 0), (14, 2, 0)]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {"compute": 6, "protect": 0, "transfer": 19, "queue": 0, "merge": 1, "wait": 2, "down": 0}
    )
    assert outcome.rounds[1].num_bytes == 4 * 400
    assert (
        world.proxy.downlink.carried_bytes == world.proxy.uplink.carried_bytes == pytest.approx(800)
    )


def test_updates_queue_at_the_proxy(simulate) -> None:
    _, outcome = simulate(federated(), A, B)
    # both are up at 11.5; the one worker merges one until 12 and the other until 12.5
    assert outcome.rounds[1].end_sim_s == pytest.approx(12.5)
    assert outcome.rounds[1].partner_sim_s["queue"] == pytest.approx(0.5)
    assert outcome.rounds[1].partner_sim_s["merge"] == pytest.approx(1.0)


def test_the_proxys_use_is_in_the_outcome(simulate) -> None:
    _, outcome = simulate(federated(), A, B)
    (use,) = outcome.servers
    # two merges of 0.5 s in 12.5 s; one of the two waited for 0.5 s
    assert (use.name, use.num_merged) == ("proxy", 2)
    assert use.mean_queue_sim_s == pytest.approx(0.25)
    assert use.utilisation == pytest.approx(1 / 12.5)
    assert use.num_bytes == pytest.approx(1600)


@pytest.mark.parametrize("num_partners", [1, 2, 4, 8])
@pytest.mark.parametrize("num_replicas", [1, 2, 4])
def test_a_round_at_a_shared_proxy_link_has_its_closed_form(
    simulate, num_partners: int, num_replicas: int
) -> None:
    """Partners with fat links share those of the r replicas: m = ceil(n / r) at the fullest.

    down m * 0.4 + 0.75, compute 2, up the same, m merges of 0.5, which all wait for since all
    arrive at once; then r-1 sums share the first replica's link, each way (r-1) * 0.4 + 0.5.
    """
    partners = [
        partner(f"p{number}", downlink_bytes_per_s=1e6, uplink_bytes_per_s=1e6)
        for number in range(num_partners)
    ]
    _, outcome = simulate(federated(), *partners, num_replicas=num_replicas)
    most = -(-num_partners // num_replicas)
    way_sim_s = 0.4 * most + 0.75
    others = num_replicas - 1
    exchange_sim_s = 2 * (0.4 * others + 0.5) if others else 0.0
    expected_sim_s = way_sim_s + 2 + way_sim_s + 0.5 * most + exchange_sim_s
    assert outcome.rounds[1].end_sim_s == pytest.approx(expected_sim_s, rel=1e-12)
    assert outcome.rounds[1].num_bytes == pytest.approx(800 * (num_partners + others))


def test_replicas_share_the_load(simulate) -> None:
    _, outcome = simulate(federated(), A, B, SLOW, num_replicas=2)
    # a and slow at the first: 12 and 14; b at the second: 12; then 0.9 s each way between the two
    assert account(outcome)[1] == (pytest.approx(15.8), 3, 0)
    assert [(use.name, use.num_merged) for use in outcome.servers] == [
        ("proxy-0", 2),
        ("proxy-1", 1),
    ]
    exchanged = [span[1:] for span in outcome.spans if span[1].endswith("/background")]
    assert exchanged == [
        ("proxy-1/background", "transfer", pytest.approx(14), pytest.approx(14.9), 400),
        ("proxy-0/background", "transfer", pytest.approx(14.9), pytest.approx(15.8), 400),
    ]


def test_who_is_late_at_the_deadline_is_dropped(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(federated(deadline_sim_s=12.25), A, SLOW, learner=learner)
    # a is merged at 12; slow sends from 8.75 on, 3.5 s = 350 bytes until the deadline. Each round
    # has 8 of the 16 samples.
    assert account(outcome) == [(0, 0, 0), (12.25, 1, 1), (24.5, 1, 1)]
    assert [one.num_bytes for one in outcome.rounds] == pytest.approx([0, 1550, 3100])
    assert [one.num_samples for one in outcome.rounds] == [0, 8, 16]
    assert [merge.starts for merge in learner.merges] == [[(0, 0)], [(0, 1)]]


def test_a_deadline_that_nobody_makes_ends_the_run(simulate) -> None:
    with pytest.raises(RuntimeError, match="nobody gets done before the deadline"):
        simulate(federated(deadline_sim_s=11.0), A, B)


def test_a_round_without_the_slowest_quarter(simulate) -> None:
    partners = [A, B, partner("c"), partner("late", speed=0.25)]
    _, outcome = simulate(federated(keep_fraction=0.75), *partners, num_epochs=0.5)
    # a, b and c are up at 11.5 and merged one after the other, the third at 13; late, who computes
    # until 12.75, has sent 0.25 s of its 400 bytes
    assert account(outcome) == [(0, 0, 0), (13, 3, 1)]
    assert outcome.rounds[1].num_bytes == pytest.approx(4 * 400 + 3 * 400 + 25)


def test_a_partner_that_breaks_down_is_dropped_from_the_round(simulate) -> None:
    _, outcome = simulate(federated(), A, B, fault=breaks(("b", 6.0, 20.0)))
    # b has computed for 1.25 s when it breaks down, and is not there when the next round begins
    assert account(outcome) == [(0, 0, 0), (12, 1, 1), (24, 1, 0)]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {
            "compute": 3.25,
            "protect": 0,
            "transfer": 14.25,
            "queue": 0,
            "merge": 0.5,
            "wait": 0,
            "down": 6,
        }
    )


def test_a_round_begins_when_someone_is_back(simulate) -> None:
    _, outcome = simulate(federated(), A, fault=breaks(("a", 6.0, 10.0)))
    assert account(outcome) == [(0, 0, 0), (6, 0, 1), (22, 1, 0)]
    assert [one.num_samples for one in outcome.rounds] == [0, 0, 8]


@pytest.mark.parametrize("crash_sim_s", [11.75, 12.25])
def test_a_proxy_that_breaks_down_loses_its_queue_and_its_sum(simulate, crash_sim_s: float) -> None:
    """At 11.75 it merges a's update, at 12.25 it has; slow sends all the while."""
    fault = breaks(("proxy", crash_sim_s, 20.0))
    learner = Recording()
    _, outcome = simulate(federated(), A, SLOW, fault=fault, learner=learner)
    assert account(outcome) == [(0, 0, 0), (crash_sim_s, 0, 2), (34, 2, 0)]
    slow_bytes = 100 * (crash_sim_s - 8.75)
    assert outcome.rounds[1].num_bytes == pytest.approx(1200 + slow_bytes)
    assert len(learner.merges) == 1, "what is lost in virtual time is never paid for"


def test_a_sum_is_lost_however_soon_the_proxy_is_back(simulate) -> None:
    fault = breaks(("proxy", 12.125, 12.25))
    _, outcome = simulate(federated(), A, SLOW, fault=fault)
    assert account(outcome) == [(0, 0, 0), (12.125, 0, 2), (26.25, 2, 0)]


def test_a_replica_that_breaks_down_drops_its_own_partners(simulate) -> None:
    fault = breaks(("proxy-1", 12.5, 13.0))
    _, outcome = simulate(federated(), A, SLOW, num_replicas=2, fault=fault, num_epochs=0.5)
    # a is merged by the first at 12, slow is lost with the second; nothing is left to exchange
    assert account(outcome) == [(0, 0, 0), (12.5, 1, 1)]


@pytest.mark.parametrize(("name", "kept"), [("proxy-0", 1), ("proxy-1", 0)])
def test_a_replica_that_breaks_down_in_the_exchange_loses_its_sum(
    simulate, name: str, kept: int
) -> None:
    learner = Recording()
    plan = {"num_replicas": 2, "fault": breaks((name, 12.25, 30.0)), "num_epochs": 0.5}
    _, outcome = simulate(federated(), A, B, learner=learner, **plan)
    # both are merged at 12, and the second's sum is on its way to the first when one breaks down
    assert account(outcome) == [(0, 0, 0), (12.25, 1, 1)]
    assert learner.merges[0].starts == [(kept, 0)]


def test_a_cut_link_holds_up_the_round(simulate) -> None:
    _, outcome = simulate(federated(), A, B, fault=Cut(name="b", cut_sim_s=9, mended_sim_s=20))
    # b has sent 2.25 s = 225 bytes, and sends 175 from 20 on: there at 22.5
    assert account(outcome) == [(0, 0, 0), (23, 2, 0)]


def test_the_agent_chooses_who_takes_part(simulate) -> None:
    partners = [partner(f"p{number}") for number in range(6)]
    _, outcome = simulate(federated(local_steps=1), *partners, num_participants=2, num_epochs=3)
    assert {one.num_participants for one in outcome.rounds[1:]} == {2}
    chosen = {actor for _, actor, kind, *_ in outcome.spans if kind == "compute"}
    assert len(chosen) > 2


def test_who_holds_more_takes_more_steps_in_an_epoch(simulate) -> None:
    learner = Recording()
    mode = federated(local_steps=None, local_epochs=1.0)
    _, outcome = simulate(mode, A, B, num_samples=(8, 20), learner=learner)
    # 8 / 4 = 2 and 20 / 4 = 5 steps: a is merged at 12 as before, b three seconds later
    assert account(outcome) == [(0, 0, 0), (15, 2, 0)]
    assert outcome.rounds[1].partner_sim_s["compute"] == pytest.approx(7)
    assert outcome.rounds[1].num_samples == 28
    assert [work.num_steps for work in learner.works] == [2, 5]
    assert learner.merges[0].weights == pytest.approx([8 / 28, 20 / 28])


def test_fednova_takes_the_numbers_of_steps_out_of_the_weights(simulate) -> None:
    learner = Recording()
    mode = federated(local_steps=None, local_epochs=1.0, algorithm="fednova")
    _, outcome = simulate(mode, A, B, num_samples=(8, 20), learner=learner)
    # effective steps (8 * 2 + 20 * 5) / 28 = 116 / 28; 8/28 / 2 and 20/28 / 5 are both 4/28 of it
    assert learner.merges[0].weights == pytest.approx([4 * 116 / 28**2] * 2)
    assert outcome.rounds[1].num_bytes == 4 * 400, "the number of steps is not counted"


def test_scaffold_moves_twice_the_bytes(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(federated(algorithm="scaffold"), A, SLOW, learner=learner)
    # a way of 800 bytes takes 8.75 s, a merge 1 s: a is merged at 8.75 + 2 + 8.75 + 1, slow 2 s
    # later
    assert account(outcome) == [(0, 0, 0), (22.5, 2, 0)]
    assert outcome.rounds[1].num_bytes == 4 * 800
    assert {work.rule for work in learner.works} == {LocalRule(uses_controls=True)}


def test_scaffolds_replicas_exchange_twice_the_bytes(simulate) -> None:
    _, outcome = simulate(federated(algorithm="scaffold"), A, B, num_replicas=2)
    # both are merged at 20.5; 800 / 1000 + 0.5 s each way between the replicas
    assert account(outcome) == [(0, 0, 0), (23.1, 2, 0)]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, PLAIN),
        ({"algorithm": "fednova"}, PLAIN),
        ({"algorithm": "fedprox", "proximal_weight": 0.1}, LocalRule(proximal_weight=0.1)),
    ],
)
def test_local_rules_cost_nothing_in_time(simulate, changes: dict, rule: LocalRule) -> None:
    learner = Recording()
    _, outcome = simulate(federated(**changes), A, SLOW, learner=learner)
    assert account(outcome) == [(0, 0, 0), (14, 2, 0)]
    assert {work.rule for work in learner.works} == {rule}
    assert learner.merges[0].weights == pytest.approx([0.5, 0.5])
    assert learner.merges[0].outer is None


def test_the_server_has_an_optimizer(simulate) -> None:
    learner = Recording()
    yogi = Server(
        optimizer="yogi", learning_rate=0.01, momentum=0.9, second_momentum=0.99, adaptivity=0.001
    )
    simulate(federated(server=yogi), A, SLOW, learner=learner)
    assert learner.merges[0].outer == Outer(
        optimizer="yogi", learning_rate=0.01, momentum=0.9, second_momentum=0.99, adaptivity=0.001
    )


def test_who_foresees_no_end_of_a_cut_takes_a_step(simulate) -> None:
    """a has the model at 4.75, when its uplink is cut; a step until 5.75, and from 6 on 4.75 s."""
    mode = federated(heeds_forecast=True, deadline_sim_s=30.0)
    fault = Cut(name="a", cut_sim_s=4.0, mended_sim_s=6.0)
    _, outcome = simulate(mode, A, fault=fault)
    assert account(outcome)[1] == (6 + 4.75 + 0.5, 1, 0)
    assert outcome.rounds[1].num_samples == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "fedsgd"}, "algorithm must be one of fedavg, fedprox, scaffold, fednova"),
        (
            {"algorithm": "fedprox"},
            "proximal_weight must be above 0 with algorithm=fedprox and 0 with any other, got 0.0",
        ),
        ({"proximal_weight": 0.1}, "with any other, got 0.1 with fedavg; try mode.algorithm="),
        ({"local_steps": 0}, "local_steps must be at least 1, got 0; try mode.local_steps=20"),
        ({"keep_fraction": 0.0}, "keep_fraction must be above 0 and at most 1, got 0.0"),
        ({"keep_fraction": 1.5}, "keep_fraction must be above 0 and at most 1, got 1.5"),
        ({"deadline_sim_s": 0.0}, "deadline_sim_s must be finite and above 0, got 0.0"),
    ],
)
def test_refuses_what_makes_no_round(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        federated(**changes)
