"""Tasks: data are what they claim, and the virtual clock's arithmetic is that of the real model."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from runners.build import assemble, build
from runners.task import Task
from runners.task.digits_mlp import DigitsMlp
from runners.task.files import DATA
from runners.task.mnist_mlp import MnistMlp
from runners.task.spam_cnn import LENGTH, MAIL_BYTES, VOCABULARY, SpamCnn
from tests.runners.compose import compose

RECIPE: dict[str, Any] = {"batch_size": 32, "optimizer": "sgd", "learning_rate": 0.1}
DIGITS = DigitsMlp(hidden_units=64, **RECIPE)
MNIST = MnistMlp(hidden_units=128, **RECIPE)
SPAM = SpamCnn(**RECIPE)
TASKS: dict[str, Task] = {"digits_mlp": DIGITS, "mnist_mlp": MNIST, "spam_cnn": SPAM}
NUM_SAMPLES = {"digits_mlp": (1437, 360), "mnist_mlp": (60_000, 10_000), "spam_cnn": (4733, 1175)}

each_task = pytest.mark.parametrize("name", list(TASKS))


@each_task
def test_counts_shapes_and_types(name: str) -> None:
    index, samples = TASKS[name].index(), TASKS[name].samples()
    assert (len(samples.train), len(samples.test)) == NUM_SAMPLES[name]
    assert (len(index.train_labels), len(index.test_labels)) == NUM_SAMPLES[name]
    for labels in (index.train_labels, index.test_labels):
        assert labels.dtype == np.int64
        assert np.unique(labels).tolist() == list(range(TASKS[name].num_classes))
    for inputs in (samples.train, samples.test):
        assert inputs.dtype == (np.int64 if name == "spam_cnn" else np.float32)


@each_task
def test_the_number_of_parameters_is_the_models(name: str) -> None:
    parameters = TASKS[name].model().parameters()
    assert TASKS[name].num_parameters == sum(parameter.numel() for parameter in parameters)


@each_task
def test_the_tensors_are_the_models_in_forward_order(name: str) -> None:
    parameters = TASKS[name].model().parameters()
    assert TASKS[name].tensor_parameters() == tuple(one.numel() for one in parameters)


@each_task
def test_the_flops_are_those_that_torch_counts(name: str) -> None:
    task = TASKS[name]
    model, inputs = task.model(), torch.from_numpy(task.samples().train[:32])
    labels = torch.from_numpy(task.index().train_labels[:32])
    with FlopCounterMode(display=False) as counter:
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
    assert task.train_flops_per_sample == counter.get_total_flops() / 32


@each_task
def test_all_seeds_hold_out_the_same_test_set(name: str) -> None:
    overrides = (f"task={name}", "partition=iid", "learner=none")
    first, second = (assemble(build(compose(*overrides, f"seed={seed}")))[1] for seed in (0, 1))
    num_train, num_test = NUM_SAMPLES[name]
    for assignment in (first, second):
        assert sorted(np.concatenate(assignment.train)) == list(range(num_train))
        assert sorted(np.concatenate(assignment.test)) == list(range(num_test))
    assert not np.array_equal(first.train[0], second.train[0])


@pytest.mark.parametrize("name", ["digits_mlp", "mnist_mlp"])
def test_no_test_image_is_in_training(name: str) -> None:
    samples = TASKS[name].samples()
    assert rows(samples.train).keys().isdisjoint(rows(samples.test))


def rows(samples: np.ndarray) -> Counter[bytes]:
    return Counter(row.tobytes() for row in samples)


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    with np.load(DATA / "digits.npz") as ours:
        assert np.array_equal(ours["images"].reshape(-1, 64), theirs.data)
        assert np.array_equal(ours["labels"], theirs.target)
    samples = DIGITS.samples()
    # every image is in one of the two sets, scaled from 0-16 to 0-1
    together = rows(np.concatenate([samples.train, samples.test]))
    assert together == rows((theirs.data / 16).astype(np.float32))


def test_mnist_has_its_known_counts_of_labels() -> None:
    # published with the data set (LeCun et al. 1998)
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    index, samples = MNIST.index(), MNIST.samples()
    assert np.bincount(index.train_labels).tolist() == train
    assert np.bincount(index.test_labels).tolist() == test
    # its mean and deviation, as everyone normalises it
    assert samples.train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert samples.train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


@pytest.fixture(scope="module")
def mails() -> pd.DataFrame:
    return pd.read_parquet(DATA / "spam_assassin.parquet")


def test_every_mail_is_in_one_of_the_two_sets(mails: pd.DataFrame) -> None:
    assert len(mails) == sum(NUM_SAMPLES["spam_cnn"]) == 5908
    assert not mails.duplicated(["subject", "body"]).any()
    index = SPAM.index()
    assert index.train_keys is not None and index.test_keys is not None
    mixed = Counter(zip(index.train_keys, index.train_labels, strict=True)) + Counter(
        zip(index.test_keys, index.test_labels, strict=True)
    )
    lists = mails["mailing_list"].replace("none", "")
    assert mixed == Counter(zip(lists, mails["is_spam"].astype(int), strict=True))


def test_a_mails_bytes_are_the_mean_as_shipped(mails: pd.DataFrame) -> None:
    sizes = [
        len(subject.encode()) + len(body.encode())
        for subject, body in zip(mails["subject"], mails["body"], strict=True)
    ]
    assert round(np.mean(sizes), -1) == MAIL_BYTES
    assert SPAM.sample_bytes == MAIL_BYTES + 1


def test_words_are_numbered_by_how_often_training_uses_them() -> None:
    samples = SPAM.samples()
    for numbers in (samples.train, samples.test):
        assert numbers.shape[1] == LENGTH == 100
        assert numbers.min() == 0 and numbers.max() == VOCABULARY - 1
    counts = np.bincount(samples.train.ravel(), minlength=VOCABULARY)[2:]
    assert (np.diff(counts) <= 0).all() and counts[-1] > 0


def test_padding_follows_the_last_word() -> None:
    samples = SPAM.samples()
    padded = np.concatenate([samples.train, samples.test]) == 0
    assert padded.any() and not padded[:, 0].any()
    assert not (padded[:, :-1] & ~padded[:, 1:]).any()


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("batch_size", 0, ["batch_size must be at least 1, got 0", "task.batch_size=32"]),
        ("optimizer", "lamb", ["optimizer must be one of sgd, adam, got 'lamb'"]),
        ("learning_rate", 0.0, ["learning_rate must be finite and above 0, got 0.0"]),
        ("learning_rate", -0.5, ["got -0.5", "0.1 suits sgd, 0.001 suits adam"]),
        ("learning_rate", float("nan"), ["got nan"]),
    ],
)
@pytest.mark.parametrize(
    "make",
    [
        lambda **recipe: DigitsMlp(hidden_units=64, **recipe),
        lambda **recipe: MnistMlp(hidden_units=128, **recipe),
        SpamCnn,
    ],
    ids=list(TASKS),
)
def test_a_bad_recipe_is_refused(
    make: Callable[..., Task], setting: str, value: Any, words: list[str]
) -> None:
    with pytest.raises(ValueError) as caught:
        make(**RECIPE | {setting: value})
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("kind", [DigitsMlp, MnistMlp])
def test_a_hidden_layer_has_a_unit(kind: type[DigitsMlp] | type[MnistMlp]) -> None:
    with pytest.raises(ValueError, match="hidden_units must be at least 1, got 0"):
        kind(hidden_units=0, **RECIPE)
