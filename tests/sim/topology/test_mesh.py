"""Every two machines of a mesh have a link of their own."""

import pytest

from sim.routing import Router
from sim.topology.mesh import Mesh
from tests.sim.topology.consortia import consortium, numbered

MESH = Mesh(bytes_per_s=10.0, latency_sim_s=0.5, jitter_sim_s=0.25)


def test_a_message_takes_the_direct_cable() -> None:
    router = Router(MESH.wire(consortium("a", "b")))
    (cable,) = router.cables("b", "proxy")
    assert (cable.source, cable.target) == ("b", "proxy")
    assert (cable.bytes_per_s, cable.latency_sim_s, cable.jitter_sim_s) == (10.0, 0.5, 0.25)


@pytest.mark.parametrize(("num_partners", "num_cables"), [(1, 2), (2, 6), (9, 90)])
def test_number_of_cables(num_partners: int, num_cables: int) -> None:
    # n partners and the proxy: (n + 1) n ordered pairs.
    cables = MESH.wire(numbered(num_partners)).cables
    assert len({(cable.source, cable.target) for cable in cables}) == len(cables) == num_cables


def test_refuses_numbers_that_no_link_has() -> None:
    with pytest.raises(ValueError, match="latency_sim_s must be finite and at least 0, got -1"):
        Mesh(bytes_per_s=1.0, latency_sim_s=-1.0, jitter_sim_s=0.0)
    with pytest.raises(ValueError, match=r"^jitter_sim_s must be finite"):
        Mesh(bytes_per_s=1.0, latency_sim_s=0.0, jitter_sim_s=float("inf"))
