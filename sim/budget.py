"""Owns how long a run trains, how often it is evaluated, the accuracy it is asked to reach, and
what may end it sooner.

The budget is counted in training samples, so that every mode does the same amount of learning.
"""

import itertools
from dataclasses import dataclass

from sim.bounds import at_least, positive


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Hold a run's length in passes over the consortium's training data, and its target.

    It ends sooner with `stops_at_target` when the target is reached, and when the held-out loss has
    not fallen for `patience_evaluations`; None has endless patience (`sim.early_stop`). So it does
    after a round with which `max_sim_s`, `max_bytes` or `max_cost_usd` are spent; None is no limit.
    """

    num_epochs: float
    num_evaluations: int
    target_accuracy: float
    stops_at_target: bool
    patience_evaluations: int | None
    max_sim_s: float | None
    max_bytes: float | None
    max_cost_usd: float | None

    def __post_init__(self) -> None:
        positive("num_epochs", self.num_epochs, remedy="try budget.num_epochs=3")
        at_least("num_evaluations", self.num_evaluations, 1, remedy="try budget.num_evaluations=10")
        if not 0 < self.target_accuracy <= 1:
            raise ValueError(
                f"target_accuracy must be above 0 and at most 1, got {self.target_accuracy}; "
                "try budget.target_accuracy=0.9 for 90 percent"
            )
        if self.patience_evaluations is not None:
            at_least(
                "patience_evaluations",
                self.patience_evaluations,
                1,
                remedy="null spends the whole budget",
            )

        for name in ("max_sim_s", "max_bytes", "max_cost_usd"):
            limit = getattr(self, name)
            if limit is not None:
                positive(name, limit, remedy="null is no limit")

    def num_steps(self, num_samples: int, batch_size: int) -> int:
        """Return the steps of one trainer that passes `num_epochs` times over `num_samples`
        samples.
        """
        return max(1, round(self.num_epochs * num_samples / batch_size))

    def split_steps(self, num_steps: int) -> list[int]:
        """Return the steps between evaluations; as even as whole steps allow, and none is empty."""
        num_parts = min(self.num_evaluations, num_steps)
        ends = [num_steps * part // num_parts for part in range(num_parts + 1)]
        return [end - start for start, end in itertools.pairwise(ends)]
