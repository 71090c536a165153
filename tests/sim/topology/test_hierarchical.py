"""Sites hold neighbouring partners, and what leaves a site crosses the core."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.routing import Router
from sim.topology.hierarchical import Hierarchical
from tests.sim.topology.consortia import numbered


def hierarchical(**changes: Any) -> Hierarchical:
    values = {
        "num_sites": 2,
        "wan_bytes_per_s": 10.0,
        "wan_latency_sim_s": 0.5,
        "wan_jitter_sim_s": 0.25,
        "backbone_bytes_per_s": None,
    }
    return Hierarchical(**(values | changes))


def way(topology: Hierarchical, source: str, target: str) -> list[tuple[str, str, float, float]]:
    cables = Router(topology.wire(numbered(4))).cables(source, target)
    return [(one.source, one.target, one.bytes_per_s, one.latency_sim_s) for one in cables]


def test_within_a_site_there_are_only_access_links() -> None:
    assert way(hierarchical(), "p0", "p1") == way(hierarchical(), "p3", "p2") == []


def test_between_sites_a_message_goes_up_and_down() -> None:
    assert way(hierarchical(), "p1", "p2") == [
        ("site0", "core", 10.0, 0.5),
        ("core", "site1", 10.0, 0.5),
    ]


def test_the_proxy_hangs_on_the_core() -> None:
    assert way(hierarchical(), "p1", "proxy") == [("site0", "core", 10.0, 0.5)]
    assert way(hierarchical(), "proxy", "p2") == [("core", "site1", 10.0, 0.5)]


def test_all_that_leaves_a_site_or_the_proxy_crosses_the_backbone() -> None:
    topology = hierarchical(backbone_bytes_per_s=7.0)
    up, backbone, down = (
        ("site0", "core.in", 10.0, 0.5),
        ("core.in", "core.out", 7.0, 0.0),
        ("core.out", "site1", 10.0, 0.5),
    )
    assert way(topology, "p1", "p2") == [up, backbone, down]
    assert way(topology, "p1", "proxy") == [up, backbone]
    assert way(topology, "proxy", "p2") == [backbone, down]
    assert way(topology, "p0", "p1") == []


def test_jitter_is_that_of_the_wan_only() -> None:
    router = Router(hierarchical(backbone_bytes_per_s=7.0).wire(numbered(4)))
    assert [cable.jitter_sim_s for cable in router.cables("p0", "p3")] == [0.25, 0.0, 0.25]


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))))
def test_partner_i_of_n_is_in_site_i_times_sites_over_n(numbers: tuple[int, int]) -> None:
    num_partners, num_sites = numbers
    wiring = hierarchical(num_sites=num_sites).wire(numbered(num_partners))
    assert {wiring.ports[f"p{i}"].into for i in range(num_partners)} == {
        f"site{n}" for n in range(num_sites)
    }
    for i in range(num_partners):
        site = i * num_sites // num_partners
        assert i in wiring.sites[site]
        assert wiring.ports[f"p{i}"].into == f"site{site}"
    assert sum(map(len, wiring.sites)) == num_partners


def test_refuses_more_sites_than_partners() -> None:
    with pytest.raises(ValueError, match="num_sites must be at most the 4 partners, got 5"):
        hierarchical(num_sites=5).wire(numbered(4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_sites": 0}, "^num_sites must be at least 1, got 0"),
        ({"wan_bytes_per_s": 0.0}, "^wan_bytes_per_s must be finite and above 0"),
        ({"wan_latency_sim_s": -1.0}, "^wan_latency_sim_s must be finite and at least 0"),
        ({"wan_jitter_sim_s": -1.0}, "^wan_jitter_sim_s must be finite and at least 0"),
        ({"backbone_bytes_per_s": -1.0}, "^backbone_bytes_per_s must be finite and above 0"),
    ],
)
def test_refuses_what_no_network_has(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hierarchical(**change)
