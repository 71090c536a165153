import pandas as pd

from runners.report.palette import KIND_COLOURS
from runners.report.timeline import MAX_ACTORS, MAX_MACHINES, _first_actors
from sim.trace import KINDS


def test_every_kind_has_a_colour_of_its_own():
    assert tuple(KIND_COLOURS) == KINDS
    assert len(set(KIND_COLOURS.values())) == len(KINDS)


def test_machines_come_last_and_leave_room_for_partners():
    machines = [("proxy-0", "merge"), ("server-0", "merge")]
    partners = [(f"p{number}", kind) for number in range(20) for kind in ("compute", "merge")]
    spans = pd.DataFrame([*machines, *partners], columns=["actor", "kind"])
    actors = _first_actors(spans)
    assert actors == [f"p{number}" for number in range(MAX_ACTORS - 2)] + ["proxy-0", "server-0"]


def test_many_machines_are_not_all_shown():
    spans = pd.DataFrame(
        [("p0", "compute"), *((f"server-{number}", "merge") for number in range(9))],
        columns=["actor", "kind"],
    )
    assert _first_actors(spans) == ["p0", *(f"server-{number}" for number in range(MAX_MACHINES))]


def test_a_background_stands_below_its_partner_or_with_the_machines():
    spans = pd.DataFrame(
        [
            ("proxy/background", "transfer"),
            ("p1/background", "transfer"),
            ("p0", "compute"),
            ("p1", "compute"),
            ("proxy.0", "merge"),
        ],
        columns=["actor", "kind"],
    )
    assert _first_actors(spans) == ["p0", "p1", "p1/background", "proxy/background", "proxy.0"]
