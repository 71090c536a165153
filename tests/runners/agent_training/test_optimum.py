"""A consortium of three whose best schedule is found by exhaustive search: Q-learning, value
iteration, our DQN and stable-baselines3's come to it.
"""

from collections.abc import Hashable
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from runners.agent_training.deep_q import DeepQ, Rates, best_action, parts
from runners.agent_training.environment import ChoiceEnvironment
from runners.agent_training.episode import Episode
from runners.agent_training.table_session import TableSession
from runners.trainer.q_learning import QLearning
from sim.choices import choice_names, choices
from sim.decision import Decision
from sim.tabular import Outcomes, value_iteration
from tests.runners.agent_training.small_cases import three_unequal

CASE = three_unequal()[0]
NUM_CHOICES = len(choice_names("subsets", 3))
DISCOUNT = 0.95
Schedule = tuple[int, ...]


def played(schedule: Schedule) -> tuple[list[float], Hashable, bool]:
    """Return the rewards of a schedule, how much of the budget is spent after it, and whether the
    episode is over.
    """
    episode, rewards = Episode(CASE, 0), []
    for choice in schedule:
        assert episode.view is not None
        partners = choices("subsets", episode.view)[choice]
        assert partners is not None
        rewards.append(episode.decide(Decision(partners=partners)))
    return rewards, round(episode.done_fraction, 9), episode.view is None


@cache
def searched() -> tuple[float, dict[Hashable, list[Outcomes]]]:
    """Return the largest discounted sum of rewards of all schedules, and where choices led."""
    best, model = -np.inf, {}
    todo: list[tuple[Schedule, float, float]] = [((), 0.0, 1.0)]
    while todo:
        so_far, total, weight = todo.pop()
        _, state, _ = played(so_far)
        outcomes: list[Outcomes] = []
        for choice in range(NUM_CHOICES):
            rewards, after, is_end = played((*so_far, choice))
            outcomes.append([(1.0, rewards[-1], after, is_end)])
            value = total + weight * rewards[-1]
            if is_end:
                best = max(best, value)
            else:
                todo.append(((*so_far, choice), value, weight * DISCOUNT))
        model[state] = outcomes
    return best, model


def value_of(env: ChoiceEnvironment, act) -> float:
    """Return the discounted sum of rewards of one episode."""
    seen, info = env.reset(seed=0)
    total, weight, is_end = 0.0, 1.0, False
    while not is_end:
        seen, reward, is_end, _, info = env.step(act(seen, info["action_mask"]))
        total, weight = total + weight * reward, weight * DISCOUNT
    return total


def test_search_and_value_iteration_agree() -> None:
    best, model = searched()
    assert len(model) > 3
    assert value_iteration(model, DISCOUNT, 1e-9)[0.0] == pytest.approx(best, abs=1e-3)


def test_q_learning_finds_the_best_schedule() -> None:
    best, model = searched()
    settings = QLearning(
        num_steps=4000,
        choices="subsets",
        num_participants=None,
        num_progress_bins=1000,
        max_age_rounds=0,
        learning_rate=0.2,
        discount=DISCOUNT,
        epsilon_start=0.5,
        epsilon_end=0.01,
        unseen=0.0,
    )
    session = TableSession(settings, [CASE], seed=0)
    while session.num_steps < settings.num_steps:
        session.episode()
    decider = session.decider()
    episode, total, weight = Episode(CASE, 0), 0.0, 1.0
    while episode.view is not None:
        total += weight * episode.decide(decider.decide(episode.view))
        weight *= DISCOUNT
    assert total == pytest.approx(best, abs=1e-9)
    start = next(values for state, values in session.table.values.items() if state[0] == 0)
    assert start.max() == pytest.approx(value_iteration(model, DISCOUNT, 1e-9)[0.0], abs=1e-3)


class Flat(nn.Module):
    """Value the choices by all of an observation at once."""

    def __init__(self, size: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(size, 32), nn.ReLU(), nn.Linear(32, NUM_CHOICES))

    def forward(self, seen: Tensor) -> Tensor:
        return self.layers(seen)


RATES = Rates(
    num_steps=1500,
    discount=DISCOUNT,
    learning_rate=2e-3,
    batch_size=32,
    replay_size=1500,
    start_steps=300,
    train_every_steps=2,
    target_every_updates=50,
    epsilon_start=1.0,
    epsilon_end=0.05,
    epsilon_fraction=0.5,
)


def deep_q(rates: Rates) -> DeepQ:
    env = ChoiceEnvironment([CASE], "subsets")
    learner = DeepQ(env, Flat(env.observation_space.shape[0]), rates, seed=0)
    while learner.num_steps < rates.num_steps:
        learner.episode()
    return learner


def test_our_dqn_and_that_of_stable_baselines_find_it_too() -> None:
    from stable_baselines3 import DQN

    best, _ = searched()
    env = ChoiceEnvironment([CASE], "subsets")
    ours = deep_q(RATES)
    network = ours.network
    assert value_of(env, lambda seen, mask: best_action(network, parts(seen), mask)) == (
        pytest.approx(best, rel=1e-6)
    )
    theirs = DQN(
        "MlpPolicy",
        env,
        learning_rate=2e-3,
        buffer_size=2500,
        learning_starts=300,
        batch_size=32,
        gamma=DISCOUNT,
        train_freq=2,
        target_update_interval=100,
        exploration_fraction=0.5,
        exploration_final_eps=0.05,
        policy_kwargs={"net_arch": [32]},
        seed=0,
        device="cpu",
    )
    theirs.learn(2500)
    act = theirs.policy
    assert value_of(env, lambda seen, mask: int(act.predict(seen, deterministic=True)[0])) == (
        pytest.approx(best, rel=1e-6)
    )
