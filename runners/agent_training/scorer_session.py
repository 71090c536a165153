"""Owns a training of the scorer by deep Q-learning, as `runners.trainer` wants it."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import torch

from runners.agent_training.cases import Case
from runners.agent_training.deep_q import DeepQ, Rates
from runners.agent_training.environment import PickEnvironment
from runners.agent_training.network import ScorerNetwork
from sim.agent import Decider
from sim.agent.dqn import ScoringDecider
from sim.policy_file import Arrays
from sim.scorer import Scorer
from sim.streams import stream

if TYPE_CHECKING:
    from runners.trainer.dqn import Dqn


class ScorerSession:
    """Learn from one episode after the other."""

    def __init__(self, settings: "Dqn", cases: Sequence[Case], seed: int) -> None:
        torch.set_num_threads(1)  # the network is small, and sums must not depend on the machine
        wanted, shuffles = settings.num_participants, settings.shuffles
        env = PickEnvironment(cases, wanted, shuffles=shuffles)
        generator = torch.Generator().manual_seed(int(stream(seed, "network").integers(2**31)))
        self._network = ScorerNetwork(settings.num_hidden, generator)
        self._rates = Rates(**{one.name: getattr(settings, one.name) for one in fields(Rates)})
        self._deep_q = DeepQ(env, self._network, self._rates, seed)
        self._settings, self._seed = settings, seed

    @property
    def num_steps(self) -> int:
        """Picks so far."""
        return self._deep_q.num_steps

    @property
    def epsilon(self) -> float:
        """The part of picks that is random by now."""
        return self._rates.epsilon(self.num_steps)

    def episode(self) -> float:
        """Play and learn from one episode; return the sum of its rewards."""
        return self._deep_q.episode()

    def decider(self) -> Decider:
        """Return who decides as has been learned so far."""
        shuffles = stream(self._seed, "shuffles") if self._settings.shuffles else None
        return ScoringDecider(Scorer(self.arrays(), shuffles), self._settings.num_participants)

    def arrays(self) -> Arrays:
        """Return the network's weights."""
        return self._network.arrays()

    def state(self) -> dict[str, Any]:
        """Return all that goes on from one episode to the next."""
        return self._deep_q.state()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was."""
        self._deep_q.restore(state)
