"""Agent `q_learning`: takes one of a few choices by a table of values that was learned beforehand
(`python -m runners.train_agent trainer=q_learning`).

It decides who takes part, and nothing else. What it sees is a coarse state (`sim.coarse_state`); in
a state that it has never met all choices are worth the same, and it takes the first.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from sim.agent.choosing import check_consortium, check_number
from sim.bounds import one_of, positive
from sim.choices import choice_names, choices
from sim.coarse_state import coarse_state
from sim.decision import Decision
from sim.policy_file import Policy, check_same, read_policy
from sim.tabular import Floats, Table, drawn, greedy, softmax
from sim.view import View

SELECTIONS = ("greedy", "softmax")


@dataclass(frozen=True, kw_only=True)
class QLearning:
    """Use the `policy` of a file; `selection` takes the best choice, or draws one by
    softmax(Q/T) with T the `temperature`, in the unit of the rewards.

    At most `num_participants` partners take part in a round, None as many as it was learned with;
    one that was learned without a number has none.
    """

    actions: ClassVar[frozenset[str]] = frozenset()
    needs_losses: ClassVar[bool] = True

    policy: str | None
    num_participants: int | None
    selection: str
    temperature: float

    def __post_init__(self) -> None:
        if self.num_participants is not None:
            check_number(self.num_participants)
        one_of("selection", self.selection, SELECTIONS)
        positive("temperature", self.temperature, remedy="the lower, the more often the best one")

    def check(self, num_partners: int) -> None:
        """Raise ValueError unless there is a policy that was learned for such a consortium and, if
        partners are limited, with a limit.
        """
        policy = read_policy(self.policy, "q_learning")
        number = self._number(policy)
        check_consortium(number, num_partners)
        names = choice_names(policy.settings["choices"], num_partners, number)
        remedy = "train one with the same scenario.num_partners, and trainer.num_participants"
        check_same("choices", policy.actions, names, remedy)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "TableDecider":
        """Return who decides in one run."""
        self.check(num_partners)
        temperature = self.temperature if self.selection == "softmax" else None
        policy = read_policy(self.policy, "q_learning")
        settings = {**policy.settings, "num_participants": self._number(policy)}
        return TableDecider(table_of(policy), settings, temperature, rng)

    def _number(self, policy: Policy) -> int | None:
        learned_with: int | None = policy.settings.get("num_participants")
        return self.num_participants or learned_with


class TableDecider:
    """Look values up."""

    def __init__(
        self,
        table: Table,
        settings: Mapping[str, Any],
        temperature: float | None,
        rng: np.random.Generator,
    ) -> None:
        self._table = table
        self._kind: str = settings["choices"]
        self._num_participants: int | None = settings["num_participants"]
        self._num_progress_bins: int = settings["num_progress_bins"]
        self._max_age_rounds: int = settings["max_age_rounds"]
        self._temperature = temperature
        self._rng = rng

    def decide(self, view: View) -> Decision:
        """Return the choice of the highest value, or one drawn by the values."""
        state = coarse_state(
            self._kind,
            view,
            num_progress_bins=self._num_progress_bins,
            max_age_rounds=self._max_age_rounds,
        )
        possible = choices(self._kind, view, self._num_participants)
        mask = np.array([one is not None for one in possible])
        values = self._table.of(state)
        if self._temperature is None:
            number = greedy(values, mask)
        else:
            number = drawn(softmax(values, mask, self._temperature), self._rng)
        partners = possible[number]
        assert partners is not None, "what the mask forbids is not chosen"
        return Decision(partners=partners)


def table_of(policy: Policy) -> Table:
    """Return the table that a policy holds."""
    states, values = policy.arrays["states"].tolist(), policy.arrays["values"]
    known: dict[Hashable, Floats] = {
        tuple(state): row.copy() for state, row in zip(states, values, strict=True)
    }
    return Table(num_actions=len(policy.actions), unseen=policy.settings["unseen"], values=known)
