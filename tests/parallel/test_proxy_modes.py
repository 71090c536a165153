"""What proxy modes learn, on two real ranks: settings that make a difference.

Equalities between modes are in `test_equalities`.
"""

import pytest

from tests.parallel.conftest import Train

STEPS = "mode.local_steps=3"


def test_one_region_is_federated_averaging(train: Train) -> None:
    """Two rounds of the only region are two rounds of federated averaging."""
    overrides = ("budget.num_evaluations=1", "budget.num_epochs=1", STEPS)
    federated = train("mode=proxy/federated", *overrides)
    num_rounds = int(federated.rounds["round"].iloc[-1])
    regional = train(
        "mode=proxy/hierarchical",
        "mode.num_regions=1",
        f"mode.regional_rounds={num_rounds}",
        *overrides,
    )
    for column in ("test_loss", "test_accuracy", "num_samples"):
        assert regional.curve(column) == pytest.approx(federated.curve(column), abs=1e-5)


def test_regions_drift_apart(train: Train) -> None:
    """With more regional rounds, regions take further steps from models of their own."""
    overrides = ("mode=proxy/hierarchical", STEPS, "budget.num_evaluations=1")
    often, seldom = (train(*overrides, f"mode.regional_rounds={number}") for number in (1, 4))
    assert often.curve("test_loss")[-1] != pytest.approx(seldom.curve("test_loss")[-1], abs=1e-3)
    assert seldom.curve("test_accuracy")[-1] > seldom.curve("test_accuracy")[0] + 0.05


def test_stale_updates_start_from_the_model_that_was_sent(train: Train) -> None:
    """All in flight get the first model, so with a buffer of one the first updates are stale; how
    much they weigh makes a difference.
    """
    overrides = ("mode=proxy/fedbuff", STEPS, "mode.buffer_size=1")
    fresh, stale = (train(*overrides, f"mode.staleness_exponent={a}") for a in (0.0, 2.0))
    assert fresh.curve("end_sim_s") == stale.curve("end_sim_s")
    assert fresh.curve("test_loss")[-1] != pytest.approx(stale.curve("test_loss")[-1], abs=1e-3)
    assert fresh.curve("test_accuracy")[-1] > fresh.curve("test_accuracy")[0] + 0.05


def test_the_server_learning_rate_scales_the_step(train: Train) -> None:
    overrides = ("mode=proxy/fedbuff", STEPS)
    whole, nothing = (
        train(*overrides, f"mode.server.learning_rate={rate}") for rate in (1.0, 1e-9)
    )
    losses = nothing.curve("test_loss")
    assert losses == pytest.approx([losses[0]] * len(losses), abs=1e-5)
    assert whole.curve("test_loss")[-1] < losses[0] - 0.05
