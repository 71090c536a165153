"""Saved models are what torch loads."""

from pathlib import Path

import torch

from runners.aggregation.mean import Mean
from runners.attack.none import Honest
from runners.learner.rank_learner import RankLearner
from runners.learner.rates import Rates
from runners.learner.saved_models import MAX_MODELS, NAME, save_models
from runners.learner.version import Version
from runners.privacy.chain import Chain
from runners.privacy.none import Plain
from tests.runners.learner.one_rank import RECIPE, OneRank, mlp, training


def learner(**settings: bool) -> RankLearner:
    return RankLearner(
        ranks=OneRank(),
        training=training(model=mlp(6, **settings)),
        rates=Rates(RECIPE, 0.1, 100),
        privacy=Chain((Plain(),)),
        seed=0,
        aggregation=Mean(),
        attack=Honest(),
    )


def version(mine: RankLearner, factor: float, owner: int | None = None) -> Version:
    return Version(version=1, owner=owner, vector=mine.training.model.initial * factor)


def test_a_shared_model_loads_into_a_new_module(tmp_path: Path) -> None:
    mine = learner(batch_norm=True)
    shared = version(mine, 2.0)
    save_models(tmp_path, OneRank(), mine, [shared])
    (state,) = torch.load(tmp_path / NAME, weights_only=True)
    module = mine.training.task.new_module()
    module.load_state_dict(state)
    inputs = mine.training.data.test_inputs
    expected = mine.training.outputs(None, shared.weights(), inputs)
    with torch.no_grad():
        assert torch.equal(module.eval()(inputs), expected)


def test_every_owner_has_a_model_in_its_place(tmp_path: Path) -> None:
    mine = learner()
    save_models(tmp_path, OneRank(), mine, [version(mine, k + 1.0, owner=k) for k in range(3)])
    states = torch.load(tmp_path / NAME, weights_only=True)
    initial = mine.training.model.named(mine.training.model.initial)
    for factor, state in enumerate(states, start=1):
        assert state.keys() == initial.keys()
        assert all(torch.equal(state[name], initial[name] * factor) for name in state)


def test_more_than_a_few_are_not_saved(tmp_path: Path) -> None:
    mine = learner()
    models = [version(mine, 1.0, owner=k) for k in range(MAX_MODELS + 1)]
    save_models(tmp_path, OneRank(), mine, models)
    assert not (tmp_path / NAME).exists()
    save_models(tmp_path, OneRank(), mine, models[:MAX_MODELS])
    assert len(torch.load(tmp_path / NAME, weights_only=True)) == MAX_MODELS
