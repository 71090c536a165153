"""Owns the memory of deep Q-learning: what was seen, done and earned, the oldest overwritten.

Observations are tuples of arrays. What follows an action is the next decision's first observation,
so that a reward reaches all picks that led to it at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Parts = Sequence[npt.NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Hold transitions drawn from the memory; the first axis of every array is theirs."""

    seen: Parts
    actions: npt.NDArray[np.int64]
    rewards: npt.NDArray[np.float32]
    following: Parts
    masks: npt.NDArray[np.bool_]
    are_ends: npt.NDArray[np.bool_]


class Replay:
    """Keep the last `capacity` transitions."""

    def __init__(self, capacity: int, example: Parts, num_actions: int) -> None:
        self.size = 0
        self._next = 0
        self._seen = [np.zeros((capacity, *one.shape), np.float32) for one in example]
        self._following = [np.zeros_like(one) for one in self._seen]
        self._actions = np.zeros(capacity, np.int64)
        self._rewards = np.zeros(capacity, np.float32)
        self._masks = np.zeros((capacity, num_actions), np.bool_)
        self._are_ends = np.zeros(capacity, np.bool_)

    def add(
        self,
        seen: Parts,
        action: int,
        reward: float,
        following: Parts,
        mask: npt.NDArray[Any],
        *,
        is_end: bool,
    ) -> None:
        """Keep one transition; `mask` is of the actions that are possible next."""
        at = self._next
        for kept, one in zip(self._seen, seen, strict=True):
            kept[at] = one
        for kept, one in zip(self._following, following, strict=True):
            kept[at] = one
        self._actions[at], self._rewards[at] = action, reward
        self._masks[at], self._are_ends[at] = mask, is_end
        self._next = (at + 1) % len(self._actions)
        self.size = max(self.size, at + 1)

    def draw(self, size: int, rng: np.random.Generator) -> Batch:
        """Return transitions drawn with replacement."""
        at = rng.integers(self.size, size=size)
        return Batch(
            seen=[one[at] for one in self._seen],
            actions=self._actions[at],
            rewards=self._rewards[at],
            following=[one[at] for one in self._following],
            masks=self._masks[at],
            are_ends=self._are_ends[at],
        )

    def state(self) -> dict[str, Any]:
        """Return all that is kept, for a checkpoint."""
        kept = {name: value for name, value in vars(self).items() if name not in _LISTS}
        cut = {name: value[: self.size] for name, value in kept.items() if hasattr(value, "shape")}
        lists = {name: [one[: self.size] for one in vars(self)[name]] for name in _LISTS}
        return {**kept, **cut, **lists}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.size, self._next = state["size"], state["_next"]
        for name in ("_actions", "_rewards", "_masks", "_are_ends"):
            vars(self)[name][: self.size] = state[name]
        for name in _LISTS:
            for kept, one in zip(vars(self)[name], state[name], strict=True):
                kept[: self.size] = one


_LISTS = ("_seen", "_following")
