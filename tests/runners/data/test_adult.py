"""Adult is UCI's, its features are those of its training rows."""

import numpy as np
import pytest

from runners.data.adult import NUM_FEATURES, ROW_BYTES, Adult, load_people
from runners.data.columns import row_bytes

ADULT = Adult(key="occupation")


def test_incomes_are_those_of_the_data_set() -> None:
    index = ADULT.index()
    labels = np.concatenate([index.train_labels, index.test_labels])
    assert np.bincount(labels).tolist() == [37_155, 11_687]  # UCI's: 76.07% and 23.93%


@pytest.mark.parametrize(
    ("key", "num_keys", "num_missing"),
    [("occupation", 14, 2809), ("workclass", 8, 2799), ("native_country", 41, 857)],
)
def test_people_belong_together_by_the_key(key: str, num_keys: int, num_missing: int) -> None:
    index = Adult(key=key).index()
    assert index.train_keys is not None and index.test_keys is not None
    keys = np.concatenate([index.train_keys, index.test_keys])
    assert len(set(keys) - {""}) == num_keys
    assert (keys == "").sum() == num_missing


def test_another_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"key must be one of occupation, .* got 'sex'"):
        Adult(key="sex")


def test_numbers_are_standardised_by_the_training_rows() -> None:
    people, is_test = load_people()
    ages = people["age"].to_numpy(dtype=float)
    expected = (ages[is_test] - ages[~is_test].mean()) / ages[~is_test].std()
    samples = ADULT.samples()
    assert samples.test[:, 0] == pytest.approx(expected, abs=1e-6)
    assert samples.train[:, 0].mean(dtype=float) == pytest.approx(0, abs=1e-6)


def test_each_word_is_one_hot() -> None:
    samples = ADULT.samples()
    assert samples.train.shape[1] == NUM_FEATURES
    # eight attributes in words, missing ones included
    are_words = np.isin(samples.train, (0, 1)).all(axis=0)
    assert (samples.train[:, are_words].sum(axis=1) == 8).all()


def test_equal_rows_are_on_one_side() -> None:
    people, is_test = load_people()
    sides = people.assign(side=is_test).groupby(list(people.columns), observed=True, dropna=False)
    assert people.duplicated().any() and (sides["side"].nunique() == 1).all()


def test_a_row_has_its_bytes() -> None:
    assert row_bytes(load_people()[0]) == ADULT.sample_bytes == ROW_BYTES
