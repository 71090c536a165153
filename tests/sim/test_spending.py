"""Budgets of time, bytes and money end a run after the round that spends them.

One partner and a proxy: a round is 2 s of compute, and 800 bytes. Fetching 400 bytes takes
4 + 0.75 s, and so does sending, and merging 0.5 s: 12 s a round. By the tariff of `conftest.py` a
second of the partner costs 1 cent, of the proxy 0.1 cent, and 800 bytes 8 cents: 21.2 cents a
round.
"""

from collections.abc import Callable
from typing import Any

import pytest

from runners.tables import rounds_table, virtual_summary
from sim.ledger import NoProgress
from sim.mode.pool import Pool
from sim.mode.proxy.federated import Federated
from sim.outcome import Outcome
from sim.protocol.server import Server
from sim.world import World
from tests.sim.conftest import TARIFF, partner

Simulate = Callable[..., tuple[World, Outcome]]


def federated() -> Federated:
    return Federated(
        local_steps=2,
        local_epochs=None,
        proximal_weight=0.0,
        algorithm="fedavg",
        server=Server(
            optimizer="sgd",
            learning_rate=1.0,
            momentum=0.0,
            second_momentum=0.0,
            adaptivity=0.001,
        ),
        keep_fraction=1.0,
        deadline_sim_s=None,
        heeds_forecast=False,
    )


@pytest.mark.parametrize(
    ("limit", "num_rounds", "reason"),
    [
        ({}, 10, "budget"),
        ({"max_sim_s": 23.9}, 2, "time"),
        ({"max_sim_s": 24.1}, 3, "time"),
        ({"max_bytes": 1600.0}, 2, "bytes"),
        ({"max_bytes": 1601.0}, 3, "bytes"),
        ({"max_cost_usd": 0.423}, 2, "cost"),
        ({"max_cost_usd": 0.425}, 3, "cost"),
        ({"max_sim_s": 119.0}, 10, "budget"),
    ],
)
def test_what_is_spent_ends_the_run(
    simulate: Simulate, limit: dict[str, Any], num_rounds: int, reason: str
) -> None:
    _, outcome = simulate(federated(), partner("north"), num_epochs=10, **limit)
    assert len(outcome.rounds) - 1 == num_rounds
    assert outcome.ended_by == reason
    assert outcome.rounds[-1].end_sim_s == pytest.approx(12.0 * num_rounds)


def test_what_is_spent_is_what_the_record_says(simulate: Simulate) -> None:
    world, outcome = simulate(federated(), partner("north"), partner("east", speed=0.5))
    rounds = rounds_table(outcome)
    summary = virtual_summary(outcome, rounds, num_partners=2, target_accuracy=0.9, tariff=TARIFF)
    assert world.spending.cost_usd == pytest.approx(summary["cost_usd"])


def test_the_end_is_evaluated(simulate: Simulate) -> None:
    from tests.sim.conftest import Counting

    _, outcome = simulate(
        federated(), partner("north"), num_epochs=10, max_sim_s=13.0, learner=Counting()
    )
    assert [one.evaluation is not None for one in outcome.rounds] == [True, False, True]


def test_what_is_spent_before_the_first_round_is_an_error(simulate: Simulate) -> None:
    """160 bytes of samples move before there is a round."""
    words = r"the budget's bytes was spent before anything was learned; try a larger budget.max_byt"
    with pytest.raises(NoProgress, match=words):
        simulate(Pool(), partner("north"), partner("east"), max_bytes=50.0)
