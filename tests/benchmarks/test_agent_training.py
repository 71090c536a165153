"""How fast agents are trained and decide: environment steps among 50 partners, the source's example
of Q-learning, and a decision of the scorer among 1,000.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from runners.agent_training.environment import PickEnvironment
from runners.agent_training.network import ScorerNetwork
from runners.agent_training.training import train
from runners.perform import without_garbage_collector
from runners.train_agent import plan_of
from sim.scorer import Scorer
from tests.runners.agent_training.small_cases import many
from tests.runners.agent_training.test_training import composed

NUM_PICKED = 5


@contextmanager
def steps_of(benchmark) -> Iterator[list[float]]:
    """Give a list to put seconds in; the median goes into the extra info."""
    took: list[float] = []
    yield took
    benchmark.extra_info["steps_per_s"] = 1 / statistics.median(took)


def test_environment_steps_among_50(benchmark) -> None:
    """An environment step picks one partner; every fifth runs the simulation to the next round."""
    env = PickEnvironment(many(50, "budget.target_accuracy=0.85"), NUM_PICKED)
    rng = np.random.default_rng(0)
    num_steps = 100 if benchmark.disabled else 5000
    decided = []

    def play(took: list[float]) -> None:
        started, num_decided = time.perf_counter(), 0
        _, info = env.reset(seed=0)
        for _ in range(num_steps):
            action = rng.choice(np.flatnonzero(info["action_mask"][:-1]))
            _, _, is_end, _, info = env.step(action)
            num_decided += info["is_decided"]
            if is_end:
                _, info = env.reset()
        took.append((time.perf_counter() - started) / num_steps)
        decided.append(num_decided)

    with without_garbage_collector(), steps_of(benchmark) as took:
        benchmark.pedantic(play, args=(took,), rounds=1 if benchmark.disabled else 5)
    assert decided[0] == num_steps // NUM_PICKED
    benchmark.extra_info["decisions_per_s"] = benchmark.extra_info["steps_per_s"] / NUM_PICKED


def test_the_source_s_example_of_q_learning(benchmark, tmp_path: Path) -> None:
    """About 1,000 episodes; the target is 5 seconds. A short training before loads what it needs,
    such as the library for pictures.
    """
    short = ["trainer.num_steps=100"]
    first = plan_of(composed("+experiment=source_s1_q_learning", *short))
    rest = short if benchmark.disabled else []
    plan = plan_of(composed("+experiment=source_s1_q_learning", *rest))
    (tmp_path / "first").mkdir()
    with without_garbage_collector():
        train(tmp_path / "first", first, lambda fraction: None)
        done = benchmark.pedantic(train, args=(tmp_path, plan, lambda fraction: None), rounds=1)
    benchmark.extra_info["num_episodes"] = len(done.episodes)
    assert (tmp_path / "policy.npz").exists()


def test_a_decision_among_1000(benchmark) -> None:
    """Ten are picked; the target is 5 ms."""
    env = PickEnvironment(many(1000, "task=mnist_mlp", "partition=iid"), 10)
    env.reset(seed=0)
    assert env.episode is not None and env.episode.view is not None
    network = ScorerNetwork(32, torch.Generator().manual_seed(0))
    scorer = Scorer(network.arrays())
    decision = benchmark(scorer.decide, env.episode.view, 10)
    assert 1 <= len(decision.partners) <= 10
