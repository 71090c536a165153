"""Local SGD and DiLoCo on real ranks: which runs must be one and the same, and what can't be
trained.
"""

from collections.abc import Callable

import pytest

from runners.launch import RankFailure
from tests.parallel.conftest import Done

Train = Callable[..., Done]

DILOCO = ("mode=partner/diloco", "mode.inner_steps=5")


def test_local_sgd_with_one_step_and_sgd_is_allreduce(train: Train) -> None:
    local = train("mode=partner/local_sgd", "mode.inner_steps=1", "task.optimizer=sgd")
    allreduce = train("mode=partner/allreduce", "task.optimizer=sgd")
    for column in ("test_loss", "test_accuracy"):
        assert local.curve(column) == pytest.approx(allreduce.curve(column), abs=1e-5)


def test_diloco_with_rate_1_and_no_momentum_is_local_sgd(train: Train) -> None:
    plain = train(*DILOCO, "mode.outer_learning_rate=1.0", "mode.outer_momentum=0.0")
    local = train("mode=partner/local_sgd", "mode.inner_steps=5")
    for column in ("test_loss", "test_accuracy", "train_loss", "end_sim_s"):
        assert plain.curve(column)[1:] == local.curve(column)[1:]


def test_momentum_goes_on_from_round_to_round(train: Train) -> None:
    without = train(*DILOCO, "mode.outer_momentum=0.0").curve("test_loss")
    momentum = train(*DILOCO).curve("test_loss")
    assert momentum[0] == without[0]
    assert all(ours != other for ours, other in zip(momentum[1:], without[1:], strict=True))
    assert momentum[-1] < momentum[0]


def test_one_and_two_ranks_agree(train: Train) -> None:
    one, two = (train(*DILOCO, f"learner.num_ranks={number}") for number in (1, 2))
    for column in ("test_loss", "test_accuracy", "train_loss"):
        assert two.curve(column)[1:] == pytest.approx(one.curve(column)[1:], abs=1e-5)
    assert (two.folder / "trace.parquet").read_bytes() == (
        one.folder / "trace.parquet"
    ).read_bytes()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("mode.num_fragments=2", "can't train fragments"),
        ("mode.overlap_steps=2", "can't train fragments, or go on while a sum is under way"),
        ("mode.wire_bytes_per_parameter=0.5", r"can't round updates to 0\.5 bytes"),
    ],
)
def test_refuses_what_can_only_be_simulated(train: Train, override: str, message: str) -> None:
    with pytest.raises(RankFailure, match=message):
        train(*DILOCO, override)
