"""A supervised task is what its parts are together, and refuses parts that don't fit."""

from typing import Any

import pytest
import torch

from runners.data.adult import Adult
from runners.data.digits import Digits
from runners.data.factors import Factors
from runners.data.spam import Spam
from runners.model.autoencoder import Autoencoder
from runners.model.mlp import Mlp
from runners.model.text_cnn import TextCnn
from runners.optimizer.sgd import Sgd
from runners.task.supervised import Supervised

SGD = Sgd(learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)
MLP = Mlp(hidden_units=(64,), batch_norm=False, dropout=0.0)
TEXT_CNN = TextCnn(embedding=4, channels=4, width=5, pool=5)
FACTORS = Factors(num_features=10, num_factors=3, noise=0.1, num_samples=50)


def task(**changes: Any) -> Supervised:
    values: dict[str, Any] = {
        "name": "made_up",
        "data": Digits(),
        "model": MLP,
        "loss": "cross_entropy",
        "batch_size": 8,
        "optimizer": SGD,
    }
    return Supervised(**values | changes)


def test_sizes_are_the_models_on_the_data() -> None:
    digits = task()
    # 64 * 64 + 64 and 64 * 10 + 10
    assert digits.tensor_parameters() == (4096, 64, 640, 10)
    assert digits.num_parameters == 4810
    # 4 for each weight of the first layer and 6 for each of the second
    assert digits.train_flops_per_sample == 4 * 4096 + 6 * 640
    assert digits.sample_bytes == 64 + 1
    assert digits.hidden_axes() == (("hidden 0", None), ("hidden 0",), (None, "hidden 0"), (None,))


@pytest.mark.parametrize(
    ("changes", "num_outputs"),
    [
        ({}, 10),
        ({"data": Spam(), "model": TEXT_CNN}, 2),
        ({"data": Adult(key="occupation"), "loss": "binary_cross_entropy"}, 1),
        ({"data": Adult(key="occupation")}, 2),
        ({"data": FACTORS, "loss": "squared_error"}, 10),
    ],
)
def test_the_loss_decides_how_many_outputs(changes: dict[str, Any], num_outputs: int) -> None:
    made = task(**changes)
    inputs = torch.from_numpy(made.samples().train[:4])
    assert made.new_module()(inputs).shape == (4, num_outputs)


def test_equal_tasks_are_equal() -> None:
    assert task() == task() and hash(task()) == hash(task())
    assert task() != task(batch_size=16)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0; try task.batch_size=32"),
        ({"loss": "hinge"}, "loss must be one of cross_entropy, .* got 'hinge'"),
        ({"loss": "squared_error"}, "loss must fit the data's target, which is 'class'"),
        ({"data": FACTORS}, "try task.loss=squared_error"),
        ({"loss": "binary_cross_entropy"}, "needs two classes, got 10"),
        ({"data": Spam()}, "model=mlp needs vectors or images, got tokens"),
        ({"model": TEXT_CNN}, "model=text_cnn needs tokens"),
        ({"model": Autoencoder(hidden_units=4, relu=False)}, "64 inputs, .* 10 outputs"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        task(**changes)
