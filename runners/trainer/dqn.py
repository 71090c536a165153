"""Trainer `dqn`: deep Q-learning of the scorer that `agent=dqn` picks partners with; torch trains
it (`runners.agent_training.deep_q`), and runs use it without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runners.agent_training.cases import Case, check_fits
from sim.agent.dqn import ACTIONS
from sim.bounds import at_least, not_negative, positive
from sim.features import PARTNER, WHOLE

if TYPE_CHECKING:
    from runners.agent_training.scorer_session import ScorerSession


@dataclass(frozen=True, kw_only=True)
class Dqn:
    """Learn for `num_steps` picks, of which ε are random: from `epsilon_start` to `epsilon_end`
    within the first `epsilon_fraction` of them.

    At most `num_participants` partners take part in a round, None is all. `discount` is of a
    decision. One that `shuffles` sees partners under each other's numbers, as a lower bound.
    """

    num_steps: int
    num_participants: int | None
    num_hidden: int
    discount: float
    learning_rate: float
    batch_size: int
    replay_size: int
    start_steps: int
    train_every_steps: int
    target_every_updates: int
    epsilon_start: float
    epsilon_end: float
    epsilon_fraction: float
    shuffles: bool

    def __post_init__(self) -> None:
        for name in ("num_steps", "num_hidden", "batch_size", "replay_size", "train_every_steps"):
            at_least(name, getattr(self, name), 1, remedy=f"conf/trainer/dqn.yaml has a {name}")
        at_least("target_every_updates", self.target_every_updates, 1, remedy="try 200")
        at_least("start_steps", self.start_steps, 1, remedy="try trainer.start_steps=1000")
        positive("learning_rate", self.learning_rate, remedy="try trainer.learning_rate=0.001")
        positive("epsilon_fraction", self.epsilon_fraction, remedy="0.5 is half of the training")
        for name in ("epsilon_start", "epsilon_end", "discount"):
            value = getattr(self, name)
            not_negative(name, value, remedy="try a number from 0 to 1")
            if value > 1:
                raise ValueError(f"{name} must be at most 1, got {value}; try a number below 1")
        if self.num_participants is not None:
            at_least("num_participants", self.num_participants, 1, remedy="null is everyone")

    def session(self, cases: Sequence[Case], seed: int) -> "ScorerSession":
        """Begin to train; raises ValueError where a consortium is too small."""
        from runners.agent_training.scorer_session import ScorerSession  # loads torch

        check_fits(self.num_participants, cases)
        return ScorerSession(self, cases, seed)

    def features(self) -> tuple[str, ...]:
        """Return the names of what the policy sees."""
        return (*PARTNER, *WHOLE)

    def actions(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Return the names of what it chooses from."""
        return ACTIONS

    def settings(self) -> dict[str, Any]:
        """Return what else the agent has to know."""
        return {"num_hidden": self.num_hidden, "num_participants": self.num_participants}
