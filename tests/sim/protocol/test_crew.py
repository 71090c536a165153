"""A crew brings everyone up to date before a step; a catch-up of one takes 400 / 100 + 1 s."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sim.presence import Steps
from sim.protocol.crew import Crew
from sim.topology.hierarchical import Hierarchical
from sim.world import World
from tests.sim.breakdowns import breaks
from tests.sim.conftest import partner

PARTNERS = [partner(name) for name in "abcd"]


@dataclass(frozen=True, kw_only=True)
class Assembles:
    """A mode that does `before` to its crew and assembles it; it then says who is there, when."""

    before: Callable[[World, Crew], None]
    log: list[tuple[float, list[str]]]

    def run(self, world: World) -> Steps:
        world.begin([world.learner.initial_model(owner=None)])
        crew = Crew(world)
        self.before(world, crew)
        members = yield from crew.assemble()
        self.log.append((world.env.now, [member.name for member in members]))
        world.end_round((), merged=(), num_participants=0, num_samples=10**6, evaluates=False)


def assembled(simulate, num_partners: int, *current: int, **groups):
    """Return when the crew is there, who is in it and who got how much, if only `current` have the
    newest model at first.
    """
    log: list[tuple[float, list[str]]] = []
    mode = Assembles(
        before=lambda world, crew: crew.advance([world.members[index] for index in current]),
        log=log,
    )
    world, _ = simulate(mode, *PARTNERS[:num_partners], **groups)
    ((now_sim_s, names),) = log
    received = [member.downlink.carried_bytes for member in world.members]
    return pytest.approx(now_sim_s), names, pytest.approx(received)


def test_who_has_the_newest_model_begins_at_once(simulate) -> None:
    assert assembled(simulate, 3, 0, 1, 2) == (0, ["a", "b", "c"], [0, 0, 0])


def test_the_others_get_it_from_the_first_who_has_it(simulate) -> None:
    # two at once share b's uplink: 800 / 100 + 1 s
    assert assembled(simulate, 3, 1) == (9, ["a", "b", "c"], [400, 0, 400])


def test_who_is_down_is_not_waited_for(simulate) -> None:
    fault = breaks(("b", 0.0, 50.0), ("c", 0.0, 50.0))
    # both are down from the first instant on; c has the newest model, but so has a
    assert assembled(simulate, 4, 0, 2, fault=fault) == (5, ["a", "d"], [0, 0, 0, 400])


def test_without_anyone_who_has_it_all_wait(simulate) -> None:
    fault = breaks(("a", 0.0, 10.0))
    assert assembled(simulate, 2, 0, fault=fault) == (15, ["a", "b"], [0, 400])


def test_when_the_source_breaks_down_another_one_takes_its_place(simulate) -> None:
    fault = breaks(("a", 2.0, 50.0))
    # c has 200 bytes from a at 2, and begins again with b
    assert assembled(simulate, 3, 0, 1, fault=fault) == (7, ["b", "c"], [0, 0, 600])


def test_who_breaks_down_while_it_catches_up_is_left_behind(simulate) -> None:
    fault = breaks(("c", 2.0, 50.0))
    assert assembled(simulate, 3, 0, 1, fault=fault) == (2, ["a", "b"], [0, 0, 200])


def test_who_is_back_while_others_catch_up_does_so_too(simulate) -> None:
    fault = breaks(("c", 0.0, 2.0))
    # b until 5, then c until 10
    assert assembled(simulate, 3, 0, fault=fault) == (10, ["a", "b", "c"], [0, 400, 400])


def test_sites_are_numbered_among_those_who_are_there(simulate) -> None:
    seen = []

    def look(world: World, crew: Crew) -> None:
        for present in ((0, 1, 2, 3), (0, 2, 3), (1, 3), (2, 3)):
            seen.append(crew.sites([world.members[index] for index in present]))

    topology = Hierarchical(
        num_sites=2,
        wan_bytes_per_s=50.0,
        wan_latency_sim_s=0.0,
        wan_jitter_sim_s=0.0,
        backbone_bytes_per_s=None,
    )
    simulate(Assembles(before=look, log=[]), *PARTNERS, topology=topology)
    # the sites are (0, 1) and (2, 3)
    assert seen == [((0, 1), (2, 3)), ((0,), (1, 2)), ((0,), (1,)), ((0, 1),)]
