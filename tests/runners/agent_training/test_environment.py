import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from runners.agent_training.cases import cases_of
from runners.agent_training.environment import ChoiceEnvironment, PickEnvironment
from runners.agent_training.episode import Episode
from runners.options import ConfigError
from sim.decision import Decision
from sim.features import PARTNER
from tests.runners.agent_training.small_cases import many, three_unequal
from tests.runners.compose import compose

CASES = many(6)
VARYING = many(6, "variability=lognormal")


@pytest.mark.parametrize("kind", ["picks", "choices"])
def test_gymnasium_s_checker_is_content(kind: str) -> None:
    env = PickEnvironment(CASES, 3) if kind == "picks" else ChoiceEnvironment(CASES, "orders")
    with warnings.catch_warnings():
        # it would like an id in a registry, to try ways to render, of which there are none
        warnings.filterwarnings("ignore", message=".*alternative render modes.*")
        check_env(env)


def test_a_seed_repeats_an_episode() -> None:
    def rewards(seed: int) -> list[float]:
        env, found, is_end = PickEnvironment(VARYING, 2), [], False
        env.reset(seed=seed)
        while not is_end:
            _, reward, is_end, _, _ = env.step(0)
            found.append(reward)
        return found

    assert rewards(3) == rewards(3)
    assert rewards(3) != rewards(4)


def test_picks_become_a_decision_when_there_are_enough() -> None:
    env = PickEnvironment(CASES, 2)
    _, info = env.reset(seed=0)
    assert info["action_mask"].tolist() == [1] * 6 + [0]  # nobody is picked: no stop
    seen, reward, _, _, info = env.step(4)
    assert (reward, info["is_decided"], info["now_sim_s"]) == (0.0, False, 0.0)
    assert info["action_mask"].tolist() == [1, 1, 1, 1, 0, 1, 1]
    assert seen["partners"][4, len(PARTNER) :].tolist() == [0, 1]
    _, reward, _, _, info = env.step(1)
    assert info["is_decided"] and info["now_sim_s"] > 0 and reward != 0
    assert env.episode is not None and env.episode.view is not None
    assert env.episode.view.partners.num_chosen.tolist() == [0, 1, 0, 0, 1, 0]


def test_a_stop_ends_the_picks() -> None:
    env = PickEnvironment(CASES, 4)
    env.reset(seed=0)
    env.step(2)
    assert env.step(6)[4]["is_decided"]
    assert env.episode is not None and env.episode.view is not None
    assert env.episode.view.partners.num_chosen.tolist() == [0, 0, 1, 0, 0, 0]


def test_smaller_consortia_fill_up_with_partners_that_can_not_be_picked() -> None:
    env = PickEnvironment([*many(3), *CASES], 2)
    sizes = set()
    for seed in range(8):
        seen, info = env.reset(seed=seed)
        sizes.add(int(info["action_mask"].sum()))
        assert seen["partners"].shape[0] == 6
    assert sizes == {3, 6}


def test_rewards_sum_to_the_way_less_the_time() -> None:
    case = CASES[0]
    episode, total = Episode(case, 0), 0.0
    while episode.view is not None:
        total += episode.decide(Decision(partners=episode.view.available))
    assert episode.is_at_goal
    assert total == pytest.approx(case.goal_reward - episode.now_sim_s / case.time_unit_sim_s)
    assert episode.accuracy is not None and episode.accuracy >= 0.4


def test_shuffled_features_are_those_of_others() -> None:
    plain, shuffled = (PickEnvironment(CASES, 6, shuffles=one) for one in (False, True))
    rows = []
    for env in (plain, shuffled):
        env.reset(seed=1)
        for partner in range(6):
            seen, *_ = env.step(partner)
        rows.append(seen["partners"][:, : len(PARTNER)])
    assert not np.array_equal(*rows)
    np.testing.assert_allclose(*(np.sort(one, axis=0) for one in rows), rtol=1e-6)


def test_choices_of_few_partners_are_all_their_subsets() -> None:
    env = ChoiceEnvironment(three_unequal(), "subsets")
    assert env.names == ("p0", "p1", "p0+p1", "p2", "p0+p2", "p1+p2", "p0+p1+p2")
    env.reset(seed=0)
    env.step(4)
    assert env.episode is not None and env.episode.view is not None
    assert env.episode.view.partners.num_chosen.tolist() == [1, 0, 1]


def test_targets_beyond_the_curve_are_refused() -> None:
    with pytest.raises(ConfigError, match="below the curve's final accuracy"):
        many(3, "budget.target_accuracy=1.0")


def test_modes_that_ask_no_agent_are_refused() -> None:
    with pytest.raises(ConfigError, match="mode must be one in which an agent decides"):
        cases_of(compose("mode=solo", "learner=none"), [0])
