"""Messages in a ring go from neighbour to neighbour, the shorter way round."""

import pytest

from sim.routing import Router
from sim.topology.ring import Ring
from tests.sim.topology.consortia import numbered

RING = Ring(bytes_per_s=10.0, latency_sim_s=0.5, jitter_sim_s=0.25)


def way(num_partners: int, source: str, target: str) -> list[str]:
    """Return the nodes at which the cables of a way end."""
    cables = Router(RING.wire(numbered(num_partners))).cables(source, target)
    return [cable.target for cable in cables]


def test_neighbours_have_one_cable_between_them() -> None:
    assert way(5, "p3", "p4") == ["p4"]
    assert way(5, "p4", "p0") == ["p0"]


def test_others_are_reached_the_shorter_way_round() -> None:
    assert way(5, "p0", "p2") == ["p1", "p2"]
    assert way(5, "p0", "p3") == ["p4", "p3"]


def test_opposite_partners_are_reached_over_the_smaller_name() -> None:
    assert way(4, "p0", "p2") == way(4, "p0", "p2") == ["p1", "p2"]
    assert way(4, "p3", "p1") == ["p0", "p1"]


def test_the_proxy_is_at_the_first_partners_node() -> None:
    assert way(5, "p0", "proxy") == []
    assert way(5, "proxy", "p1") == ["p1"]
    assert way(5, "p3", "proxy") == ["p4", "p0"]


@pytest.mark.parametrize(("num_partners", "num_cables"), [(1, 0), (2, 2), (3, 6), (8, 16)])
def test_number_of_cables(num_partners: int, num_cables: int) -> None:
    cables = RING.wire(numbered(num_partners)).cables
    assert len({(cable.source, cable.target) for cable in cables}) == len(cables) == num_cables


def test_refuses_a_ring_without_bandwidth() -> None:
    with pytest.raises(ValueError, match="bytes_per_s must be finite and above 0, got 0"):
        Ring(bytes_per_s=0.0, latency_sim_s=0.0, jitter_sim_s=0.0)
