"""Parameter servers on real ranks: synchronous steps are allreduce's, stale ones still learn."""

from collections.abc import Callable

import pytest

from tests.parallel.conftest import Done

Train = Callable[..., Done]
Runs = dict[str, Done]
SERVER = "mode=partner/parameter_server"
ALONE = ("scenario=uniform", "scenario.num_partners=1", "budget.num_evaluations=1")


@pytest.fixture(scope="module")
def runs(train: Train) -> Runs:
    """Return all systems on two ranks, then what is compared with them on one."""
    free, one_rank = "mode.consistency=asynchronous", "learner.num_ranks=1"
    return {
        "synchronous": train(SERVER),
        "allreduce": train("mode=partner/allreduce"),
        "asynchronous": train(SERVER, free),
        "stale": train(SERVER, "mode.consistency=stale", "mode.staleness_bound=0"),
        "asynchronous on one rank": train(SERVER, free, one_rank),
        "asynchronous alone": train(SERVER, free, *ALONE, one_rank),
        "solo": train("mode=solo", *ALONE, one_rank),
    }


def test_synchronous_is_allreduce(runs: Runs) -> None:
    for column in ("test_loss", "train_loss"):
        server, allreduce = (runs[name].curve(column) for name in ("synchronous", "allreduce"))
        assert server[1:] == pytest.approx(allreduce[1:], abs=1e-5)


def test_alone_nothing_is_stale(runs: Runs) -> None:
    """A worker that is its own server always has the newest weights."""
    server, solo = runs["asynchronous alone"], runs["solo"]
    assert server.curve("test_loss") == pytest.approx(solo.curve("test_loss"), abs=1e-5)


@pytest.mark.parametrize("name", ["asynchronous", "stale"])
def test_stale_gradients_learn(runs: Runs, name: str) -> None:
    accuracies = runs[name].curve("test_accuracy")
    assert accuracies[-1] > accuracies[0] + 0.05


def test_one_and_two_ranks_agree(runs: Runs) -> None:
    one, two = runs["asynchronous on one rank"], runs["asynchronous"]
    for column in ("test_loss", "train_loss"):
        assert two.curve(column)[1:] == pytest.approx(one.curve(column)[1:], abs=1e-5)


def test_a_bound_changes_what_is_learned(runs: Runs) -> None:
    """What a worker knew when it computed its gradient matters, so the curves must differ."""
    free, bounded = runs["asynchronous"].curve("test_loss"), runs["stale"].curve("test_loss")
    assert free[0] == bounded[0]
    assert free[-1] != pytest.approx(bounded[-1], abs=1e-4)
