"""Agent `dqn`: picks partners one by one by the scores of a network that was trained by deep
Q-learning beforehand (`python -m runners.train_agent trainer=dqn`; Mnih et al. 2015, with the
double estimate of van Hasselt et al. 2016).

It decides who takes part, and nothing else. The network scores each partner by what a proxy sees of
it and of the others, so a policy serves consortia of any size; it may stop before as many are
picked as are allowed.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import check_consortium
from sim.bounds import at_least
from sim.decision import Decision
from sim.features import PARTNER, WHOLE
from sim.policy_file import Policy, check_same, read_policy
from sim.scorer import Scorer, shapes
from sim.view import View

ACTIONS = ("partner", "stop")


@dataclass(frozen=True, kw_only=True)
class Dqn:
    """Use the `policy` of a file; at most `num_participants` partners take part in a round, None as
    many as it was trained with. One that `shuffles` sees partners under each other's numbers: a
    lower bound, for what beats it has learned something.
    """

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    policy: str | None
    num_participants: int | None
    shuffles: bool

    def __post_init__(self) -> None:
        if self.num_participants is not None:
            at_least(
                "num_participants", self.num_participants, 1, remedy="null is as it was trained"
            )

    def check(self, num_partners: int) -> None:
        """Raise ValueError unless there is a policy, and as many partners as are wanted."""
        self._policy()
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "ScoringDecider":
        """Return who decides in one run."""
        policy = self._policy()
        wanted = self.num_participants or policy.settings["num_participants"]
        return ScoringDecider(Scorer(policy.arrays, rng if self.shuffles else None), wanted)

    def _policy(self) -> Policy:
        policy = read_policy(self.policy, "dqn")
        remedy = "train it again with python -m runners.train_agent trainer=dqn"
        check_same("features", policy.features, (*PARTNER, *WHOLE), remedy)
        check_same("actions", policy.actions, ACTIONS, remedy)
        expected = shapes(len(PARTNER), policy.settings["num_hidden"])
        if {name: array.shape for name, array in policy.arrays.items()} != expected:
            raise ValueError(
                f"agent.policy must have arrays of the shapes {expected}, got "
                f"{ {name: array.shape for name, array in policy.arrays.items()} }; {remedy}"
            )
        return policy


class ScoringDecider:
    """Pick by scores; nothing is learned in the run."""

    def __init__(self, scorer: Scorer, num_participants: int | None) -> None:
        self._scorer = scorer
        self._num_participants = num_participants

    def decide(self, view: View) -> Decision:
        """Return the partners of the highest scores."""
        return self._scorer.decide(view, self._num_participants)
