"""A step in stages leaves, summed over the ranks, what the whole step leaves."""

import numpy as np
import pytest
import torch

from runners.data.digits import Digits
from runners.learner.local_training import LocalTraining
from runners.learner.pipeline import StagedGradient
from runners.learner.rank_data import RankData
from runners.model.mlp import Mlp
from runners.optimizer.sgd import Sgd
from runners.partition import Assignment
from runners.task.supervised import Supervised
from runners.training import Training
from sim.learner import Stages, Work
from sim.learner.none import Version
from tests.runners.learner.ranks_in_threads import ThreadRank, on_ranks

CPU = torch.device("cpu")
WEIGHTS = (0.5, 0.3, 0.2)
STAGES = Stages(tensors=(range(2), range(2, 6)), num_micro_batches=3)


def training(*, batch_norm: bool = False, dropout: float = 0.0) -> LocalTraining:
    """Return what a rank has: three partners with 20 samples each, batches of 4."""
    task = Supervised(
        name="small",
        data=Digits(),
        model=Mlp(hidden_units=(7, 5), batch_norm=batch_norm, dropout=dropout),
        loss="cross_entropy",
        batch_size=4,
        optimizer=Sgd(learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0),
    )
    recipe = Training(
        schedule="constant",
        warmup_fraction=0.0,
        final_rate_fraction=0.0,
        augmentation="none",
        start_from=None,
        num_folds=None,
        held_out_fold=0,
    )
    return LocalTraining(
        task=task,
        training=recipe,
        data=RankData(task.samples(), CPU),
        assignment=Assignment(train=tuple(np.arange(60).reshape(3, 20)), test=()),
        seed=0,
    )


def works() -> list[Work]:
    start = Version(version=0)
    return [Work(partner=n, start=start, num_steps=1, data_of=(n,)) for n in range(3)]


def test_the_sum_of_the_stages_is_the_whole_step() -> None:
    whole, ranks = training(), [training(), training()]
    start = whole.model.initial

    def two_steps(rank: ThreadRank) -> list[torch.Tensor]:
        staged = StagedGradient.of(rank, ranks[rank.rank], STAGES)
        assert staged is not None
        buffers = []
        for _ in range(2):  # the second has other samples
            staged.compute(works(), WEIGHTS, start)
            buffers.append(ranks[rank.rank].model.buffer.clone())
        return buffers

    for first, last in zip(*on_ranks(2, two_steps), strict=True):
        whole.average_gradient(works(), WEIGHTS, start)
        expected = whole.model.buffer
        torch.testing.assert_close(first + last, expected, rtol=1e-6, atol=1e-6)
        assert expected[-3:].min() > 0  # the partners' losses


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, 1),
        ({}, 3),
        ({"batch_norm": True}, 2),
        ({"dropout": 0.1}, 2),
    ],
)
def test_what_cannot_be_computed_in_stages_is_left_whole(changes: dict, size: int) -> None:
    on_ranks(size, lambda rank: _expect_none(rank, changes))


def _expect_none(rank: ThreadRank, changes: dict) -> None:
    assert StagedGradient.of(rank, training(**changes), STAGES) is None
