"""Owns gymnasium environments around a simulation, for any library of reinforcement learning.

`PickEnvironment`: an action names one more partner of the round, or stops; the simulation runs on
to the next decision in the same thread when as many are picked as are wanted, or at a stop. The
observation has a row for each partner, and zeros up to a fixed number of them. `ChoiceEnvironment`:
an action is one of a flat set of choices (`sim.choices`), and every action is a whole decision.

`info["action_mask"]` says which actions are possible, `info["is_decided"]` whether the action made
a decision whole, so that time went on. Libraries without masks may take others: the first possible
one is carried out then. Configs are built once (`cases_of`), not for every episode.
"""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from runners.agent_training.cases import Case
from runners.agent_training.episode import Episode
from sim.choices import choice_names, choices
from sim.decision import Decision
from sim.features import LIMIT, PARTNER, WHOLE, at_start, partner_features, whole_features
from sim.scorer import num_wanted, shuffled

Mask = npt.NDArray[np.int8]
Observation = dict[str, npt.NDArray[np.float32]]
Stepped = tuple[Any, float, bool, bool, dict[str, Any]]

FLAGS = ("can_be_picked", "is_picked")
"""What a row of an observation has beside the features of a partner."""


class PickEnvironment(gymnasium.Env[Observation, np.int64]):
    """Let partners of a round be picked one by one."""

    metadata = {"render_modes": []}  # noqa: RUF012  gymnasium declares it so

    def __init__(
        self, cases: Sequence[Case], num_participants: int | None, *, shuffles: bool = False
    ) -> None:
        """Each reset draws a case; rounds have at most `num_participants` partners. An environment
        that `shuffles` shows features as if they were of other partners: nothing can be learned.
        """
        self.max_partners = max(case.num_partners for case in cases)
        rows = (self.max_partners, len(PARTNER) + len(FLAGS))
        self.observation_space: spaces.Space[Any] = spaces.Dict(
            {
                "partners": spaces.Box(-LIMIT, LIMIT, rows, np.float32),
                "whole": spaces.Box(-LIMIT, LIMIT, (len(WHOLE),), np.float32),
            }
        )
        self.action_space = spaces.Discrete(self.max_partners + 1)
        self.episode: Episode | None = None
        self._cases = cases
        self._num_participants = num_participants
        self._shuffles = shuffles

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; the same seed gives the same one."""
        super().reset(seed=seed)
        self.episode = _drawn(self._cases, self.np_random)
        self._is_decided = True
        self._look()
        return self._observation(), self._info()

    def step(self, action: np.int64 | int) -> Stepped:
        """Pick a partner, or stop; the reward comes with the round."""
        assert self.episode is not None, "reset comes first"
        number = int(action) if self._mask[action] else int(self._mask.argmax())
        reward = 0.0
        self._is_decided = False
        if number < self.max_partners:
            self._picked.append(number)
            self._mask[number] = 0
            self._mask[-1] = self._view.num_wanted is None
            self._partners[number, -2:] = (0, 1)
        if number == self.max_partners or len(self._picked) == self._num_wanted:
            reward = self.episode.decide(Decision(partners=tuple(sorted(self._picked))))
            self._is_decided = True
            self._look()
        is_end = self.episode.view is None
        return self._observation(), reward, is_end, False, self._info()

    def _look(self) -> None:
        """Take in a new decision's view; at the end the last one stays."""
        assert self.episode is not None
        self._picked: list[int] = []
        view = self.episode.view
        if view is not None:
            self._view = view
            self._start = at_start(view)
            self._features = partner_features(view)
            if self._shuffles:
                self._features = shuffled(self._features, view.available, self.np_random)
            self._num_wanted = num_wanted(view, self._num_participants)
        self._mask = np.zeros(self.max_partners + 1, dtype=np.int8)
        self._mask[list(self._view.available)] = 1
        num_partners = len(self._features)
        self._partners = np.zeros((self.max_partners, len(PARTNER) + len(FLAGS)), dtype=np.float32)
        self._partners[:num_partners, : len(PARTNER)] = self._features
        self._partners[:, -2] = self._mask[:-1]

    def _observation(self) -> Observation:
        whole = whole_features(self._start, self._features, self._picked, self._num_wanted)
        return {"partners": self._partners.copy(), "whole": whole.astype(np.float32)}

    def _info(self) -> dict[str, Any]:
        told = {"action_mask": self._mask.copy(), "is_decided": self._is_decided}
        return told | _told(self.episode)


class ChoiceEnvironment(gymnasium.Env[npt.NDArray[np.float32], np.int64]):
    """Let one of a flat set of choices be taken for each round."""

    metadata = {"render_modes": []}  # noqa: RUF012  gymnasium declares it so

    def __init__(
        self, cases: Sequence[Case], kind: str, num_participants: int | None = None
    ) -> None:
        """All cases must have the same number of partners where choices are `subsets`; rounds have
        at most `num_participants`.
        """
        num_partners = cases[0].num_partners
        self.names = choice_names(kind, num_partners, num_participants)
        self._num_participants = num_participants
        size = num_partners * len(PARTNER) + len(WHOLE)
        self.observation_space = spaces.Box(-LIMIT, LIMIT, (size,), np.float32)
        self.action_space = spaces.Discrete(len(self.names))
        self.episode: Episode | None = None
        self.kind = kind
        self._cases = cases

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; the same seed gives the same one."""
        super().reset(seed=seed)
        self.episode = _drawn(self._cases, self.np_random)
        self._look()
        return self._observation, self._info()

    def step(self, action: np.int64 | int) -> Stepped:
        """Let the partners of a choice take part."""
        assert self.episode is not None, "reset comes first"
        partners = self._choices[int(action)] or next(one for one in self._choices if one)
        reward = self.episode.decide(Decision(partners=partners))
        self._look()
        return self._observation, reward, self.episode.view is None, False, self._info()

    def _look(self) -> None:
        assert self.episode is not None
        view = self.episode.view
        if view is not None:
            features = partner_features(view)
            whole = whole_features(at_start(view), features, [], 1)
            self._choices = choices(self.kind, view, self._num_participants)
            self._observation = np.concatenate([features.ravel(), whole]).astype(np.float32)

    def _info(self) -> dict[str, Any]:
        mask = np.array([one is not None for one in self._choices], dtype=np.int8)
        return {"action_mask": mask, "is_decided": True} | _told(self.episode)


def _drawn(cases: Sequence[Case], rng: np.random.Generator) -> Episode:
    case = cases[int(rng.integers(len(cases)))]
    return Episode(case, int(rng.integers(2**31)))


def _told(episode: Episode | None) -> dict[str, Any]:
    assert episode is not None
    return {"now_sim_s": episode.now_sim_s, "done_fraction": episode.done_fraction}
