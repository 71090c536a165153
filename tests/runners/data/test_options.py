"""All data options keep the promises of `Data` and `Samples`."""

from collections import Counter

import numpy as np
import pytest
import torch

from runners.anonymity.raw import HasRows, HasTexts
from runners.data import TARGETS, Samples
from runners.data.columns import encode
from runners.data.holdout import divided_samples
from runners.data.table import Table
from tests.runners.data.options import NAMES, option

NUM_SAMPLES = {
    "adult": (39_071, 9_771),
    "digits": (1437, 360),
    "factors": (800, 200),
    "image_folder": (24, 6),  # ten of each of three classes
    "mnist": (60_000, 10_000),
    "regression": (800, 200),
    "spam": (4733, 1175),
    "stdlib": (8192, 2048),
    "table": (39_073, 9_769),  # a fifth of 37,155 and of 11,687 rows, first rows counted up
    "text_table": (4726, 1182),
    "topics": (1595, 394),
}

each_option = pytest.mark.parametrize("name", NAMES)


@each_option
def test_index_and_samples_are_of_one_length(name: str) -> None:
    data = option(name)
    index, samples = data.index(), data.samples()
    assert (len(samples.train), len(samples.test)) == NUM_SAMPLES[name]
    assert (len(samples.train_targets), len(samples.test_targets)) == NUM_SAMPLES[name]
    assert (len(index.train_labels), len(index.test_labels)) == NUM_SAMPLES[name]
    assert (index.train_keys is None) == (index.test_keys is None)
    if index.train_keys is not None and index.test_keys is not None:
        assert (len(index.train_keys), len(index.test_keys)) == NUM_SAMPLES[name]
        assert all(type(key) is str for key in index.train_keys[:1000])


@each_option
def test_inputs_are_what_the_option_says(name: str) -> None:
    data = option(name)
    samples = data.samples()
    for inputs in (samples.train, samples.test):
        assert inputs.shape[1:] == data.inputs
        if data.vocabulary is None:
            assert inputs.dtype == np.float32 and np.isfinite(inputs).all()
        else:
            assert inputs.dtype.kind in "iu"
            assert inputs.min() >= 0 and inputs.max() < data.vocabulary
    torch.from_numpy(samples.train)  # takes any type and stride that torch knows


def test_rows_are_those_that_samples_are_made_of() -> None:
    for name in ("adult", "table"):
        data = option(name)
        assert isinstance(data, HasRows)
        raw, samples = data.rows(), data.samples()
        inputs = encode(raw.frame, raw.is_test)
        assert_same(samples, divided_samples(inputs, raw.targets, raw.is_test))


def test_texts_are_those_that_samples_are_made_of() -> None:
    for name in ("spam", "topics", "text_table"):
        data = option(name)
        assert isinstance(data, HasTexts)
        raw, samples = data.texts(), data.samples()
        inputs = raw.encode(raw.texts)
        assert_same(samples, divided_samples(inputs, raw.targets, raw.is_test))


def assert_same(samples: Samples, others: Samples) -> None:
    for name, array in vars(samples).items():
        assert np.array_equal(array, getattr(others, name)), name


@each_option
def test_targets_are_what_the_option_says(name: str) -> None:
    data = option(name)
    index, samples = data.index(), data.samples()
    assert data.target in TARGETS
    for targets, labels, inputs in (
        (samples.train_targets, index.train_labels, samples.train),
        (samples.test_targets, index.test_labels, samples.test),
    ):
        assert labels.dtype == np.int64
        if data.target == "class":
            assert np.array_equal(targets, labels) and data.num_values == 0
            assert np.unique(targets).tolist() == list(range(data.num_classes))
            continue
        assert not labels.any()
        if data.target == "next_token":
            assert np.array_equal(targets[:, :-1], inputs[:, 1:])
            assert data.num_classes == data.vocabulary and data.num_values == 0
        else:
            assert targets.shape[1:] == (data.num_values,) and targets.dtype == np.float32
            assert data.num_classes == 1


@each_option
def test_equal_settings_are_one_data_set_in_memory(name: str) -> None:
    assert hash(option(name)) == hash(option(name)) and option(name) == option(name)
    again = option(name).index()
    assert np.array_equal(again.train_labels, option(name).index().train_labels)


@each_option
def test_a_sample_has_bytes(name: str) -> None:
    assert type(option(name).sample_bytes) is int and option(name).sample_bytes > 0


@pytest.mark.parametrize("name", ["digits", "mnist", "image_folder", "factors", "regression"])
def test_no_test_sample_is_in_training(name: str) -> None:
    samples = option(name).samples()
    assert rows(samples.train).keys().isdisjoint(rows(samples.test))


def test_an_autoencoder_learns_its_inputs() -> None:
    samples = option("factors").samples()
    assert samples.train_targets is samples.train and samples.test_targets is samples.test


def test_the_example_of_a_table_has_settings_of_its_own() -> None:
    table = option("table", features=None, key=None)
    assert isinstance(table, Table) and table.inputs == (108,)  # Adult's and fnlwgt


def rows(samples: np.ndarray) -> Counter[bytes]:
    return Counter(row.tobytes() for row in samples)
