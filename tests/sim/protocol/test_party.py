"""Partners who go to the proxy by way of one of them, by hand.

A way between a partner and the proxy takes 400 bytes at 100 bytes/s + 0.75 s = 4.75 s, between two
partners 4 + 1 = 5 s; two steps take 2 s, a merge at the proxy 400 / 800 = 0.5 s, and so does adding
an update at a head of speed 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.decision import Decision
from sim.outcome import Outcome
from sim.presence import Steps
from sim.protection import Protection
from sim.topology.hierarchical import Hierarchical
from sim.view import View
from sim.world import World
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner
from tests.sim.mode.settings import federated
from tests.sim.recording import Recording

Simulate = Callable[..., tuple[World, Outcome]]

A, B, C, D = (partner(name) for name in "abcd")


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """Send everyone who is there, in the first rounds some by way of others who are there."""

    actions: ClassVar[frozenset[str]] = frozenset({"direct"})
    needs_losses: ClassVar[bool] = False

    direct: Mapping[int, int] = field(default_factory=dict)
    num_rounds: int = 1000

    def check(self, num_partners: int) -> None:
        return

    def decider(self, num_partners: int, rng: np.random.Generator) -> "Scripted":
        return self

    def decide(self, view: View) -> Decision:
        there = set(view.available)
        ways = self.direct.items() if view.round <= self.num_rounds else ()
        direct = {one: head for one, head in ways if {one, head} <= there}
        return Decision(partners=view.available, direct=direct)


def to(head: int, *followers: int, num_rounds: int = 1000) -> Scripted:
    return Scripted(direct=dict.fromkeys(followers, head), num_rounds=num_rounds)


def first_round(outcome: Outcome) -> tuple[float, int, int]:
    """Return when it ended, how many were in it and how many were dropped."""
    one = outcome.rounds[1]
    return pytest.approx(one.end_sim_s), one.num_participants, one.num_dropped


def test_schedule_of_two(simulate: Simulate) -> None:
    world, outcome = simulate(federated(), A, B, agent=to(0, 1))
    # a has the model at 4.75, b at 9.75; b computes until 11.75, and a has its update at 16.75; it
    # adds until 17.25, the sum is at the proxy at 22 and merged at 22.5
    assert first_round(outcome) == (22.5, 2, 0)
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        # a waits from 6.75 to 16.75, b until 4.75 and from 16.75 on
        {
            "compute": 4,
            "protect": 0,
            "transfer": 19.5,
            "queue": 0,
            "merge": 1,
            "wait": 20.5,
            "down": 0,
        }
    )
    assert outcome.rounds[1].num_bytes == pytest.approx(4 * 400)
    assert world.proxy.uplink.carried_bytes == pytest.approx(400)
    assert world.proxy.downlink.carried_bytes == pytest.approx(400)
    assert outcome.servers[0].num_merged == 1


def test_followers_share_their_heads_lines(simulate: Simulate) -> None:
    """Two models leave a in 8 + 1 s, until 13.75, and two updates come in 9 s, until 24.75; a adds
    until 25.75, and is merged at 31.
    """
    _, outcome = simulate(federated(), A, B, C, agent=to(0, 1, 2))
    assert first_round(outcome) == (31, 3, 0)


@pytest.mark.parametrize(
    ("changes", "wire_bytes", "end_sim_s"),
    [
        # a's lines are as they were; adding takes 0.25 s
        ({"speed": 2.0}, 400, 22.25),
        # 300 bytes come until 15.75, adding takes 0.375 s, and the sum is not compressed: 400
        ({}, 300, 21.375),
        # 100 bytes come in 2 s until 13.75; both updates are 200 bytes: 2.75 s, merged in 0.25 s
        ({}, 100, 16.75),
    ],
)
def test_a_head_sends_what_weighs_less(
    simulate: Simulate, changes: dict[str, float], wire_bytes: int, end_sim_s: float
) -> None:
    protection = Protection(wire_bytes=wire_bytes)
    _, outcome = simulate(
        federated(), partner("a", **changes), B, agent=to(0, 1), protection=protection
    )
    assert first_round(outcome) == (end_sim_s, 2, 0)


@dataclass(frozen=True, kw_only=True)
class SlowHead:
    """Let the first partner take twice as long for all that it computes."""

    def run(self, world: World) -> Steps:
        world.members[0].slowdown = 2.0
        yield from ()


def test_a_straggler_adds_more_slowly(simulate: Simulate) -> None:
    """a adds from 16.75 to 17.75."""
    _, outcome = simulate(federated(), A, B, agent=to(0, 1), fault=SlowHead())
    assert first_round(outcome) == (23, 2, 0)


def test_controls_go_the_same_way(simulate: Simulate) -> None:
    """All messages have 800 bytes: a at 8.75, b at 17.75 and 19.75, back at 28.75, added at 29.75,
    at the proxy at 38.5, merged at 39.5.
    """
    _, outcome = simulate(federated(algorithm="scaffold"), A, B, agent=to(0, 1))
    assert first_round(outcome) == (39.5, 2, 0)


def test_what_is_merged_is_the_same(simulate: Simulate) -> None:
    """A direct way changes when things arrive, and not what is learned from them."""
    learners = [Recording(), Recording()]
    for learner, agent in zip(learners, (Scripted(), to(2, 0, 3)), strict=True):
        parts = [A, partner("b", speed=0.4), C, partner("d", data_share=3.0)]
        simulate(
            federated(local_steps=None, local_epochs=1.0),
            *parts,
            num_samples=(8, 12, 4, 20),
            num_epochs=3,
            learner=learner,
            agent=agent,
        )
    assert learners[0].merges == learners[1].merges and len(learners[0].merges) == 3
    assert [(one.partner, one.num_steps) for one in learners[0].works] == [
        (one.partner, one.num_steps) for one in learners[1].works
    ]


@pytest.mark.parametrize(
    ("fault", "account"),
    [
        # b receives: a, done at 6.75, waits for it until 8, sends what it has itself
        (("b", 8.0, 100.0), (8 + 4.75 + 0.5, 1, 1)),
        # b computes, and a too
        (("b", 10.0, 100.0), (10 + 4.75 + 0.5, 1, 1)),
        # b has sent, and its update is in the sum that a sends
        (("b", 18.0, 100.0), (22.5, 2, 0)),
        # with a, or the proxy, all is lost
        (("a", 3.0, 100.0), (3, 0, 2)),
        (("a", 8.0, 100.0), (8, 0, 2)),
        (("a", 18.0, 100.0), (18, 0, 2)),
        (("proxy", 10.0, 100.0), (10, 0, 2)),
        (("proxy", 22.25, 100.0), (22.25, 0, 2)),
    ],
)
def test_breakdowns(
    simulate: Simulate, fault: tuple[str, float, float], account: tuple[float, int, int]
) -> None:
    world, outcome = simulate(federated(), A, B, agent=to(0, 1), fault=breaks(fault))
    assert first_round(outcome) == account
    seconds = sum(sum(one.partner_sim_s.values()) for one in outcome.rounds)
    assert seconds == pytest.approx(2 * outcome.rounds[-1].end_sim_s)
    assert all(not link.flows for one in world.members for link in one.links)


def test_a_party_is_late_as_a_whole(simulate: Simulate) -> None:
    """At 20 s the head is sending the sum, and nothing of it goes on: the rounds without parties
    take 12.5 s.
    """
    world, outcome = simulate(
        federated(deadline_sim_s=20.0), A, B, agent=to(0, 1, num_rounds=1), num_epochs=2
    )
    assert first_round(outcome) == (20, 0, 2)
    assert [one.end_sim_s for one in outcome.rounds[2:]] == pytest.approx([32.5, 45])
    sight = world.monitor.sight(0)  # of what did not get through nothing was told
    assert np.isnan(sight.direct_up_bytes_per_s).all()


@pytest.mark.parametrize(
    ("speed", "account"),
    [
        (1.0, (12.5, 2, 2)),  # c and d are merged at 12 and 12.5, before the party
        (0.1, (22.5, 2, 2)),  # c and d compute for 20 s: the party's two are enough
    ],
)
def test_enough_counts_partners(
    simulate: Simulate, speed: float, account: tuple[float, int, int]
) -> None:
    others = [partner(name, speed=speed) for name in "cd"]
    _, outcome = simulate(federated(keep_fraction=0.5), A, B, *others, agent=to(0, 1))
    assert first_round(outcome) == account


def test_a_party_is_not_divided(simulate: Simulate) -> None:
    """Of three in a sum, none can be left out, though two are enough."""
    slow = [partner(name, speed=0.01) for name in "de"]
    _, outcome = simulate(
        federated(keep_fraction=0.4), A, B, C, *slow, agent=to(0, 1, 2), num_epochs=0.5
    )
    assert first_round(outcome) == (31, 3, 2)


def test_followers_go_where_their_head_goes(simulate: Simulate) -> None:
    agent = Scripted(direct={1: 0, 3: 2})
    _, outcome = simulate(federated(), A, B, C, D, agent=agent, num_replicas=2)
    assert [one.num_merged for one in outcome.servers] == [2, 0]


def test_the_head_tells_what_the_proxy_can_not_see(simulate: Simulate) -> None:
    world, _ = simulate(federated(), A, partner("b", speed=0.5), agent=to(0, 1), num_epochs=1)
    sight = world.monitor.sight(0)
    np.testing.assert_allclose(sight.step_sim_s, [1.0, 2.0])
    np.testing.assert_allclose(sight.direct_down_bytes_per_s, [np.nan, 80.0])
    np.testing.assert_allclose(sight.direct_up_bytes_per_s, [np.nan, 80.0])
    np.testing.assert_allclose(sight.merge_sim_s, [0.5, np.nan])
    np.testing.assert_allclose(sight.down_bytes_per_s, [400 / 4.75, np.nan])


def test_followers_leave_time_for_their_head(simulate: Simulate) -> None:
    """b has the model at 9.75; 21.7 less 5 + 0.5 + 4.75 s leave 1.7 s: a step. Merged at 21.5."""
    mode = federated(deadline_sim_s=21.7, heeds_forecast=True)
    _, outcome = simulate(mode, A, B, agent=to(0, 1))
    assert first_round(outcome) == (21.5, 2, 0)
    assert outcome.rounds[1].num_samples == 3 * 4


def test_a_party_at_one_site_spares_the_line_to_the_proxy(simulate: Simulate) -> None:
    """Four partners with 1000 bytes/s behind a line of 100: by themselves they take
    4 * 4 + 0.75 s each way, and 4 merges; by way of one of them 4 + 0.75 each way, 3 * 0.4 + 1
    between them each way, 3 * 0.5 for adding, and a merge.
    """
    site = Hierarchical(
        num_sites=1,
        wan_bytes_per_s=100.0,
        wan_latency_sim_s=0.0,
        wan_jitter_sim_s=0.0,
        backbone_bytes_per_s=None,
    )
    fast: dict[str, Any] = {"uplink_bytes_per_s": 1000.0, "downlink_bytes_per_s": 1000.0}
    parts = [partner(name, **fast) for name in "abcd"]
    ends = [
        simulate(federated(), *parts, topology=site, agent=agent)[1].rounds[1].end_sim_s
        for agent in (Scripted(), to(0, 1, 2, 3))
    ]
    assert ends == pytest.approx([16.75 * 2 + 2 + 2, 4.75 * 2 + 2.2 * 2 + 2 + 1.5 + 0.5])
