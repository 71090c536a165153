"""Every cohort gets the engine that is made for it, and the record says why."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from runners.data import Samples
from runners.learner.cohort import Job
from runners.learner.engine.fused import Fused
from runners.learner.engine.loop import Loop
from runners.learner.engine.low_rank import LowRank
from runners.learner.engine.vmap import Vmap
from runners.learner.engines import Engines, forward_flops
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.optimizer import Optimizer, State
from runners.optimizer.adam import Adam
from runners.optimizer.sgd import Sgd

CPU = torch.device("cpu")
PLAIN = Sgd(learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)
ADAM = Adam(learning_rate=0.1, beta_1=0.9, beta_2=0.99, epsilon=1e-8, weight_decay=0.0, l1=0.0)


def engines(
    *layers: nn.Module,
    inputs: tuple[int, ...] = (8,),
    optimizer: Optimizer = PLAIN,
    device: torch.device = CPU,
) -> Engines:
    """Return the engines of a model on data of zeros."""
    zeros, labels = np.zeros((4, *inputs), np.float32), np.zeros(4, np.int64)
    samples = Samples(train=zeros, test=zeros, train_targets=labels, test_targets=labels)
    model = FlatModel(nn.Sequential(*layers), "cross_entropy", device, tail=0)
    return Engines(model, RankData(samples, device), optimizer)


def dense(optimizer: Optimizer = PLAIN) -> Engines:
    """Return those of a network whose widest update has rank 6."""
    return engines(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3), optimizer=optimizer)


def convolution(channels: int, device: torch.device = CPU) -> Engines:
    """Return those of a convolution of 3 × 3 on 10 × 10, to 8 × 8, and a linear layer to 2."""
    layers = nn.Conv2d(1, channels, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64 * channels, 2)
    return engines(*layers, inputs=(1, 10, 10), device=device)


def jobs(
    num_steps: Sequence[int],
    *,
    batch_size: int = 2,
    num_starts: int = 1,
    drift: torch.Tensor | None = None,
) -> list[Job]:
    starts = [torch.zeros(81) for _ in range(num_starts)]
    return [
        Job(
            start=starts[number % num_starts],
            samples=np.zeros((steps, batch_size), np.int64),
            state=State(),
            drift=drift,
        )
        for number, steps in enumerate(num_steps)
    ]


def test_few_rows_of_history_are_for_low_rank() -> None:
    chosen = dense()
    assert isinstance(chosen.choose(jobs([3] * 4)), LowRank)  # 3 × 2 = 6 rows, 6 units
    assert chosen.used == ("low_rank: dense layers; 6 rows of history <= 6 units",)


def test_more_rows_than_units_are_for_fused() -> None:
    chosen = dense()
    assert isinstance(chosen.choose(jobs([4] * 4)), Fused)
    assert chosen.used == ("fused: dense layers; 8 rows of history > 6 units",)


def test_long_jobs_count_as_often_as_they_have_samples() -> None:
    # Rows 2, 2, 2 and 10: (3 · 2² + 10²) / (3 · 2 + 10) = 112 / 16 = 7 > 6, though their mean is 4;
    # 2, 2, 2, 2 and 8: (4 · 2² + 8²) / (4 · 2 + 8) = 80 / 16 = 5.
    assert isinstance(dense().choose(jobs([1, 1, 1, 5])), Fused)
    assert isinstance(dense().choose(jobs([1, 1, 1, 1, 4])), LowRank)


def test_few_jobs_of_a_start_share_too_little() -> None:
    chosen = dense()
    assert isinstance(chosen.choose(jobs([1])), Fused)
    assert isinstance(chosen.choose(jobs([1] * 7, num_starts=2)), Fused)
    assert isinstance(chosen.choose(jobs([1] * 8, num_starts=2)), LowRank)
    assert chosen.used[0] == "fused: dense layers; 1 jobs from 1 starts"


def test_what_low_rank_cannot_do_is_for_fused() -> None:
    assert isinstance(dense(ADAM).choose(jobs([1] * 4)), Fused)
    assert isinstance(dense().choose(jobs([1] * 4, drift=torch.zeros(81))), Fused)


def test_light_steps_are_for_vmap_and_heavy_ones_for_the_loop() -> None:
    # A sample's forward pass has 2 (8² · 9 c + 64 c · 2) = 1408 c FLOPs, a training step of 10
    # samples 3 · 10 times as many: 42,240 c.
    light, heavy = convolution(channels=10), convolution(channels=3000)
    assert isinstance(light.choose(jobs([1] * 4, batch_size=10)), Vmap)
    assert light.used == ("vmap: 4.2e+05 FLOPs a step < 1.0e+08",)
    assert isinstance(heavy.choose(jobs([1] * 4, batch_size=10)), Loop)
    assert heavy.used == ("loop: 1.3e+08 FLOPs a step >= 1.0e+08",)


def test_few_jobs_are_for_the_loop() -> None:
    chosen = convolution(channels=10)
    assert isinstance(chosen.choose(jobs([1] * 3)), Loop)
    assert chosen.used == ("loop: few jobs, 3",)


def test_recurrent_layers_are_for_the_loop() -> None:
    chosen = engines(nn.LSTM(8, 4), inputs=(5, 8))
    assert isinstance(chosen.choose(jobs([1] * 4)), Loop)
    assert chosen.used == ("loop: recurrent layers have fast kernels for one model only",)


def test_flops_are_counted_without_computing() -> None:
    # Attention weights of 5 tokens: q kᵀ of 2 · 5 · 5 · 8, after two linear layers of 8 to 8 of
    # 2 · 5 · 8 · 8 each.
    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.queries, self.keys = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            return self.queries(tokens) @ self.keys(tokens).mT

    assert forward_flops(Scores(), torch.zeros(1, 5, 8)) == 400 + 2 * 640


def test_a_gpu_gets_many_partners_at_once() -> None:
    chosen = convolution(channels=3000, device=torch.device("meta"))
    assert isinstance(chosen.choose(jobs([1] * 4, batch_size=10)), Vmap)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(6), nn.Dropout(0.5)])
def test_samples_that_are_not_independent_are_for_the_loop(layer: nn.Module) -> None:
    chosen = engines(nn.Linear(8, 6), layer, nn.Linear(6, 3))
    assert isinstance(chosen.choose(jobs([1] * 4)), Loop)


def test_engines_are_kept_and_noted_once() -> None:
    chosen = dense()
    assert chosen.choose(jobs([1] * 4)) is chosen.choose(jobs([2] * 4))
    assert len(chosen.used) == 1
    chosen.choose(jobs([9] * 4))
    assert [text.split(":")[0] for text in chosen.used] == ["low_rank", "fused"]


def test_no_jobs_need_no_reason() -> None:
    chosen = dense()
    assert list(chosen.choose([]).train([], [])) == []
    assert chosen.used == ()
