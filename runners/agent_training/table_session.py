"""Owns a training of a table by Q-learning, as `runners.trainer` wants it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.agent_training.cases import Case
from runners.agent_training.environment import ChoiceEnvironment
from sim.agent import Decider
from sim.agent.q_learning import TableDecider
from sim.coarse_state import State, coarse_state
from sim.policy_file import Arrays
from sim.streams import stream
from sim.tabular import Table, decayed, explore, learn

if TYPE_CHECKING:
    from runners.trainer.q_learning import QLearning


class TableSession:
    """Learn from one episode after the other."""

    def __init__(self, settings: "QLearning", cases: Sequence[Case], seed: int) -> None:
        self.num_steps = 0
        self._num_episodes = 0
        self._settings, self._seed = settings, seed
        self._env = ChoiceEnvironment(cases, settings.choices, settings.num_participants)
        self._rng = stream(seed, "q_learning")
        self.table = Table(num_actions=len(self._env.names), unseen=settings.unseen)

    @property
    def epsilon(self) -> float:
        """The part of actions that is random by now."""
        settings = self._settings
        fraction = self.num_steps / settings.num_steps
        return decayed(settings.epsilon_start, settings.epsilon_end, fraction)

    def episode(self) -> float:
        """Play and learn from one episode; return the sum of its rewards."""
        seed = int(stream(self._seed, "episode", self._num_episodes).integers(2**31))
        _, info = self._env.reset(seed=seed)
        state, total, is_end = self._state(), 0.0, False
        while not is_end:
            values = self.table.of(state)
            action = explore(values, info["action_mask"] > 0, self.epsilon, self._rng)
            _, reward, is_end, _, info = self._env.step(action)
            following = None
            if not is_end:
                state = self._state()
                following = self.table.of(state)[info["action_mask"] > 0]
            learn(
                values,
                action,
                reward,
                following,
                learning_rate=self._settings.learning_rate,
                discount=self._settings.discount,
            )
            self.num_steps, total = self.num_steps + 1, total + reward
        self._num_episodes += 1
        return total

    def decider(self) -> Decider:
        """Return who decides as has been learned so far."""
        return TableDecider(self.table, self._settings.settings(), None, self._rng)

    def arrays(self) -> Arrays:
        """Return states, of shape (num_states, numbers of each), and their actions' values."""
        known: Any = sorted(self.table.values)
        values = [self.table.values[state] for state in known]
        return {"states": np.array(known, dtype=np.int64), "values": np.array(values)}

    def state(self) -> dict[str, Any]:
        """Return all that goes on from one episode to the next."""
        return {
            "num_steps": self.num_steps,
            "num_episodes": self._num_episodes,
            "values": dict(self.table.values),
            "rng": self._rng.bit_generator.state,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was."""
        self.num_steps, self._num_episodes = state["num_steps"], state["num_episodes"]
        self.table.values.clear()
        self.table.values.update(state["values"])
        self._rng.bit_generator.state = state["rng"]

    def _state(self) -> State:
        episode = self._env.episode
        assert episode is not None and episode.view is not None
        settings = self._settings
        return coarse_state(
            settings.choices,
            episode.view,
            num_progress_bins=settings.num_progress_bins,
            max_age_rounds=settings.max_age_rounds,
        )
