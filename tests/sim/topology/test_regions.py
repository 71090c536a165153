"""Partners are spread over cloud regions that are as far apart as measured."""

import pytest

from sim.routing import Router
from sim.topology.regions import Regions
from tests.sim.topology.consortia import numbered


def regions(*names: str, proxy: str = "Virginia", delay_is: str = "round_trip") -> Regions:
    return Regions(regions=names, proxy_region=proxy, delay_is=delay_is)


def test_a_link_is_as_measured() -> None:
    router = Router(regions("Oregon", "London").wire(numbered(2)))
    # Oregon,London,136,0.42: 136 ms there and back, 0.42 Gbit/s = 0.42e9 / 8 bytes/s.
    (cable,) = router.cables("p0", "p1")
    assert (cable.source, cable.target, cable.jitter_sim_s) == ("Oregon", "London", 0.0)
    assert cable.bytes_per_s == pytest.approx(52.5e6)
    assert cable.latency_sim_s == pytest.approx(0.068)


def test_a_delay_can_be_taken_as_one_way() -> None:
    router = Router(regions("Oregon", "London", delay_is="one_way").wire(numbered(2)))
    assert router.cables("p1", "p0")[0].latency_sim_s == pytest.approx(0.136)


def test_partners_are_spread_in_turn_and_a_region_is_a_site() -> None:
    wiring = regions("Tokyo", "Ohio", "Seoul").wire(numbered(5))
    assert [wiring.ports[f"p{i}"].into for i in range(5)] == [
        "Tokyo",
        "Ohio",
        "Seoul",
        "Tokyo",
        "Ohio",
    ]
    assert wiring.sites == ((0, 3), (1, 4), (2,))
    assert Router(wiring).cables("p0", "p3") == ()


def test_a_region_without_partners_is_no_site() -> None:
    assert regions("Tokyo", "Ohio", "Seoul").wire(numbered(2)).sites == ((0,), (1,))


def test_the_proxy_can_be_in_a_region_of_its_own() -> None:
    router = Router(regions("Tokyo", proxy="Ireland").wire(numbered(2)))
    assert [cable.target for cable in router.cables("p1", "proxy")] == ["Ireland"]


def test_a_message_takes_the_measured_link_even_where_a_detour_has_less_delay() -> None:
    # Oregon to Virginia is 67 ms, over Ohio 49 + 11 = 60 ms.
    router = Router(regions("Oregon", "Virginia", "Ohio").wire(numbered(3)))
    assert [cable.target for cable in router.cables("p0", "p1")] == ["Virginia"]


def test_every_two_of_the_eight_regions_are_joined() -> None:
    names = ("Oregon", "Virginia", "Ohio", "Tokyo", "Seoul", "London", "Frankfurt", "Ireland")
    router = Router(regions(*names).wire(numbered(8)))
    ways = [router.cables(f"p{i}", f"p{j}") for i in range(8) for j in range(8) if i != j]
    assert [len(way) for way in ways] == [1] * 56


@pytest.mark.parametrize(
    ("names", "proxy", "delay_is", "message"),
    [
        (("Mars",), "Ohio", "one_way", "regions must be one of Frankfurt, .* got 'Mars'"),
        (("Ohio",), "Mars", "one_way", "proxy_region must be one of Frankfurt, .* got 'Mars'"),
        (("Ohio",), "Ohio", "half", "delay_is must be one of round_trip, one_way, got 'half'"),
        (("Ohio", "Ohio"), "Ohio", "one_way", "none twice, got Ohio, Ohio"),
        ((), "Ohio", "one_way", "at least one region and none twice, got none"),
    ],
)
def test_refuses_regions_without_figures(
    names: tuple[str, ...], proxy: str, delay_is: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        regions(*names, proxy=proxy, delay_is=delay_is)
