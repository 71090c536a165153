"""Results do not depend on how many ranks there are, nor on how many partners a rank hosts."""

import pytest

from tests.parallel.conftest import System
from tests.parallel.systems import SYSTEMS

COLUMNS = ("test_loss", "test_accuracy", "train_loss")


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("num_ranks", [1, 4, 2])
def test_it_runs_to_its_end(system: System, name: str, num_ranks: int) -> None:
    """Trains all on 1, then on 4, then on 2 ranks, so that few fleets start."""
    done = system(name, num_ranks)
    assert done.record["status"] == "finished"
    assert done.record["wall"]["num_ranks"] == num_ranks
    budget_samples = 2 * 1437  # two epochs of the digits' training set
    assert done.curve("num_samples")[-1] >= budget_samples - 4 * 32


@pytest.mark.parametrize("name", SYSTEMS)
def test_it_learns(system: System, name: str) -> None:
    """All get better on the test set but those that know a few labels only."""
    losses = system(name, 2).curve("test_loss")
    if name != "solo":
        assert losses[-1] < losses[0] - 0.05


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("num_ranks", [2, 4])
def test_ranks_agree(system: System, name: str, num_ranks: int) -> None:
    one, many = system(name, 1), system(name, num_ranks)
    assert many.file("trace.parquet") == one.file("trace.parquet")
    for column in COLUMNS:
        ours, theirs = many.curve(column), one.curve(column)
        assert ours == pytest.approx(theirs, abs=1e-5, nan_ok=True), column
    for figure, value in one.record["metrics"]["overall"].items():
        assert many.record["metrics"]["overall"][figure] == pytest.approx(value, abs=1e-5)
