"""Owns tabular Q-learning: values of pairs of a state and an action, how they are learned, and how
actions are chosen by them.

States are anything that can be a key; actions are numbers from 0. Q(s, a) is the discounted sum of
rewards from s on, if a is taken first (Watkins & Dayan 1992).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Outcomes = Sequence[tuple[float, float, Hashable, bool]]
"""What an action may lead to: probability, reward, next state, whether that ends the episode."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Hold Q-values; `unseen` is the value of a state's actions before they have been tried."""

    num_actions: int
    unseen: float = 0.0
    values: dict[Hashable, Floats] = field(default_factory=dict)

    def of(self, state: Hashable) -> Floats:
        """Return the values of a state's actions, to be read or changed."""
        found = self.values.get(state)
        if found is None:
            found = self.values[state] = np.full(self.num_actions, self.unseen)
        return found


def learn(
    values: Floats,
    action: int,
    reward: float,
    following: Floats | None,
    *,
    learning_rate: float,
    discount: float,
) -> None:
    """Change a state's values: Q(s,a) ← Q(s,a) + α [r + γ max Q(s',a') − Q(s,a)].

    `following` are the values of the next state's possible actions; None at an episode's end.
    """
    best = 0.0 if following is None else float(following.max())
    values[action] += learning_rate * (reward + discount * best - values[action])


def greedy(values: Floats, mask: Mask) -> int:
    """Return the possible action of the highest value, the first of equals."""
    return int(np.where(mask, values, -np.inf).argmax())


def softmax(values: Floats, mask: Mask, temperature: float) -> Floats:
    """Return the probabilities of actions, exp(Q/T) over the sum of the possible ones'."""
    scaled = np.where(mask, values / temperature, -np.inf)
    weights = np.exp(scaled - scaled.max())
    return weights / weights.sum()


def drawn(probabilities: Floats, rng: np.random.Generator) -> int:
    """Return an action drawn by its probability."""
    return int(np.searchsorted(np.cumsum(probabilities), rng.random(), side="right"))


def explore(values: Floats, mask: Mask, epsilon: float, rng: np.random.Generator) -> int:
    """Return a possible action at random with probability ε, and the greedy one otherwise."""
    if rng.random() < epsilon:
        return int(rng.choice(np.flatnonzero(mask)))
    return greedy(values, mask)


def decayed(start: float, end: float, fraction: float) -> float:
    """Return what ε is after a fraction of the training: it falls from start to end, geometrically,
    so that it takes as long from 0.1 to 0.03 as from 0.03 to 0.01.
    """
    return float(start * (end / start) ** min(1.0, fraction))


def value_iteration(
    model: Mapping[Hashable, Sequence[Outcomes]], discount: float, tolerance: float
) -> dict[Hashable, float]:
    """Return the value of each state under the best policy, to within `tolerance` (Bellman 1957).

    `model` has the outcomes of each action in each state that does not end an episode.
    """
    values = dict.fromkeys(model, 0.0)
    while True:
        change = 0.0
        for state, actions in model.items():
            best = max(_expected(outcomes, values.__getitem__, discount) for outcomes in actions)
            change = max(change, abs(best - values[state]))
            values[state] = best
        if change <= tolerance * (1 - discount) if discount < 1 else change <= tolerance:
            return values


def _expected(outcomes: Outcomes, value_of: Callable[[Hashable], float], discount: float) -> float:
    return sum(
        probability * (reward + (0.0 if is_end else discount * value_of(state)))
        for probability, reward, state, is_end in outcomes
    )
