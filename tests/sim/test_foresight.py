"""What is foreseen comes so, and looking changes nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from runners.build import assemble, build
from sim.decision import Decision
from sim.foresight import Foresight
from sim.learner.none import TimeOnly
from sim.trace import Round
from sim.view import View
from sim.world import World
from tests.runners.compose import compose

SETTINGS = (
    *("learner=none", "task=sized", "partition=iid", "mode=proxy/federated", "mode.local_steps=3"),
    *("scenario=lognormal", "scenario.num_partners=6", "task.num_samples=2400"),
    *("budget.num_epochs=4", "variability=lognormal", "variability.sigma=0.5", "privacy=secagg"),
)
COMING_AND_GOING = (
    *(
        "availability=markov",
        "availability.mean_up_sim_s=60.0",
        "availability.mean_down_sim_s=20.0",
    ),
)


def world(*settings: str) -> World:
    setting, _ = assemble(build(compose(*SETTINGS, *settings)))
    made = World(setting, TimeOnly(), lambda fraction: None, asks_outside=True)
    made.start()
    return made


def played(running: World, look: Callable[[View], object]) -> list[Round]:
    """Let everybody who is there take part in every round."""
    while (view := running.next_question()) is not None:
        look(view)
        running.answer(Decision(partners=view.available))
    return running.end().rounds


def test_partners_are_up_until_then() -> None:
    running = world(*COMING_AND_GOING)
    foresight = Foresight(running)
    view = running.next_question()
    assert view is not None
    num_ends = 0
    for _ in range(40):
        until_sim_s = foresight.up_until_sim_s(running.env.now)
        is_up = [member.is_up for member in running.members]
        assert (until_sim_s > running.env.now).tolist() == is_up
        ends = np.where(is_up, until_sim_s, np.inf)
        first = int(ends.argmin())
        if ends[first] > running.env.now + 10.0:  # time enough for some to come back
            running.env.run(until=running.env.now + 10.0)
            continue
        running.env.run(until=ends[first] - 1e-9)
        assert running.members[first].is_up
        running.env.run(until=ends[first] + 1e-9)
        assert not running.members[first].is_up
        num_ends += 1
    assert num_ends > 10


def test_a_partner_takes_as_long_as_foreseen() -> None:
    """Each alone, so that it shares no line; the proxy then merges, and opens the sum."""
    running = world()
    protection, proxy = running.setting.protection, running.setting.consortium.proxy
    merge_sim_s = running.wire_bytes * running.setting.merge_passes / proxy.merge_bytes_per_s
    foresight, view, found = Foresight(running), running.next_question(), []
    while view is not None:
        partner = np.array([view.round % 6])
        took_sim_s = [float(foresight.took_sim_s(view, partner)[0]) for _ in range(2)]
        found.append(took_sim_s[0])
        assert took_sim_s[0] == took_sim_s[1]
        running.answer(Decision(partners=tuple(partner.tolist())))
        view = running.next_question()
        end_sim_s = running.trace.rounds[-1].end_sim_s
        since_sim_s = end_sim_s - running.trace.rounds[-2].end_sim_s
        assert since_sim_s == pytest.approx(found[-1] + merge_sim_s + protection.proxy_sim_s)
    assert len(set(found)) == len(found) > 12


def test_looking_changes_nothing() -> None:
    """Steps, outages and all else come as without it."""
    blind = played(world(*COMING_AND_GOING), lambda view: None)
    running = world(*COMING_AND_GOING)
    foresight = Foresight(running)

    def look(view: View) -> None:
        foresight.up_until_sim_s(view.now_sim_s + 1000.0 * (view.round == 3))
        foresight.took_sim_s(view, np.arange(6))

    assert played(running, look) == blind
    assert sum(row.num_dropped for row in blind) > 0


def test_lines_are_looked_at_anew_where_one_has_changed() -> None:
    running = world()
    foresight, view = Foresight(running), running.next_question()
    assert view is not None
    before = foresight.took_sim_s(view, np.arange(6))
    running.outages.set_bandwidth(running.members[2].uplink, 1000.0)
    after = foresight.took_sim_s(view, np.arange(6))
    slower = after - before
    assert (slower > 0).tolist() == [False, False, True, False, False, False]
    running.outages.cut(running.members[2].uplink)
    assert np.isinf(foresight.took_sim_s(view, np.arange(6))).tolist() == (slower > 0).tolist()
