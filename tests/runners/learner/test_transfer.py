"""A model begins with what a saved one has, where it fits."""

from pathlib import Path

import pytest
import torch

from runners.learner.flat_model import FlatModel
from runners.learner.transfer import start_from
from tests.runners.learner.one_rank import CPU


def flat(num_classes: int, hidden: int = 3, seed: int = 0) -> FlatModel:
    torch.manual_seed(seed)
    layers = torch.nn.Linear(2, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, num_classes)
    return FlatModel(torch.nn.Sequential(*layers), "cross_entropy", CPU, tail=0)


def save(path: Path, *models: FlatModel) -> str:
    torch.save([model.named(model.initial) for model in models], path)
    return str(path)


def test_equal_shapes_are_taken_and_others_stay_as_drawn(tmp_path: Path) -> None:
    """The output layer is for 5 classes and not for 4, so its weights and biases stay."""
    saved, fresh = flat(4, seed=1), flat(5)
    drawn = {name: one.clone() for name, one in fresh.named(fresh.initial).items()}
    start_from(save(tmp_path / "model.pt", saved), fresh)
    named, source = fresh.named(fresh.initial), saved.named(saved.initial)
    for name in ("0.weight", "0.bias"):
        assert torch.equal(named[name], source[name]) and not torch.equal(named[name], drawn[name])
    for name in ("2.weight", "2.bias"):
        assert torch.equal(named[name], drawn[name])


def test_a_model_of_the_same_shape_is_taken_whole(tmp_path: Path) -> None:
    saved, fresh = flat(4, seed=1), flat(4)
    start_from(save(tmp_path / "model.pt", saved), fresh)
    assert torch.equal(fresh.initial, saved.initial)


def test_refuses_several_models(tmp_path: Path) -> None:
    path = save(tmp_path / "model.pt", flat(4), flat(4))
    with pytest.raises(ValueError, match=r"must name a model\.pt with one model, got .* with 2;"):
        start_from(path, flat(4))


def test_refuses_a_model_of_which_nothing_fits(tmp_path: Path) -> None:
    path = save(tmp_path / "model.pt", flat(4, hidden=7))
    with pytest.raises(ValueError, match="with none of the same name and shape"):
        start_from(path, flat(5))
