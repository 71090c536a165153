"""Every preset of conf/task composes to a task that learns from its data, in a step or two."""

from functools import cache

import numpy as np
import pytest
import torch

from runners.build import build
from runners.job import CONF
from runners.learner.flat_model import FlatModel
from runners.optimizer import State
from runners.task.supervised import Supervised
from tests.runners.compose import compose

PRESETS = sorted(path.stem for path in (CONF / "task").glob("*.yaml") if path.stem != "sized")
SIZES = {
    "adult_mlp": 22_145,
    "autoencoder": 430,
    "digits_logistic": 650,
    "digits_mlp": 4_810,
    "mnist_2nn": 199_210,
    "mnist_cnn": 1_663_370,
    "mnist_logistic": 7_850,
    "mnist_mlp": 101_770,
    "regression": 11,
    "spam_cnn": 134_914,
    "topic_cnn": 135_043,
}
"""Parameters as the sources, or sums in tests/runners/model/test_sizes.py, have them."""


@cache
def preset(name: str) -> Supervised:
    """Return a preset's task as the command line would make it."""
    task = build(compose(f"task={name}", "partition=iid", "learner=none")).task
    assert isinstance(task, Supervised)
    return task


def batch(task: Supervised, values: np.ndarray) -> torch.Tensor:
    """Return the first batch of samples or targets, of the types that models take."""
    some = np.ascontiguousarray(values[: task.batch_size])
    return torch.from_numpy(some if some.dtype == np.float32 else some.astype(np.int64))


@pytest.mark.parametrize("group", ["data", "model"])
def test_every_data_set_and_every_model_is_in_a_preset(group: str) -> None:
    used = {type(getattr(preset(name), group)).__module__.split(".")[-1] for name in PRESETS}
    assert used == {path.stem for path in (CONF / group).glob("*.yaml")}


def test_presets_with_a_known_size_have_it() -> None:
    assert {name: preset(name).num_parameters for name in SIZES} == SIZES


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_named_as_its_file(name: str) -> None:
    assert preset(name).name == name


@pytest.mark.parametrize("name", PRESETS)
def test_steps_on_one_batch_lower_its_loss(name: str) -> None:
    task = preset(name)
    samples = task.samples()
    inputs, targets = batch(task, samples.train), batch(task, samples.train_targets)
    torch.manual_seed(0)
    model = FlatModel(task.new_module(), task.loss, torch.device("cpu"), tail=0)
    vector, state = model.initial.clone(), State()
    model.at(vector)
    weights, losses = vector[None, : model.num_parameters], []
    for _ in range(4):
        losses.append(float(model.backward(inputs, targets, None)))
        task.optimizer.step(weights, model.gradient[None], state, task.optimizer.learning_rate)
    assert losses[-1] < losses[0]
    assert np.isfinite(losses).all()
    assert len(vector) == task.num_parameters


def test_a_presets_parts_can_be_replaced() -> None:
    parts = ("data@task.data=digits", "model@task.model=cnn", "optimizer@task.optimizer=adam")
    task = build(compose("task=mnist_mlp", *parts, "learner=none")).task
    # 5x5 with 32 and 64 channels, then 2 * 2 * 64 places to 512 and 10
    assert task.tensor_parameters() == (800, 32, 51_200, 64, 131_072, 512, 5_120, 10)
    assert task.optimizer.learning_rate == 0.001


def test_settings_of_parts_are_set_by_their_path() -> None:
    config = compose("task=mnist_mlp", "task.model.hidden_units=[20]", "learner=none")
    assert build(config).task.tensor_parameters() == (15_680, 20, 200, 10)
