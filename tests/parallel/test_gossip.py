"""Gossip on real ranks: owned models are mixed alike however partners are spread over the ranks."""

from collections.abc import Callable

import pytest

from tests.parallel.conftest import Done

Train = Callable[..., Done]
Runs = dict[tuple[str, int], Done]
ALIKE = ("scenario=uniform", "partition=iid", "task.optimizer=sgd")  # equal shares, no state
SYSTEMS = {
    "ring": ("mode=partner/gossip", "mode.local_steps=10"),
    "complete": ("mode=partner/gossip", "mode.graph=complete", "mode.local_steps=10"),
    "federated": ("mode=proxy/federated", "mode.local_steps=10"),
}


@pytest.fixture(scope="module")
def runs(train: Train) -> Runs:
    """Return all systems on 2, 4 and 1 ranks."""
    return {
        (name, num_ranks): train(*ALIKE, *overrides, f"learner.num_ranks={num_ranks}")
        for num_ranks in (2, 4, 1)
        for name, overrides in SYSTEMS.items()
    }


@pytest.mark.parametrize("num_ranks", [1, 2, 4])
def test_a_complete_graph_is_averaging(runs: Runs, num_ranks: int) -> None:
    """All models are the mean, which is what the proxy's weights make of equal shares: 359 or 360
    of 1,437 samples.
    """
    gossip, federated = runs["complete", num_ranks], runs["federated", num_ranks]
    for column in ("test_loss", "train_loss"):
        assert gossip.curve(column)[1:] == pytest.approx(federated.curve(column)[1:], abs=1e-5)


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_a_ring_is_the_same_on_all_ranks(runs: Runs, num_ranks: int) -> None:
    one, many = runs["ring", 1], runs["ring", num_ranks]
    for column in ("test_loss", "test_accuracy", "train_loss"):
        assert many.curve(column)[1:] == pytest.approx(one.curve(column)[1:], abs=1e-5)


def test_a_ring_is_not_averaging(runs: Runs) -> None:
    ring, complete = runs["ring", 2].curve("test_loss"), runs["complete", 2].curve("test_loss")
    assert ring[0] == complete[0]
    assert ring[1] != pytest.approx(complete[1], abs=1e-4)


def test_it_learns(runs: Runs) -> None:
    accuracies = runs["ring", 2].curve("test_accuracy")
    assert accuracies[-1] > accuracies[0] + 0.05
