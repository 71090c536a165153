"""Owns the choice of engine: which does a cohort's jobs fastest, by model, optimizer and shapes.

The choice reads no clock, so it is the same whenever a run is repeated. Thresholds were measured on
one core of a 2-core server (AVX-512).
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from runners.example_rule import ExampleRule
from runners.learner.cohort import Engine, Job
from runners.learner.engine.dense import DenseLayers, dense_layers
from runners.learner.engine.fused import Fused
from runners.learner.engine.loop import Loop
from runners.learner.engine.low_rank import LowRank
from runners.learner.engine.private import Private
from runners.learner.engine.vmap import Vmap
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.optimizer import Optimizer

ENOUGH_JOBS = 4
"""From so many on it pays to share products with a start (784-200-200-10, 6 steps of 10: 20 ms
against 30 for 4 jobs, 10 against 11 for 2), and to map one step over jobs (0.9 ms a step against
1.6 for 16 jobs of a small text model, 5.3 against 1.8 for one).
"""
BUSY_FLOPS = 1e8
"""From so many a step on, batching gains nothing on a core: grouped convolutions take 4.7 ms
against 5.6 at 6e7 (16 and 32 channels), and 11.5 against 9.7 at 2e8 (32 and 64).
"""


class Engines:
    """Keep the engines of one model, and choose among them."""

    def __init__(
        self,
        model: FlatModel,
        data: RankData,
        optimizer: Optimizer,
        rule: ExampleRule | None = None,
    ) -> None:
        self._model = model
        self._data = data
        self._private = None if rule is None else Private(model, data, optimizer, rule)
        self._loop = Loop(model, data, optimizer)
        self._vmap = Vmap(model, data, optimizer) if model.is_sample_wise else None
        self._dense = dense_layers(model)
        if self._dense is not None:
            self._fused = Fused(self._dense, data, optimizer)
            self._low_rank = LowRank(self._dense, data, optimizer)
        self._sample_flops: float | None = None
        self._reasons: dict[str, str] = {}

    @property
    def used(self) -> tuple[str, ...]:
        """Return the engines chosen so far, each with the first reason."""
        return tuple(f"{name}: {reason}" for name, reason in self._reasons.items())

    def choose(self, jobs: Sequence[Job]) -> Engine:
        """Return the engine for these jobs."""
        if not jobs:
            return self._loop
        engine, reason = self._choice(jobs)
        self._reasons.setdefault(type(engine).__module__.rpartition(".")[2], reason)
        return engine

    def _choice(self, jobs: Sequence[Job]) -> tuple[Engine, str]:
        if self._private is not None:
            return self._private, f"example-level privacy, clipped by {self._private.way(jobs[0])}"
        if self._vmap is None:
            return self._loop, "batch norm or dropout joins the samples of a batch"
        if self._dense is not None:
            return self._dense_choice(self._dense, jobs)
        if any(isinstance(layer, nn.RNNBase) for layer in self._model.module.modules()):
            return self._loop, "recurrent layers have fast kernels for one model only"
        if len(jobs) < ENOUGH_JOBS:
            return self._loop, f"few jobs, {len(jobs)}"
        if self._data.device.type != "cpu":
            return self._vmap, "many jobs keep a GPU busy"
        flops = self._flops_per_sample() * max(job.samples.shape[1] for job in jobs)
        if flops < BUSY_FLOPS:
            return self._vmap, f"{flops:.1e} FLOPs a step < {BUSY_FLOPS:.1e}"
        return self._loop, f"{flops:.1e} FLOPs a step >= {BUSY_FLOPS:.1e}"

    def _dense_choice(self, dense: DenseLayers, jobs: Sequence[Job]) -> tuple[Engine, str]:
        rows, units = rows_of_history(jobs), width(dense)
        num_starts = len({job.start.data_ptr() for job in jobs})
        if not self._low_rank.can_do(jobs):
            return self._fused, "dense layers; optimizer, drift or state is not for low_rank"
        if len(jobs) < ENOUGH_JOBS * num_starts:
            return self._fused, f"dense layers; {len(jobs)} jobs from {num_starts} starts"
        if rows > units:
            return self._fused, f"dense layers; {rows:.0f} rows of history > {units} units"
        return self._low_rank, f"dense layers; {rows:.0f} rows of history <= {units} units"

    def _flops_per_sample(self) -> float:
        """Return the FLOPs of a forward and backward pass, three times those of a forward pass."""
        if self._sample_flops is None:
            inputs, _ = self._data.batch(np.zeros(1, dtype=np.int64))
            self._sample_flops = 3.0 * forward_flops(self._model.module, inputs)
        return self._sample_flops


def forward_flops(module: nn.Module, inputs: torch.Tensor) -> float:
    """Return the FLOPs of a forward pass, traced on the device `meta` and so without computing."""
    traced, counter = copy.deepcopy(module).to("meta"), FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        traced(inputs.to("meta"))
    return float(counter.get_total_flops())


def rows_of_history(jobs: Sequence[Job]) -> float:
    """Return the samples that a job passes through all its steps; the mean over samples, since each
    meets as many rows as its job has.
    """
    rows = [job.samples.size for job in jobs]
    return sum(size * size for size in rows) / max(1, sum(rows))


def width(dense: DenseLayers) -> int:
    """Return the highest rank that an update of a layer's weights can have."""
    return max(min(layer.num_inputs, layer.num_outputs) for layer in dense.layers)
