"""Owns what a partner does with its own data between two merges: how many batches, by which rule.

Steps are counted in batches, epochs in passes over the partner's own data.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.bounds import at_least, not_negative, positive
from sim.learner import LocalRule, Model, Work
from sim.partner import Member
from sim.workload import Workload

if TYPE_CHECKING:
    from sim.world import World


@dataclass(frozen=True, kw_only=True)
class LocalTraining:
    """Hold the settings that modes with local training share.

    Either `local_steps` is given, which all partners take, or `local_epochs`, of which more data
    make more steps. `proximal_weight` is FedProx's μ (Li et al. 2020), 0 is none.
    """

    local_steps: int | None
    local_epochs: float | None
    proximal_weight: float

    def __post_init__(self) -> None:
        if self.local_steps is not None:
            at_least("local_steps", self.local_steps, 1, remedy="try mode.local_steps=20")
        if self.local_epochs is not None:
            positive("local_epochs", self.local_epochs, remedy="try mode.local_epochs=1")
        if self.local_steps is None and self.local_epochs is None:
            raise ValueError(
                "local_steps must be a number where local_epochs is null, got None; "
                "try mode.local_steps=20"
            )
        if self.local_steps is not None and self.local_epochs is not None:
            raise ValueError(
                f"local_steps must be null where local_epochs is given, got {self.local_steps}; "
                "try mode.local_steps=null"
            )
        not_negative(
            "proximal_weight", self.proximal_weight, remedy="0 is none, try 0.001, 0.01, 0.1 or 1"
        )

    @cached_property
    def rule(self) -> LocalRule:
        """Return how the local steps differ from plain ones."""
        return LocalRule(proximal_weight=self.proximal_weight)

    @property
    def round_deadline_sim_s(self) -> float | None:
        """When a round ends at the latest, from its start on; None where that is not set."""
        return None

    def num_steps(self, workload: Workload, partner: int) -> int:
        """Return the batches that a partner takes: `local_steps`, or E n_k / B for E epochs, n_k
        samples held and batches of B (McMahan et al. 2017, section 2), rounded up.
        """
        if self.local_epochs is None:
            assert self.local_steps is not None
            return self.local_steps
        num_batches = self.local_epochs * workload.num_samples[partner] / workload.batch_size
        return max(1, math.ceil(round(num_batches, 6)))  # 1.1 * 100 / 10 is 11.000000000000002

    def all_num_steps(self, workload: Workload) -> npt.NDArray[np.int64]:
        """Return the batches that each partner takes."""
        partners = range(len(workload.num_samples))
        return np.array([self.num_steps(workload, one) for one in partners], dtype=np.int64)

    def work(
        self,
        world: "World",
        member: Member,
        start: Model,
        num_steps: int | None,
        compression: int = 0,
    ) -> Work:
        """Return a partner's work on its own data, from `start` on; None takes the usual steps. Its
        update is sent at a level of `compression`.
        """
        return Work(
            partner=member.index,
            start=start,
            num_steps=num_steps or self.num_steps(world.workload, member.index),
            data_of=(member.index,),
            rule=self.rule,
            compression=compression,
        )
