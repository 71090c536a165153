"""A task by numbers has what the virtual clock needs, and nothing to learn from."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from runners.task import Task
from runners.task.sized import Sized


def sized(**changes: Any) -> Sized:
    values: dict[str, Any] = {
        "num_parameters": 100,
        "num_tensors": 3,
        "train_flops_per_sample": 600.0,
        "sample_bytes": 10,
        "batch_size": 4,
        "num_samples": 40,
    }
    return Sized(**values | changes)


def test_the_gradient_is_divided_evenly() -> None:
    assert sized().tensor_parameters() == (33, 33, 34)  # cut at 0, 33, 66, 100
    assert sized(num_tensors=1).tensor_parameters() == (100,)
    assert sized(num_tensors=100).tensor_parameters() == (1,) * 100


def test_all_samples_have_one_label() -> None:
    index = sized().index()
    assert len(index.train_labels) == 40
    assert np.unique(index.train_labels).tolist() == np.unique(index.test_labels).tolist() == [0]


@pytest.mark.parametrize(
    "ask",
    [
        lambda task: task.optimizer,
        lambda task: task.loss,
        lambda task: task.samples(),
        lambda task: task.new_module(),
    ],
    ids=["optimizer", "loss", "samples", "module"],
)
def test_there_is_nothing_to_learn_from(ask: Callable[[Task], Any]) -> None:
    with pytest.raises(ValueError, match="task=sized has no data to learn from; try learner=none"):
        ask(sized())


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("num_parameters", 0, "num_parameters must be at least 1, got 0"),
        ("num_tensors", 0, "num_tensors must be between 1 and the 100 parameters, got 0"),
        ("num_tensors", 101, "num_tensors must be between 1 and the 100 parameters, got 101"),
        ("train_flops_per_sample", 0.0, "train_flops_per_sample must be finite and above 0"),
        ("sample_bytes", 0, "sample_bytes must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("num_samples", 0, "num_samples must be at least 1, got 0"),
    ],
)
def test_a_number_out_of_range_is_refused(setting: str, value: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sized(**{setting: value})
