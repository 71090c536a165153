"""What protects updates takes time on the virtual clock, and ends a run in time."""

from collections.abc import Callable

import pytest

from sim.mode.proxy.federated import Federated
from sim.protection import Protection
from sim.protocol.server import Server
from tests.sim.conftest import partner
from tests.sim.recording import Recording

SERVER = Server(
    optimizer="sgd", learning_rate=1.0, momentum=0.0, second_momentum=0.0, adaptivity=1.0
)


def federated(**changes: object) -> Federated:
    settings = {
        "local_steps": 2,
        "local_epochs": None,
        "proximal_weight": 0.0,
        "algorithm": "fedavg",
        "server": SERVER,
        "keep_fraction": 1.0,
        "deadline_sim_s": None,
        "heeds_forecast": False,
    }
    return Federated(**(settings | changes))  # type: ignore[arg-type]


def test_a_partner_protects_between_training_and_sending(simulate: Callable) -> None:
    protection = Protection(
        wire_bytes=400, partner_sim_s=3.0, proxy_sim_s=0.5, num_round_trips=2, step_factor=1.5
    )
    _, outcome = simulate(federated(), partner("north", speed=2.0), protection=protection)
    spans = [(kind, start, end) for _, who, kind, start, end, _ in outcome.spans if who == "north"]
    # Latency is 0.5 + 0.25 s each way. Down 0.75 + 400 / 100 = 4.75; two steps of 1.5 s at speed 2;
    # two empty messages to and fro, 4 * 0.75 = 3 s; 3 s of work at speed 2; up 4.75 s.
    kinds = {kind: sum(end - start for k, start, end in spans if k == kind) for kind, *_ in spans}
    assert kinds["compute"] == pytest.approx(1.5)
    assert kinds["protect"] == pytest.approx(3.0 + 1.5)
    order = [kind for kind, *_ in spans]
    assert (
        order.index("compute") < order.index("protect") < len(order) - order[::-1].index("transfer")
    )
    # merging takes 400 / 800 = 0.5 s, and the proxy another 0.5 s for the sum
    assert outcome.rounds[1].end_sim_s == pytest.approx(4.75 + 1.5 + 4.5 + 4.75 + 0.5 + 0.5)
    assert ("proxy", "protect") in {(who, kind) for _, who, kind, *_ in outcome.spans}


def test_a_run_ends_with_the_last_merge_that_is_allowed(simulate: Callable) -> None:
    _, outcome = simulate(
        federated(),
        *(partner("north"), partner("south")),
        num_epochs=100,
        protection=Protection(wire_bytes=400, max_merges=3),
    )
    assert [one.round for one in outcome.rounds] == [0, 1, 2, 3]


def test_the_learner_hears_who_did_not_get_through(simulate: Callable) -> None:
    learner = Recording()
    simulate(
        federated(keep_fraction=0.5),
        *(partner("north"), partner("slow", speed=0.1)),
        learner=learner,
    )
    assert set(map(tuple, learner.dropped)) == {(1,)}
