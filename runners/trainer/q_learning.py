"""Trainer `q_learning`: the table of values that `agent=q_learning` looks its choices up in, by the
equations of `sim.tabular`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runners.agent_training.cases import Case, check_fits
from sim.bounds import at_least, not_negative, one_of, positive
from sim.choices import KINDS, choice_names

if TYPE_CHECKING:
    from runners.agent_training.table_session import TableSession


@dataclass(frozen=True, kw_only=True)
class QLearning:
    """Learn for `num_steps` decisions; `choices` are `subsets` of few partners, or `orders`, with
    at most `num_participants` in a round; None is as many as there are.

    A state has the budget spent in `num_progress_bins` parts and, with subsets, rounds since each
    partner's last merge up to `max_age_rounds`. `unseen` is what is thought of what was never
    tried: the higher, the sooner all is tried.
    """

    num_steps: int
    choices: str
    num_participants: int | None
    num_progress_bins: int
    max_age_rounds: int
    learning_rate: float
    discount: float
    epsilon_start: float
    epsilon_end: float
    unseen: float

    def __post_init__(self) -> None:
        at_least("num_steps", self.num_steps, 1, remedy="try trainer.num_steps=10000")
        one_of("choices", self.choices, KINDS)
        if self.num_participants is not None:
            at_least("num_participants", self.num_participants, 1, remedy="null is everyone")
        at_least("num_progress_bins", self.num_progress_bins, 1, remedy="1 leaves progress out")
        at_least("max_age_rounds", self.max_age_rounds, 0, remedy="0 leaves ages out")
        positive("learning_rate", self.learning_rate, remedy="try trainer.learning_rate=0.1")
        not_negative("discount", self.discount, remedy="try trainer.discount=0.9")
        for name in ("epsilon_start", "epsilon_end"):
            positive(name, getattr(self, name), remedy="try 0.1 at the start, 0.01 at the end")
        for name in ("learning_rate", "discount", "epsilon_start", "epsilon_end"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} must be at most 1, got {getattr(self, name)}; try 0.1")

    def session(self, cases: Sequence[Case], seed: int) -> "TableSession":
        """Begin to train; raises ValueError where there are too many subsets."""
        from runners.agent_training.table_session import TableSession  # loads gymnasium

        check_fits(self.num_participants, cases)
        return TableSession(self, cases, seed)

    def features(self) -> tuple[str, ...]:
        """Return the names of what the policy sees."""
        if self.choices == "orders":
            return ("progress", "loss_spread", "duration_spread")
        return ("progress", "available", "ages")

    def actions(self, cases: Sequence[Case]) -> tuple[str, ...]:
        """Return the names of what it chooses from."""
        return choice_names(self.choices, cases[0].num_partners, self.num_participants)

    def settings(self) -> dict[str, Any]:
        """Return what else the agent has to know."""
        return {
            "choices": self.choices,
            "num_participants": self.num_participants,
            "num_progress_bins": self.num_progress_bins,
            "max_age_rounds": self.max_age_rounds,
            "unseen": self.unseen,
        }
