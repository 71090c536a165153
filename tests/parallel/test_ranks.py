"""Results do not depend on how many ranks there are, nor on how many partners a rank hosts."""

from collections.abc import Callable

import pytest

from tests.parallel.conftest import Done

Train = Callable[..., Done]
Runs = dict[tuple[str, int], Done]
MODES = ["solo", "pool", "partner/allreduce", "proxy/federated"]
SEVEN = ("mode=proxy/federated", "scenario=uniform", "scenario.num_partners=7", "partition=iid")


@pytest.fixture(scope="module")
def runs(train: Train) -> Runs:
    """Return every mode, and seven partners, on 2, 4 and 1 ranks."""
    done = {}
    for num_ranks in (2, 4, 1):
        for mode in MODES:
            done[mode, num_ranks] = train(f"mode={mode}", f"learner.num_ranks={num_ranks}")
        done["seven", num_ranks] = train(*SEVEN, f"learner.num_ranks={num_ranks}")
    return done


@pytest.mark.parametrize("num_ranks", [2, 4])
@pytest.mark.parametrize("name", [*MODES, "seven"])
def test_one_two_and_four_ranks_agree(runs: Runs, name: str, num_ranks: int) -> None:
    one, many = runs[name, 1], runs[name, num_ranks]
    assert many.record["wall"]["num_ranks"] == num_ranks
    trace = (many.folder / "trace.parquet").read_bytes()
    assert trace == (one.folder / "trace.parquet").read_bytes()
    for column in ("test_accuracy", "test_loss", "train_loss"):
        assert many.curve(column)[1:] == pytest.approx(one.curve(column)[1:], abs=1e-5)
    for figure, value in one.record["metrics"]["overall"].items():
        assert many.record["metrics"]["overall"][figure] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize("name", [*MODES, "seven"])
def test_all_of_them_learn(runs: Runs, name: str) -> None:
    accuracies = runs[name, 2].curve("test_accuracy")
    assert accuracies[-1] > accuracies[0] + 0.05


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_on_one_partner_is_solo(train: Train, mode: str) -> None:
    alone = (
        "scenario=uniform",
        "scenario.num_partners=1",
        "learner.num_ranks=1",
        "budget.num_evaluations=1",
    )
    solo, other = (
        train(*alone, f"mode={one}", *local)
        for one, local in [("solo", ()), (mode, one_round(mode))]
    )
    assert other.curve("test_loss") == pytest.approx(solo.curve("test_loss"), abs=1e-6)


def one_round(mode: str) -> tuple[str, ...]:
    """Return what makes a federated run as long as two epochs of 1,437 samples in batches of 32: 90
    steps.
    """
    return ("mode.local_steps=90",) if mode == "proxy/federated" else ()
