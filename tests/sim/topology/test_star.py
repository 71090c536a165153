"""Machines in a star have one backbone between them, or nothing."""

import pytest

from sim.routing import Router
from sim.topology import Cable, Wiring
from sim.topology.star import Star
from tests.sim.topology.consortia import consortium, numbered


def test_nothing_lies_between_the_access_links() -> None:
    wiring = Star(backbone_bytes_per_s=None).wire(consortium("a", "b"))
    assert set(wiring.ports) == {"a", "b", "proxy"}
    assert Router(wiring).cables("a", "b") == Router(wiring).cables("proxy", "a") == ()


def test_every_message_crosses_a_finite_backbone() -> None:
    router = Router(Star(backbone_bytes_per_s=10.0).wire(consortium("a", "b")))
    cable = Cable(
        source="backbone.in",
        target="backbone.out",
        bytes_per_s=10.0,
        latency_sim_s=0.0,
        jitter_sim_s=0.0,
    )
    ways = [router.cables(*pair) for pair in [("a", "b"), ("b", "a"), ("a", "proxy")]]
    assert ways == [(cable,)] * 3


def test_ten_thousand_partners_share_one_port() -> None:
    wiring = Star(backbone_bytes_per_s=None).wire(numbered(10_000))
    assert len({id(port) for port in wiring.ports.values()}) == 1
    assert wiring.cables == () and len(wiring.routes) == 0


def test_refuses_a_backbone_without_bandwidth() -> None:
    with pytest.raises(ValueError, match="backbone_bytes_per_s must be finite and above 0, got 0"):
        Star(backbone_bytes_per_s=0.0)


def wire_partners(*names: str) -> Wiring:
    return Star(backbone_bytes_per_s=None).wire(consortium(*names))


@pytest.mark.parametrize(("names", "twice"), [(("a", "proxy"), "proxy"), (("a", "a"), "a")])
def test_refuses_two_machines_with_one_name(names: tuple[str, ...], twice: str) -> None:
    with pytest.raises(ValueError, match=f"a name of its own.* got '{twice}' twice"):
        wire_partners(*names)
