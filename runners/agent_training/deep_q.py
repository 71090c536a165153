"""Owns deep Q-learning: a network learns what an action is worth from a memory of what happened.

Replay and target network as Mnih et al. 2015; the next action is chosen by the network and valued
by the target network (double Q, van Hasselt et al. 2016), among those that are possible. Works on
any environment of gymnasium whose `info` has an `action_mask` and `is_decided`, with any network
that takes the parts of an observation. Lengths are in environment steps.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from runners.agent_training.replay import Parts, Replay
from sim.streams import stream


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Hold how fast is learned; the defaults are in conf/trainer/dqn.yaml."""

    num_steps: int
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

    def epsilon(self, num_steps: int) -> float:
        """Return the part of actions that are random by now: it falls evenly, and then stays."""
        fraction = min(1.0, num_steps / (self.epsilon_fraction * self.num_steps))
        return self.epsilon_start + fraction * (self.epsilon_end - self.epsilon_start)


class DeepQ:
    """Train a network on an environment, an episode at a time."""

    def __init__(
        self, env: gymnasium.Env[Any, Any], network: nn.Module, rates: Rates, seed: int
    ) -> None:
        self.num_steps = 0
        self.num_episodes = 0
        self.network = network
        self._env = env
        self._rates = rates
        self._seed = seed
        self._rng = stream(seed, "deep_q")
        self._target = copy.deepcopy(network)
        self._optimizer = torch.optim.Adam(network.parameters(), lr=rates.learning_rate)
        self._num_updates = 0
        example, info = self._reset()
        self._replay = Replay(rates.replay_size, example, len(info["action_mask"]))

    def episode(self) -> float:
        """Play and learn from one episode; return the sum of its rewards."""
        seen, info = self._reset()
        total, is_end = 0.0, False
        waiting: list[tuple[Parts, int]] = []
        while not is_end:
            action = self._act(seen, info["action_mask"])
            waiting.append((seen, action))
            found, reward, is_end, _, info = self._env.step(np.int64(action))
            seen, total = parts(found), total + float(reward)
            if info["is_decided"]:
                for one, taken in waiting:
                    mask = info["action_mask"]
                    self._replay.add(one, taken, float(reward), seen, mask, is_end=is_end)
                waiting = []
            self.num_steps += 1
            self._maybe_learn()
        self.num_episodes += 1
        return total

    def _reset(self) -> tuple[Parts, dict[str, Any]]:
        seed = int(stream(self._seed, "episode", self.num_episodes).integers(2**31))
        seen, info = self._env.reset(seed=seed)
        return parts(seen), info

    def _act(self, seen: Parts, mask: npt.NDArray[Any]) -> int:
        is_random = self.num_steps < self._rates.start_steps
        if is_random or self._rng.random() < self._rates.epsilon(self.num_steps):
            return int(self._rng.choice(np.flatnonzero(mask)))
        return best_action(self.network, seen, mask)

    def _maybe_learn(self) -> None:
        rates = self._rates
        is_due = self.num_steps % rates.train_every_steps == 0
        if not is_due or self.num_steps < rates.start_steps or not self._replay.size:
            return
        self._learn()
        self._num_updates += 1
        if self._num_updates % rates.target_every_updates == 0:
            self._target.load_state_dict(self.network.state_dict())

    def _learn(self) -> None:
        batch = self._replay.draw(self._rates.batch_size, self._rng)
        following = [torch.from_numpy(one) for one in batch.following]
        with torch.no_grad():
            forbidden = ~torch.from_numpy(batch.masks)
            chosen = self.network(*following).masked_fill(forbidden, -torch.inf).argmax(1)
            values = self._target(*following).gather(1, chosen.unsqueeze(1)).squeeze(1)
            goes_on = torch.from_numpy(~batch.are_ends).float()
            aims = torch.from_numpy(batch.rewards) + self._rates.discount * goes_on * values
        found = self.network(*[torch.from_numpy(one) for one in batch.seen])
        taken = found.gather(1, torch.from_numpy(batch.actions).unsqueeze(1)).squeeze(1)
        self._optimizer.zero_grad()
        nn.functional.smooth_l1_loss(taken, aims).backward()
        self._optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return all that goes on from one episode to the next, for a checkpoint."""
        return {
            "num_steps": self.num_steps,
            "num_episodes": self.num_episodes,
            "num_updates": self._num_updates,
            "network": self.network.state_dict(),
            "target": self._target.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "replay": self._replay.state(),
            "rng": self._rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.num_steps, self.num_episodes = state["num_steps"], state["num_episodes"]
        self._num_updates = state["num_updates"]
        self.network.load_state_dict(state["network"])
        self._target.load_state_dict(state["target"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._replay.restore(state["replay"])
        self._rng.bit_generator.state = state["rng"]


def parts(seen: Any) -> Parts:
    """Return an observation's arrays, those of a dictionary in its own order."""
    return tuple(seen.values()) if isinstance(seen, dict) else (seen,)


def best_action(network: Callable[..., torch.Tensor], seen: Parts, mask: npt.NDArray[Any]) -> int:
    """Return the possible action of the highest value."""
    with torch.no_grad():
        values = network(*[torch.from_numpy(one).unsqueeze(0) for one in seen])[0].numpy()
    return int(np.where(mask, values, -np.inf).argmax())
