"""A network is what its CSV files say, and what is wrong in them is named with its line."""

from pathlib import Path

import pytest

from sim.routing import Router
from sim.topology import Cable
from sim.topology.links import Links
from tests.sim.topology.consortia import consortium

HEAD = "source,target,bytes_per_s,latency_sim_s,jitter_sim_s,duplex\n"
TRIANGLE = HEAD + "a,b,10,0.5,0.25,true\na,hub,20,0.1,,\nhub,b,30,0.1,,\nproxy,hub,40,0.2,0,\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a call that writes a file into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str) -> None:
        (tmp_path / name).write_text(text, encoding="utf-8")

    return write_file


def wire(routes_file: str | None = None):
    return Links(file="net.csv", routes_file=routes_file).wire(consortium("a", "b"))


def nodes(router: Router, source: str, target: str) -> list[str]:
    return [cable.target for cable in router.cables(source, target)]


def test_a_line_is_a_link_in_both_directions(write) -> None:
    write("net.csv", TRIANGLE)
    cables = wire().cables
    assert cables[:2] == (
        Cable(source="a", target="b", bytes_per_s=10.0, latency_sim_s=0.5, jitter_sim_s=0.25),
        Cable(source="b", target="a", bytes_per_s=10.0, latency_sim_s=0.5, jitter_sim_s=0.25),
    )
    assert len(cables) == 8
    assert cables[2].jitter_sim_s == 0.0


def test_jitter_and_duplex_can_be_left_out(write) -> None:
    write("net.csv", "source,target,bytes_per_s,latency_sim_s\na,proxy,1,2\n\nb,proxy,3,4\n")
    assert [(one.bytes_per_s, one.jitter_sim_s) for one in wire().cables] == [
        (1.0, 0.0),
        (1.0, 0.0),
        (3.0, 0.0),
        (3.0, 0.0),
    ]


def test_a_directed_link_has_one_direction(write) -> None:
    text = HEAD + "a,proxy,1,0,0,false\nproxy,a,2,0,0,False\nb,a,3,0,0,true\n"
    write("net.csv", text)
    router = Router(wire())
    assert [cable.bytes_per_s for cable in router.cables("b", "proxy")] == [3.0, 1.0]
    assert [cable.bytes_per_s for cable in router.cables("proxy", "b")] == [2.0, 3.0]


def test_a_message_takes_the_way_with_the_least_latency(write) -> None:
    write("net.csv", TRIANGLE)
    assert nodes(Router(wire()), "a", "b") == ["hub", "b"]  # 0.1 + 0.1 < 0.5


def test_a_given_route_goes_before_a_shorter_way_in_its_direction(write) -> None:
    write("net.csv", TRIANGLE)
    write("routes.csv", "source,target,via\na,b,\nproxy,b,hub; a\n")
    router = Router(wire("routes.csv"))
    assert nodes(router, "a", "b") == ["b"]
    assert nodes(router, "b", "a") == ["hub", "a"]
    assert nodes(router, "proxy", "b") == ["hub", "a", "b"]


def test_the_shipped_example_joins_the_partners_of_the_listed_scenario() -> None:
    topology = Links(file="example_links.csv", routes_file="example_routes.csv")
    router = Router(topology.wire(consortium("north", "east", "south", "west")))
    assert nodes(router, "north", "west") == ["capital", "coast", "west"]
    # 1 + 8 + 2 = 11 ms over the exchanges and 12 ms over the link between the two, which the file
    # of routes gives.
    assert nodes(router, "north", "south") == ["south"]
    assert nodes(router, "south", "north") == ["north"]
    shortest = Router(
        Links(file="example_links.csv", routes_file=None).wire(
            consortium("north", "east", "south", "west")
        )
    )
    assert nodes(shortest, "north", "south") == ["capital", "coast", "south"]


def test_a_file_of_ones_own_goes_before_a_shipped_one(write) -> None:
    write("example_links.csv", HEAD + "a,proxy,1,0,0,\nb,proxy,1,0,0,\n")
    topology = Links(file="example_links.csv", routes_file=None)
    assert len(topology.wire(consortium("a", "b")).cables) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source,target,bytes_per_s\n", "net.csv, line 1: the columns must be .*latency_sim_s"),
        ("", "net.csv, line 1: .* got none"),
        (HEAD.replace("duplex", "source"), "line 1: the columns .* jitter_sim_s, source; correct"),
        (HEAD.replace("jitter_sim_s", "jitter"), "line 1: .* may be jitter_sim_s, duplex, got"),
        (HEAD + "a,b,fast,0,0,\n", "net.csv, line 2: bytes_per_s must be a number .*got 'fast'"),
        (HEAD + "a,b,1,0,0,\n\na,hub,,0,0,\n", "net.csv, line 4: bytes_per_s must be given"),
        (HEAD + "a,b,0,0,0,\n", "net.csv, line 2: bytes_per_s must be finite and above 0, got 0"),
        (HEAD + "a,b,1,-1,0,\n", "line 2: latency_sim_s must be finite and at least 0, got -1"),
        (HEAD + "a,b,1,nan,0,\n", "line 2: latency_sim_s must be finite"),
        (HEAD + "a,b,1,0,-1,\n", "line 2: jitter_sim_s must be finite and at least 0, got -1"),
        (HEAD + "a,b,1,0,0,maybe\n", "line 2: duplex must be true or false, got 'maybe'"),
        (HEAD + "a,b,1,0\n", "line 2: a line must have as many cells as the first"),
        (HEAD + "a,b,1,0,0,true,7\n", "line 2: a line must have as many cells as the first"),
        (HEAD + ",b,1,0,0,\n", "line 2: source must be given"),
        (HEAD + "a,a,1,0,0,\n", "line 2: a link must join two nodes, got a twice"),
        (HEAD + "a,b,1,0,0,\nb,a,1,0,0,false\n", "line 3: .* listed once, got b to a again"),
        (HEAD + "a,b,1,0,0,\n", "a link to every partner and to proxy, got none to proxy"),
        (HEAD + "a,proxy,1,0,0,\n", "a link to every partner and to proxy, got none to b"),
        (HEAD + "a,proxy,1,0,0,\nb,c,1,0,0,\n", "got no way from b to proxy in net.csv"),
        (HEAD + "a,proxy,1,0,0,\nb,a,1,0,0,false\n", "got no way from proxy to b in net.csv"),
    ],
)
def test_refuses_links_that_make_no_network(write, text: str, message: str) -> None:
    write("net.csv", text)
    with pytest.raises(ValueError, match=message):
        wire()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("proxy,b,a", "routes.csv, line 2: a route must follow links, got proxy to a"),
        ("a,b,hub;a", "routes.csv, line 2: a route must pass no node twice, got a, hub, a, b"),
        ("a,b,\na,b,hub", "routes.csv, line 3: a pair must have one route, got a to b again"),
        ("a,,hub", "routes.csv, line 2: target must be given"),
    ],
)
def test_refuses_routes_that_the_links_do_not_have(write, line: str, message: str) -> None:
    write("net.csv", TRIANGLE)
    write("routes.csv", f"source,target,via\n{line}\n")
    with pytest.raises(ValueError, match=message):
        wire("routes.csv")


def test_a_missing_file_is_named_with_those_that_ship(write) -> None:
    with pytest.raises(ValueError, match=r"topology.file must be .* got 'net.csv'.* example_links"):
        wire()
    write("net.csv", TRIANGLE)
    with pytest.raises(ValueError, match=r"topology.routes_file must be .* got 'none.csv'"):
        wire("none.csv")
