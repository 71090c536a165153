"""Hierarchical: rounds within regions, then a round of the root among the regional proxies.

In a region of two equal partners with one step: 4.75 s down, 1 s, 4.75 s up, two merges of 0.5 s,
11.5 s in all. Two regions to or from the root at once: 2 * 400 bytes at 1000 bytes/s and 0.25 +
0.25 s latency, 1.3 s; one alone, 0.9 s.
"""

from typing import Any

import pytest

from sim.learner import LocalRule
from sim.mode.proxy.hierarchical import Hierarchical
from sim.outcome import Outcome
from sim.topology.hierarchical import Hierarchical as Sites
from tests.sim.breakdowns import Cut, breaks
from tests.sim.conftest import partner
from tests.sim.mode.settings import LOCAL
from tests.sim.recording import Recording

PARTNERS = [partner(name) for name in "abcd"]


def hierarchical(**changes: Any) -> Hierarchical:
    settings = {**LOCAL, "local_steps": 1, "regional_rounds": 2, "num_regions": 2}
    return Hierarchical(**(settings | changes))


def account(outcome: Outcome) -> list[tuple[float, int, int]]:
    """Return when each round ended, who was in it and who was dropped."""
    return [
        (pytest.approx(one.end_sim_s), one.num_participants, one.num_dropped)
        for one in outcome.rounds
    ]


def test_schedule(simulate) -> None:
    world, outcome = simulate(hierarchical(), *PARTNERS)
    # fetched at 1.3, two regional rounds until 24.3, at the root at 25.6, merged at 26.1 and 26.6
    assert account(outcome) == [(0, 0, 0), (26.6, 4, 0)]
    assert outcome.rounds[1].num_samples == 4 * 2 * 4
    # 2 regions to and from the root; 4 partners to and from their region, twice
    assert outcome.rounds[1].num_bytes == pytest.approx(2 * 2 * 400 + 4 * 2 * 2 * 400)
    assert outcome.rounds[1].partner_sim_s == pytest.approx(
        {
            "compute": 8,
            "protect": 0,
            "transfer": 76,
            "queue": 2,
            "merge": 4,
            "wait": 4 * 26.6 - 90,
            "down": 0,
        }
    )
    assert [(server.name, server.num_jobs) for server in world.servers] == [
        ("proxy", 2),
        ("region-0", 4),
        ("region-1", 4),
    ]
    assert world.servers[1].downlink.carried_bytes == pytest.approx(400 + 4 * 400)


def test_regions_drift_apart_until_the_root_averages(simulate) -> None:
    learner = Recording()
    simulate(hierarchical(), *PARTNERS, learner=learner)
    assert [(merge.version, merge.starts) for merge in learner.merges] == [
        (0, [(0, 0), (1, 0)]),
        (1, [(0, 1), (1, 1)]),
        (0, [(2, 0), (3, 0)]),
        (1, [(2, 1), (3, 1)]),
    ]
    assert all(merge.weights == [0.5, 0.5] for merge in learner.merges)
    assert learner.averages == [([2, 2], [0.5, 0.5])]


def test_a_region_weighs_as_much_as_the_data_in_it(simulate) -> None:
    learner = Recording()
    simulate(hierarchical(regional_rounds=1), *PARTNERS[:3], learner=learner)
    # partner i of 3 is in region i * 2 // 3: a and b in the first, c in the second
    assert learner.averages[0][1] == pytest.approx([2 / 3, 1 / 3])


def test_who_holds_more_takes_more_steps_in_an_epoch(simulate) -> None:
    learner = Recording()
    mode = hierarchical(
        local_steps=None, local_epochs=0.5, regional_rounds=1, num_regions=1, proximal_weight=0.1
    )
    _, outcome = simulate(mode, *PARTNERS[:2], num_samples=(8, 24), num_epochs=0.5, learner=learner)
    # fetched at 0.9; a takes 1 step, b 3: 4.75 + 3 + 4.75 + 0.5; at the root 0.9 + 0.5
    assert account(outcome) == [(0, 0, 0), (15.3, 2, 0)]
    assert outcome.rounds[1].num_samples == 16
    assert [work.num_steps for work in learner.works] == [1, 3]
    assert learner.merges[0].weights == [0.25, 0.75]
    assert {work.rule for work in learner.works} == {LocalRule(proximal_weight=0.1)}


def test_regions_do_not_wait_for_each_other(simulate) -> None:
    slow = [partner(name, speed=0.1) for name in "cd"]
    _, outcome = simulate(hierarchical(), *PARTNERS[:2], *slow)
    spans = {span[1]: span[3:5] for span in outcome.spans if span[1].endswith("/background")}
    # alone on its way to the root: 24.3 to 25.2; the slow one computes 2 * 9 s longer
    assert spans["region-0/background"] == pytest.approx((24.3, 25.2))
    assert spans["region-1/background"] == pytest.approx((42.3, 43.2))
    assert outcome.rounds[1].end_sim_s == pytest.approx(43.7)


def test_regional_proxies_stand_at_the_topologys_sites(simulate) -> None:
    sites = Sites(
        num_sites=2,
        wan_bytes_per_s=50.0,
        wan_latency_sim_s=2.0,
        wan_jitter_sim_s=0.0,
        backbone_bytes_per_s=None,
    )
    world, outcome = simulate(hierarchical(num_regions=None), *PARTNERS, topology=sites)
    # only the model crosses the WAN: 400 / 50 + 2 + 0.5 s each way, 10.5; at the root 0.5 and 1
    assert account(outcome) == [(0, 0, 0), (10.5 + 23 + 10.5 + 1, 4, 0)]
    wan = {name: link.carried_bytes for name, link in world.traffic.links([]).items()}
    assert wan == pytest.approx(
        {"site0->core": 400, "core->site0": 400, "site1->core": 400, "core->site1": 400}
    )


def test_replicas_of_the_root_share_the_regions(simulate) -> None:
    _, outcome = simulate(hierarchical(), *PARTNERS, num_replicas=2)
    # each region alone with its replica: 0.9 + 23 + 0.9 + 0.5; 0.9 s each way between the replicas
    assert account(outcome) == [(0, 0, 0), (27.1, 4, 0)]
    assert [use.num_merged for use in outcome.servers] == [1, 1, 4, 4]


def test_the_agent_chooses_among_all_partners(simulate) -> None:
    learner = Recording()
    _, outcome = simulate(hierarchical(), *PARTNERS, num_participants=1, learner=learner)
    # one partner, so one region: 0.9 + 2 * 11 + 0.9 + 0.5; 8 samples a round
    assert account(outcome) == [(24.3 * n, 1, 0) if n else (0, 0, 0) for n in range(5)]
    assert all(weights == [1.0] for _, weights in learner.averages)


def test_a_partner_that_is_back_takes_part_in_the_next_regional_round(simulate) -> None:
    learner = Recording()
    fault = breaks(("b", 6.5, 8.0))
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault, num_epochs=0.5, learner=learner)
    # a alone is merged at 12.3, so region 0 is done at 23.8 and at the root at 24.7; region 1
    # leaves at 24.3, is there at 25.2 when the root has merged the first, and merged at 25.7
    assert account(outcome) == [(0, 0, 0), (25.7, 4, 0)]
    assert [merge.starts for merge in learner.merges[:2]] == [[(0, 0)], [(0, 1), (1, 1)]]
    assert outcome.rounds[1].num_samples == 7 * 4


def test_a_regional_proxy_that_breaks_down_drops_its_region(simulate) -> None:
    learner = Recording()
    fault = breaks(("region-1", 20.0, 21.0))
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault, num_epochs=0.5, learner=learner)
    # region 0 is alone at the root: 24.3 + 0.9 + 0.5
    assert account(outcome) == [(0, 0, 0), (25.7, 2, 2)]
    assert len(learner.merges) == 2, "what is lost in virtual time is never paid for"


def test_a_region_without_its_proxy_is_left_out(simulate) -> None:
    fault = breaks(("region-1", 20.0, 40.0))
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault)
    # the second round, of region 0 alone, takes 0.9 + 23 + 0.9 + 0.5
    assert account(outcome) == [(0, 0, 0), (25.7, 2, 2), (51.0, 2, 0)]


def test_a_round_begins_when_a_region_has_its_proxy_and_a_partner(simulate) -> None:
    fault = breaks(("a", 0.5, 30.0), ("b", 0.5, 10.0), ("region-1", 0.5, 20.0))
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault, num_epochs=0.25)
    # all is lost at 0.5 but region 0's proxy, which has 250 bytes of the model by then and fetches
    # the rest in vain, until 0.5 + 0.15 + 0.5; b is there at 10, alone: 0.9 + 2 * 11 + 0.9 + 0.5
    assert account(outcome) == [(0, 0, 0), (1.15, 0, 4), (34.3, 1, 0)]


def test_regions_go_on_while_the_root_is_down(simulate) -> None:
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=breaks(("proxy", 10.0, 40.0)))
    # ready at 24.3, both go to the root at 40: 1.3, then 0.5 and 1
    assert account(outcome) == [(0, 0, 0), (42.3, 4, 0)]


def test_a_root_that_breaks_down_loses_what_it_has_added_up(simulate) -> None:
    learner = Recording()
    fault = breaks(("proxy", 26.25, 27.0))
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault, num_epochs=0.5, learner=learner)
    # region 0 was merged at 26.1 and is lost; region 1 was not, comes again at 27.9, merged at 28.4
    assert account(outcome) == [(0, 0, 0), (28.4, 2, 2)]
    assert [merge.starts for merge in learner.merges] == [[(2, 0), (3, 0)], [(2, 1), (3, 1)]]


def test_a_cut_link_holds_up_the_root(simulate) -> None:
    fault = Cut(name="region-1", cut_sim_s=24.5, mended_sim_s=50.0)
    _, outcome = simulate(hierarchical(), *PARTNERS, fault=fault)
    # from 24.3 to 24.5 both had 500 bytes/s; region 1 sends its last 300 bytes from 50 on, 0.3 +
    # 0.5 s, and 0.5 s to merge
    assert account(outcome) == [(0, 0, 0), (51.3, 4, 0)]


def test_null_needs_sites(simulate) -> None:
    with pytest.raises(ValueError, match=r"has no sites, got null; try mode.num_regions=2"):
        simulate(hierarchical(num_regions=None), *PARTNERS)


def test_refuses_more_regions_than_partners(simulate) -> None:
    with pytest.raises(ValueError, match="num_regions must be at most the 4 partners, got 5"):
        simulate(hierarchical(num_regions=5), *PARTNERS)


@pytest.mark.parametrize("name", ["local_steps", "regional_rounds", "num_regions"])
def test_refuses_none_of_it(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        hierarchical(**{name: 0})
