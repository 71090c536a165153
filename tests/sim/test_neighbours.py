"""Who reaches whom past the proxy."""

import pytest

from sim.neighbours import direct_groups
from sim.routing import Router
from sim.topology import Topology, Wiring, at
from sim.topology.hierarchical import Hierarchical
from sim.topology.mesh import Mesh
from sim.topology.regions import Regions
from sim.topology.ring import Ring
from sim.topology.star import Star
from tests.sim.test_routing import cable
from tests.sim.topology.consortia import consortium

NAMES = ("a", "b", "c", "d")
LINE = {"bytes_per_s": 1.0, "latency_sim_s": 0.0, "jitter_sim_s": 0.0}
SITES = Hierarchical(
    num_sites=2,
    wan_bytes_per_s=1.0,
    wan_latency_sim_s=0.0,
    wan_jitter_sim_s=0.0,
    backbone_bytes_per_s=None,
)


@pytest.mark.parametrize(
    ("topology", "groups"),
    [
        (Star(backbone_bytes_per_s=None), ((0, 1, 2, 3),)),
        (Star(backbone_bytes_per_s=1.0), ((0, 1, 2, 3),)),
        (Mesh(**LINE), ((0, 1, 2, 3),)),
        (Ring(**LINE), ((0, 1, 2, 3),)),
        (SITES, ((0, 1), (2, 3))),
        (
            Regions(regions=("Oregon", "Tokyo", "Seoul"), proxy_region="Ohio", delay_is="one_way"),
            ((0, 3),),  # the other regions have one partner each
        ),
    ],
)
def test_groups_of_topologies(topology: Topology, groups: tuple[tuple[int, ...], ...]) -> None:
    wiring = topology.wire(consortium(*NAMES))
    assert direct_groups(Router(wiring), NAMES, wiring.sites) == groups


def lines(*ways: str) -> Router:
    """Return the router of cables in the given directions, where `p` is the proxy."""
    cables = [cable(*(end.replace("p", "proxy") for end in way), 0.1) for way in ways]
    names = (*NAMES, "proxy")
    return Router(
        Wiring(ports={name: at(name) for name in names}, cables=tuple(cables), sites=(), routes={})
    )


SPOKES = ("ap", "pa", "bp", "pb", "cp", "pc", "dp", "pd")


def test_who_has_a_line_to_the_proxy_only_is_in_no_group() -> None:
    assert direct_groups(lines(*SPOKES), NAMES, ()) == ()


def test_lines_of_both_directions_past_the_proxy_make_a_group() -> None:
    """Between a and b there is one, and none back; c and d have both."""
    assert direct_groups(lines(*SPOKES, "ba", "cd", "dc"), NAMES, ()) == ((2, 3),)
    assert direct_groups(lines(*SPOKES, "ab", "cd", "dc"), NAMES, ()) == ((2, 3),)
    assert direct_groups(lines(*SPOKES, "ab", "ba", "cd", "dc"), NAMES, ()) == ((0, 1), (2, 3))


def test_a_way_is_from_its_start_to_its_end() -> None:
    router = lines(*SPOKES)
    assert router.passes("a", "b", "proxy")
    assert not router.passes("a", "proxy", "proxy") and not router.passes("a", "b", "a")
