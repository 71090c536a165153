"""Every task learns something real on every kind of data it ships with."""

import pytest

from tests.parallel.conftest import Train


@pytest.mark.parametrize(
    ("task", "overrides", "at_least"),
    [
        ("digits_mlp", ("partition=iid", "budget.num_epochs=10"), 0.93),
        ("mnist_mlp", ("partition=iid", "budget.num_epochs=0.5"), 0.88),
        ("spam_cnn", ("partition=natural", "budget.num_epochs=1"), 0.85),
    ],
)
def test_pool_learns_the_task(
    train: Train, task: str, overrides: tuple[str, ...], at_least: float
) -> None:
    done = train(f"task={task}", "mode=pool", *overrides)
    overall = done.record["metrics"]["overall"]
    assert overall["accuracy"] >= at_least
    assert done.curve("test_accuracy")[-1] == pytest.approx(overall["accuracy"])
    assert done.curve("test_loss")[-1] == pytest.approx(overall["loss"], rel=1e-4)
    assert all(0 <= overall[figure] <= 1 for figure in ("macro_recall", "macro_f1", "roc_auc"))


def test_solo_is_the_floor_under_label_skew(train: Train) -> None:
    """Partners that know few labels can't tell the others."""
    skewed = ("partition=shards", "budget.num_epochs=10")
    solo, pool = (
        train(f"mode={mode}", *skewed).record["metrics"]["overall"]["accuracy"]
        for mode in ("solo", "pool")
    )
    assert solo < 0.6 < 0.9 < pool


def test_metrics_per_partner_are_each_ones_own(train: Train) -> None:
    record = train("mode=solo", "partition=shards", "budget.num_epochs=10").record
    partners = record["metrics"]["partners"]
    assert list(partners) == ["north", "east", "south", "west"]
    own = [partner["accuracy"] for partner in partners.values()]
    assert min(own) > 0.85  # on its own slice each is good, though overall they are poor
