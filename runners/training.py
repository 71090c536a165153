"""Owns what a run does with any task's training: learning-rate schedule, augmentation, what to
start from, and which fold is held out. Root key `training` of a config.
"""

import math
from dataclasses import dataclass

from sim.bounds import at_least, one_of

SCHEDULES = ("constant", "linear", "cosine", "step")
AUGMENTATIONS = ("none", "shift", "flip")


@dataclass(frozen=True, kw_only=True)
class Training:
    """Hold the recipe around a task.

    `schedule` is what the learning rate does over the budget's samples after `warmup_fraction` of
    them, in which it rises linearly: it falls to `final_rate_fraction` of itself, and with `step`
    in two steps at half and three quarters. `start_from` names a model.pt that a run has saved. Of
    `num_folds` parts of the training set, `held_out_fold` takes the place of the test set.
    """

    schedule: str
    warmup_fraction: float
    final_rate_fraction: float
    augmentation: str
    start_from: str | None
    num_folds: int | None
    held_out_fold: int

    def __post_init__(self) -> None:
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("augmentation", self.augmentation, AUGMENTATIONS)
        for name in ("warmup_fraction", "final_rate_fraction"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be between 0 and 1, got {getattr(self, name)}; try 0.1"
                )
        if self.num_folds is None:
            if self.held_out_fold:
                raise ValueError(
                    f"held_out_fold must be 0 without folds, got {self.held_out_fold}; "
                    "try training.num_folds=5"
                )
            return
        at_least("num_folds", self.num_folds, 2, remedy="try training.num_folds=5")
        if not 0 <= self.held_out_fold < self.num_folds:
            raise ValueError(
                f"held_out_fold must be at least 0 and below the {self.num_folds} folds, got "
                f"{self.held_out_fold}; sweep training.held_out_fold=0,1,… to use them all"
            )

    def rate_factor(self, fraction: float) -> float:
        """Return what the learning rate is multiplied by when `fraction` of the budget is spent."""
        if fraction < self.warmup_fraction:
            return fraction / self.warmup_fraction
        left = 1 - self.warmup_fraction
        progress = min(1.0, (fraction - self.warmup_fraction) / left) if left else 1.0
        return self.final_rate_fraction + (1 - self.final_rate_fraction) * self._height(progress)

    def _height(self, progress: float) -> float:
        """Return how far above its end the rate is, 1 to 0."""
        if self.schedule == "linear":
            return 1 - progress
        if self.schedule == "cosine":
            return (1 + math.cos(math.pi * progress)) / 2
        if self.schedule == "step":
            return 1.0 if progress < 0.5 else (0.1 if progress < 0.75 else 0.01)
        return 1.0
