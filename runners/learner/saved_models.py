"""Owns a run's trained models on disk, model.pt.

The file has a list of models, by tensor names as torch has them: one where all share it, one for
each partner where partners keep their own. More than `MAX_MODELS` are not saved.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from runners.learner.horovod import Ranks
from runners.learner.rank_learner import RankLearner
from runners.learner.version import version_of
from runners.record import write_atomically
from sim.learner import Model

NAME = "model.pt"
MAX_MODELS = 16


def save_models(folder: Path, ranks: Ranks, learner: RankLearner, models: Sequence[Model]) -> None:
    """Write the models that all ranks together keep; all ranks must call it."""
    if len(models) > MAX_MODELS:
        return
    kept = {
        number: version.weights().cpu()
        for number, version in enumerate(map(version_of, models))
        if version.vector is not None
    }
    everyone: dict[int, torch.Tensor] = {}
    for part in [kept] if ranks.size == 1 else ranks.gather(kept, "models"):
        everyone |= part
    if ranks.rank == 0:
        model = learner.training.model
        states = [model.named(everyone[number]) for number in range(len(models))]
        write_atomically(folder / NAME, lambda path: torch.save(states, path))
