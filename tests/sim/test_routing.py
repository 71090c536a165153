"""Ways are the shortest, and never depend on chance."""

import subprocess
import sys
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.routing import Router
from sim.topology import Cable, Wiring, at

NODES = "abcdef"


def cable(source: str, target: str, latency_sim_s: float) -> Cable:
    return Cable(
        source=source,
        target=target,
        bytes_per_s=1.0,
        latency_sim_s=latency_sim_s,
        jitter_sim_s=0.0,
    )


def wiring(latencies: dict[tuple[str, str], float], **routes: tuple[str, ...]) -> Wiring:
    """Return cables with these latencies, and at each node a machine with its name."""
    return Wiring(
        ports={node: at(node) for node in NODES},
        cables=tuple(cable(*pair, latency_sim_s) for pair, latency_sim_s in latencies.items()),
        sites=(),
        routes={(pair[0], pair[1]): nodes for pair, nodes in routes.items()},
    )


def nodes(router: Router, source: str, target: str) -> str:
    """Return a way's nodes, the first included."""
    return source + "".join(one.target for one in router.cables(source, target))


def words(*ways: str, latency_sim_s: float = 0.0) -> dict[tuple[str, str], float]:
    """Return the cables along ways such as `abc`, all with one latency."""
    return {hop: latency_sim_s for way in ways for hop in pairwise(way)}


def test_less_latency_goes_before_fewer_hops() -> None:
    # 0.1 + 0.1 + 0.1 < 0.4
    router = Router(wiring(words("abcd", latency_sim_s=0.1) | {("a", "d"): 0.4}))
    assert nodes(router, "a", "d") == "abcd"


def test_fewer_hops_go_before_smaller_names() -> None:
    router = Router(wiring(words("abd", latency_sim_s=0.1) | {("a", "d"): 0.2}))
    assert nodes(router, "a", "d") == "ad"


def test_smaller_names_break_ties_from_the_start_on() -> None:
    router = Router(wiring(words("acef", "adbf")))
    assert nodes(router, "a", "f") == "acef"


def test_rounding_does_not_hide_a_tie() -> None:
    # 0.017 s is 17000000000.000002 ps as a float; 17 + 17 ms are yet no longer than 1 + 33 ms.
    latencies = {("a", "b"): 0.017, ("b", "d"): 0.017, ("a", "c"): 0.001, ("c", "d"): 0.033}
    assert nodes(Router(wiring(latencies)), "a", "d") == "abd"


def test_directions_are_apart() -> None:
    router = Router(wiring(words("abc", "cda")))
    assert nodes(router, "a", "c") == "abc"
    assert nodes(router, "c", "a") == "cda"


def test_a_given_route_goes_first() -> None:
    router = Router(wiring(words("ac", "abc"), ac=("a", "b", "c")))
    assert nodes(router, "a", "c") == "abc"


def test_a_way_is_found_once_per_pair_of_nodes() -> None:
    router = Router(wiring(words("abc")))
    router.plug("server", like="c")
    assert router.cables("a", "server") is router.cables("a", "c")


def test_a_plugged_machine_is_where_the_other_one_is() -> None:
    router = Router(wiring(words("ab")))
    router.plug("server", like="b")
    assert router.cables("b", "server") == ()
    assert nodes(router, "a", "server") == "ab"
    with pytest.raises(ValueError, match="a name of its own, got 'server' again"):
        router.plug("server", like="a")


@pytest.mark.parametrize("target", ["c", "d"])
def test_no_way_is_an_error_that_names_both_ends(target: str) -> None:
    router = Router(wiring(words("ab", "ca")))  # c has a cable, but none into it; d has none
    with pytest.raises(ValueError, match=f"none from a .at a. to {target} .at {target}."):
        router.cables("a", target)


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)).filter(lambda p: p[0] != p[1]),
        st.sampled_from([0.0, 0.1, 0.2, 0.3]),
        min_size=1,
    )
)
def test_every_way_is_the_first_of_all_ways(latencies: dict[tuple[str, str], float]) -> None:
    router = Router(wiring(latencies))
    for source, target in permutations(NODES, 2):
        ways = all_ways(latencies, source, target)
        if ways:
            assert nodes(router, source, target) == min(ways)[2]
        else:
            with pytest.raises(ValueError, match="got none from"):
                router.cables(source, target)


def all_ways(
    latencies: dict[tuple[str, str], float], source: str, target: str
) -> list[tuple[int, int, str]]:
    """Return latency in tenths of a second, hops and nodes of all ways without a loop."""
    between = [node for node in NODES if node not in (source, target)]
    ways = []
    for num_between in range(len(between) + 1):
        for inner in permutations(between, num_between):
            hops = list(pairwise((source, *inner, target)))
            if all(hop in latencies for hop in hops):
                tenths = sum(round(latencies[hop] * 10) for hop in hops)
                ways.append((tenths, len(hops), "".join((source, *inner, target))))
    return ways


def test_a_star_needs_no_graph() -> None:
    code = (
        "import sys\n"
        "from sim.routing import Router\n"
        "from sim.topology.star import Star\n"
        "from tests.sim.topology.consortia import numbered\n"
        "for bytes_per_s in (None, 1.0):\n"
        "    router = Router(Star(backbone_bytes_per_s=bytes_per_s).wire(numbered(2)))\n"
        "    print(len(router.cables('p0', 'p1')), 'networkx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0 False", "1 False"]
