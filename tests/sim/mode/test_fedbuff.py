"""FedBuff: partners come and go at their own pace, and the model steps when the buffer is full.

One way takes 4.75 s, a merge 0.5 s: with two steps, a partner of speed 1 is there and back in 12 s,
one of speed 0.5 in 14 s.
"""

import pytest

from sim.learner import LocalRule, Outer
from sim.mode.proxy.fedbuff import FedBuff
from sim.outcome import Outcome
from sim.presence import Steps
from sim.protocol.server import Server
from sim.world import World
from tests.sim.breakdowns import Cut, breaks
from tests.sim.conftest import partner
from tests.sim.mode.settings import ADDS, LOCAL
from tests.sim.recording import Recording

A, B = partner("a"), partner("b")
SLOW = partner("slow", speed=0.5)


def fedbuff(**changes) -> FedBuff:
    settings = {
        **LOCAL,
        "buffer_size": 2,
        "concurrency": None,
        "staleness_exponent": 0.5,
        "server": ADDS,
    }
    return FedBuff(**(settings | changes))


def account(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return when each round ended, who was in it and how many updates were lost."""
    return [
        (pytest.approx(one.end_sim_s), one.num_participants, one.num_dropped)
        for one in outcome.rounds
    ]


def test_schedule_and_staleness(simulate) -> None:
    learner = Recording()
    world, outcome = simulate(fedbuff(), A, SLOW, num_epochs=3, learner=learner)
    # a is merged at 12, 24, 36, 48 and starts with versions 0, 0, 1, 2; slow at 14, 28, 42 with
    # versions 0, 1, 2. slow's updates fill the buffer each time.
    assert account(outcome) == [(0, 0, 0), (14, 2, 0), (28, 2, 0), (42, 2, 0)]
    assert [(merge.version, merge.starts) for merge in learner.merges] == [
        (0, [(0, 0), (1, 0)]),
        (1, [(0, 0), (1, 1)]),
        (2, [(0, 1), (1, 2)]),
    ]
    # a's second and third are one version old: 1 / sqrt(2), and a half of each since two are merged
    assert [merge.weights for merge in learner.merges] == [
        [0.5, 0.5],
        pytest.approx([0.35355339, 0.5]),
        pytest.approx([0.35355339, 0.5]),
    ]
    assert [one.num_samples for one in outcome.rounds] == [0, 16, 32, 48]
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {"compute": 6, "protect": 0, "transfer": 19, "queue": 0, "merge": 1, "wait": 0, "down": 0}
    )
    # by 42: a has fetched 4 times and delivered 3 times, slow 3 times each
    assert outcome.rounds[3].num_bytes == pytest.approx(13 * 400)
    assert world.servers[0].num_jobs == 6


@pytest.mark.parametrize(
    ("exponent", "weight"), [(0.0, 0.5), (0.5, 0.5 / 2**0.5), (1.0, 0.25), (2.0, 0.125)]
)
def test_old_updates_weigh_less(simulate, exponent: float, weight: float) -> None:
    learner = Recording()
    mode = fedbuff(staleness_exponent=exponent)
    simulate(mode, A, SLOW, num_epochs=2, learner=learner)
    assert learner.merges[1].weights == pytest.approx([weight, 0.5])


@pytest.mark.parametrize(
    ("learning_rate", "outer"), [(0.3, Outer(optimizer="sgd", learning_rate=0.3)), (1.0, None)]
)
def test_the_server_steps_with_its_learning_rate(
    simulate, learning_rate: float, outer: Outer | None
) -> None:
    learner = Recording()
    server = Server(
        optimizer="sgd",
        learning_rate=learning_rate,
        momentum=0.9,
        second_momentum=0.99,
        adaptivity=0.001,
    )
    simulate(fedbuff(server=server), A, SLOW, learner=learner)
    assert learner.merges[0].outer == outer


def test_who_holds_more_is_away_for_longer_with_epochs(simulate) -> None:
    learner = Recording()
    mode = fedbuff(local_steps=None, local_epochs=0.5, proximal_weight=0.1, buffer_size=1)
    _, outcome = simulate(mode, A, B, num_samples=(8, 40), num_epochs=0.5, learner=learner)
    # a takes 1 step and is there and back in 11 s, b 5 in 15 s; the budget is 24 samples
    assert account(outcome) == [(0, 0, 0), (11, 1, 0), (15, 1, 0)]
    assert [one.num_samples for one in outcome.rounds] == [0, 4, 24]
    assert [(work.partner, work.num_steps) for work in learner.works] == [(0, 1), (1, 5)]
    assert {work.rule for work in learner.works} == {LocalRule(proximal_weight=0.1)}


def test_a_buffer_of_one_steps_with_every_update(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(fedbuff(buffer_size=1), A, SLOW, num_epochs=2, learner=learner)
    # a at 12, slow at 14, a at 24, slow at 28. slow's first missed one step, a's second the one at
    # 14, slow's second the one at 24.
    assert account(outcome) == [(0, 0, 0), (12, 1, 0), (14, 1, 0), (24, 1, 0), (28, 1, 0)]
    assert [merge.starts for merge in learner.merges] == [[(0, 0)], [(1, 0)], [(0, 1)], [(1, 2)]]


def test_a_buffer_larger_than_the_consortium_takes_a_partner_twice(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(fedbuff(buffer_size=3), A, SLOW, num_epochs=1.5, learner=learner)
    # a at 12, slow at 14, a at 24: three updates of two partners
    assert account(outcome) == [(0, 0, 0), (24, 2, 0)]
    assert learner.merges[0].starts == [(0, 0), (1, 0), (0, 0)]
    assert outcome.rounds[1].num_samples == 24


def test_one_place_is_one_partner_at_a_time(simulate) -> None:
    partners = [partner(name) for name in "abcd"]
    learner = Recording()
    mode = fedbuff(buffer_size=1, concurrency=1)
    _, outcome = simulate(mode, *partners, num_epochs=3, learner=learner)
    # 12 updates, each 12 s after the one before and none stale
    assert [one.end_sim_s for one in outcome.rounds] == pytest.approx([12 * n for n in range(13)])
    assert all(merge.starts[0][1] == merge.version for merge in learner.merges)
    assert len({merge.starts[0][0] for merge in learner.merges}) > 1, "the agent replaces them"


def test_null_is_the_agents_own_number(simulate) -> None:
    partners = [partner(name) for name in "abcdef"]
    _, outcome = simulate(fedbuff(), *partners, num_participants=3, num_epochs=4)
    times = [span[3:5] for span in outcome.spans if span[2] == "compute"]
    num_busy = [sum(start <= now < end for start, end in times) for now, _ in times]
    assert max(num_busy) == 3


def test_a_partner_that_breaks_down_is_replaced(simulate) -> None:
    class BreakWhoIsInFlight:
        def run(self, world: World) -> Steps:
            yield world.env.timeout(5.0)
            (flying,) = (member for member in world.members if member.attempts)
            world.presence.break_down(flying)

    learner = Recording()
    mode = fedbuff(buffer_size=1, concurrency=1)
    _, outcome = simulate(mode, A, B, fault=BreakWhoIsInFlight(), num_epochs=0.5, learner=learner)
    # the other one is sent out at 5; all that was in flight was lost, so that round is empty
    assert account(outcome) == [(0, 0, 0), (5, 0, 1), (17, 1, 0)]
    assert len(learner.merges) == 1


def test_its_place_waits_for_a_partner_when_nobody_else_is_free(simulate) -> None:
    fault = breaks(("b", 8.0, 9.0))
    learner = Recording()
    _, outcome = simulate(
        fedbuff(buffer_size=1), A, B, fault=fault, num_epochs=1.5, learner=learner
    )
    # a at 12, b from 9 to 21, a at 24
    assert account(outcome) == [(0, 0, 0), (12, 1, 1), (21, 1, 0), (24, 1, 0)]
    assert [merge.starts for merge in learner.merges] == [[(0, 0)], [(1, 0)], [(0, 1)]]


def test_a_proxy_that_breaks_down_loses_the_buffer_and_all_in_flight(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(fedbuff(), A, SLOW, fault=breaks(("proxy", 13.0, 20.0)), learner=learner)
    # at 13, a's update is in the buffer, a has gone again and slow is sending: an empty round for
    # the two in flight; from 20 on, a is back at 32 and slow at 34
    assert account(outcome) == [(0, 0, 0), (13, 0, 2), (34, 2, 1)]
    assert [merge.starts for merge in learner.merges] == [[(0, 0), (1, 0)]]


def test_a_run_in_which_everything_is_lost_gives_up(simulate) -> None:
    class Restless:
        def run(self, world: World) -> Steps:
            while True:
                yield world.env.timeout(5.0)
                world.presence.break_down(world.proxy)
                yield world.env.timeout(1.0)
                world.presence.repair(world.proxy)

    with pytest.raises(RuntimeError, match="rounds in a row in which nothing was learned"):
        simulate(fedbuff(), A, SLOW, fault=Restless(), trace_level="rounds")


def test_replicas_exchange_their_sums_before_a_step(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(fedbuff(), A, B, num_replicas=2, num_epochs=2, learner=learner)
    # both are merged at 12, each by its own replica. The second's sum takes 0.9 s to the first. The
    # way back shares the first's uplink with a, who has gone again with version 0 and takes 100 of
    # 1000 bytes/s: 400 / 900 + 0.5. b, whose update filled the buffer, then goes with version 1.
    exchange_sim_s = 0.9 + 400 / 900 + 0.5
    first_sim_s = 12 + exchange_sim_s
    second_sim_s = first_sim_s + 12 + exchange_sim_s
    assert account(outcome) == [(0, 0, 0), (first_sim_s, 2, 0), (second_sim_s, 2, 0)]
    assert [merge.starts for merge in learner.merges] == [[(0, 0), (1, 0)], [(0, 0), (1, 1)]]


def test_a_replica_that_breaks_down_loses_its_part_of_the_buffer(simulate) -> None:
    learner = Recording()
    fault = breaks(("proxy-1", 12.25, 13.0))
    plan = {"num_replicas": 2, "num_epochs": 0.5, "fault": fault, "learner": learner}
    _, outcome = simulate(fedbuff(), A, B, **plan)
    # its sum is on the way to the first, which has its own, and the model steps with that
    assert account(outcome) == [(0, 0, 0), (12.25, 1, 1)]
    assert learner.merges[0].weights == [1.0]


def test_a_cut_link_keeps_one_place_and_not_the_model(simulate) -> None:
    _, outcome = simulate(
        fedbuff(), A, B, fault=Cut(name="b", cut_sim_s=9.0, mended_sim_s=40.0), num_epochs=1
    )
    # a alone fills the buffer, at 12 and 24
    assert account(outcome) == [(0, 0, 0), (24, 1, 0)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"local_steps": 0}, "local_steps must be at least 1, got 0"),
        ({"buffer_size": 0}, "buffer_size must be at least 1, got 0; 1 steps with every update"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0; null asks the agent"),
        ({"staleness_exponent": -0.5}, "staleness_exponent must be finite and at least 0"),
        ({"local_steps": None}, "local_steps must be a number where local_epochs is null"),
    ],
)
def test_refuses_what_never_steps(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fedbuff(**changes)


def test_refuses_more_places_than_partners(simulate) -> None:
    with pytest.raises(ValueError, match="concurrency must be at most the 2 partners, got 3"):
        simulate(fedbuff(concurrency=3), A, B)
