"""Trainings of a few hundred steps: files, repetition, going on, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from runners.agent_training import training
from runners.agent_training.environment import PickEnvironment
from runners.agent_training.episode import Episode
from runners.agent_training.network import ScorerNetwork
from runners.agent_training.training import judged, train
from runners.job import CONF
from runners.options import ConfigError
from runners.train_agent import plan_of
from sim.agent.dqn import Dqn
from sim.agent.q_learning import QLearning
from sim.features import PARTNER
from sim.policy_file import read_policy, write_policy
from sim.scorer import Scorer
from tests.runners.agent_training.small_cases import LEARNING, many

SMALL = (
    *("scenario.num_partners=5", *LEARNING, "cases.num_training=2", "cases.num_validation=2"),
    *("cases.num_validations=3", "trainer.num_steps=120"),
)
DQN = (*SMALL, "trainer.num_participants=2", "trainer.start_steps=20", "trainer.num_hidden=8")
Q_LEARNING = (*SMALL, "trainer=q_learning")


def composed(*overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = OmegaConf.to_container(hydra_compose("train_agent", list(overrides)), resolve=True)
    assert isinstance(config, dict)
    return {str(key): value for key, value in config.items()}


def trained(folder: Path, *overrides: str) -> Path:
    folder.mkdir(exist_ok=True)
    train(folder, plan_of(composed(*overrides)), lambda fraction: None)
    return folder / "policy.npz"


def agent_of(policy: Path, num_participants: int | None = None) -> Dqn:
    return Dqn(policy=str(policy), num_participants=num_participants, shuffles=False)


def table_of(policy: Path, num_participants: int | None) -> QLearning:
    return QLearning(
        policy=str(policy), num_participants=num_participants, selection="greedy", temperature=1.0
    )


@pytest.mark.parametrize("settings", [DQN, Q_LEARNING], ids=["dqn", "q_learning"])
def test_a_seed_gives_the_same_policy(settings: tuple[str, ...], tmp_path: Path) -> None:
    first, again = (trained(tmp_path / name, *settings) for name in ("one", "two"))
    assert first.read_bytes() == again.read_bytes()
    other = trained(tmp_path / "three", *settings, "seed=1")
    assert first.read_bytes() != other.read_bytes()
    files = {path.name for path in (tmp_path / "one").iterdir()}
    assert files == {"learning.csv", "validation.csv", "learning.png", "policy.npz"}


@pytest.mark.parametrize("settings", [DQN, Q_LEARNING], ids=["dqn", "q_learning"])
def test_an_interrupted_training_goes_on_to_the_same_policy(
    settings: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(tmp_path / "whole", *settings)
    plan, folder = plan_of(composed(*settings)), tmp_path / "cut"
    folder.mkdir()

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder, plan, stop)
    assert [path.name for path in folder.iterdir()] == [training.CHECKPOINT]
    with pytest.raises(ValueError, match="is of another config"):
        trained(folder, *settings, "seed=5")
    assert trained(folder, *settings).read_bytes() == whole.read_bytes()


def test_numpy_and_torch_score_alike() -> None:
    network = ScorerNetwork(8, torch.Generator().manual_seed(1))
    for one in network.parameters():  # biases that are not 0 too
        one.data += 0.1
    env = PickEnvironment(many(6), 3)
    env.reset(seed=0)
    for partner in range(3):
        env.step(partner)  # a decision, so that something has been seen
    seen, *_ = env.step(4)
    seen, *_ = env.step(1)
    batch = [torch.from_numpy(one).unsqueeze(0) for one in seen.values()]
    expected = network(*batch)[0].detach().numpy()
    features = seen["partners"][:, : len(PARTNER)].astype(np.float64)
    found = Scorer(network.arrays()).values(features, list(range(6)), [4, 1], seen["whole"])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_policy_serves_consortia_of_any_size(tmp_path: Path) -> None:
    policy = trained(tmp_path / "run", *DQN)
    for num_partners in (2, 30):
        case = many(num_partners)[0]
        decider = agent_of(policy).decider(num_partners, np.random.default_rng(0))
        assert judged(case, decider, 0)["is_at_goal"] == 1
    assert read_policy(str(policy), "dqn").config["scenario"]["num_partners"] == 5


def test_policies_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = trained(tmp_path / "run", *DQN)
    policy = read_policy(str(path), "dqn")
    other = tmp_path / "other.npz"
    write_policy(other, replace(policy, features=("speed", *policy.features[1:])))
    with pytest.raises(ValueError, match=r"15 features .* \(different: \['is_seen', 'speed'\]\)"):
        agent_of(other).check(5)
    write_policy(other, replace(policy, actions=("partner",)))
    with pytest.raises(ValueError, match="2 actions that are used here, got one for 1 actions"):
        agent_of(other).check(5)
    write_policy(other, replace(policy, arrays={**policy.arrays, "in_bias": np.zeros(3)}))
    with pytest.raises(ValueError, match="arrays of the shapes"):
        agent_of(other).check(5)
    with pytest.raises(ValueError, match=r"a policy of q_learning .* try agent=dqn"):
        QLearning(
            policy=str(path), num_participants=None, selection="greedy", temperature=1.0
        ).check(5)
    with pytest.raises(ValueError, match=r"at most the 5 partners, got 6"):
        agent_of(path, 6).check(5)


def test_a_table_of_other_partners_is_refused(tmp_path: Path) -> None:
    path = trained(tmp_path / "run", *Q_LEARNING, "trainer.choices=subsets")
    agent = QLearning(policy=str(path), num_participants=None, selection="softmax", temperature=0.5)
    agent.check(5)
    with pytest.raises(ValueError, match="31 choices"):
        agent.check(4)
    decider = agent.decider(5, np.random.default_rng(0))
    assert judged(many(5)[0], decider, 0)["is_at_goal"] == 1


def test_a_table_is_held_to_a_number(tmp_path: Path) -> None:
    """Learned with two, it sends two, or as many as are asked for; one learned without a number
    can't be held to one.
    """
    path = trained(tmp_path / "run", *Q_LEARNING, "trainer.num_participants=2")
    assert read_policy(str(path), "q_learning").settings["num_participants"] == 2
    case, free = many(5)[0], trained(tmp_path / "free", *Q_LEARNING)
    for number, largest in ((None, 2), (1, 1), (3, 3)):
        agent = table_of(path, number)
        agent.check(5)
        episode = Episode(case, 0)
        decider, sizes = agent.decider(5, np.random.default_rng(0)), set()
        while episode.view is not None:
            decision = decider.decide(episode.view)
            sizes.add(len(decision.partners))
            episode.decide(decision)
        assert max(sizes) == largest
    with pytest.raises(ValueError, match=r"at most the 5 partners, got 6"):
        table_of(path, 6).check(5)
    with pytest.raises(ValueError, match=r"6 choices .* and trainer.num_participants"):
        table_of(free, 2).check(5)


@pytest.mark.parametrize("content", [None, b"", b"not a policy"])
def test_missing_and_broken_files_are_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"agent.policy must name a file .*"):
        agent_of(path).check(3)
    with pytest.raises(ValueError, match=r"got null; make one"):
        Dqn(policy=None, num_participants=None, shuffles=False).check(3)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("trainer.num_participants=9", "at most the 5 partners, got 9"),
        ("trainer.discount=1.5", "trainer.discount must be at most 1, got 1.5"),
        ("cases.num_training=0", "cases.num_training must be at least 1, got 0"),
        ("learner.file=nothing.json", r"learner.file must be a curve .* digits_mlp.json"),
    ],
)
def test_what_can_not_be_trained_is_refused(override: str, words: str, tmp_path: Path) -> None:
    with pytest.raises((ConfigError, ValueError), match=words):
        trained(tmp_path, *DQN, override)
    assert list(tmp_path.iterdir()) == []


def test_the_source_s_example_has_its_numbers() -> None:
    plan = plan_of(composed("+experiment=source_s1_q_learning"))
    trainer: Any = plan.trainer
    rates = (trainer.learning_rate, trainer.discount, trainer.epsilon_start, trainer.epsilon_end)
    assert rates == (0.1, 0.9, 0.1, 0.01)
    assert plan.cases[0].num_partners == 3
    assert plan.trainer.actions(plan.cases)[0] == "p0"
