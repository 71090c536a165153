"""Mails are those that ship, in words that training knows."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from runners.data.mails import MAIL_BYTES, load_mails
from runners.data.shipped import SHIPPED
from runners.data.spam import LENGTH, VOCABULARY, Spam

SPAM = Spam()


@pytest.fixture(scope="module")
def mails() -> pd.DataFrame:
    return pd.read_parquet(SHIPPED / "spam_assassin.parquet")


def test_every_mail_is_in_one_of_the_two_sets(mails: pd.DataFrame) -> None:
    assert len(mails) == 5908
    assert not mails.duplicated(["subject", "body"]).any()
    index = SPAM.index()
    assert index.train_keys is not None and index.test_keys is not None
    mixed = Counter(zip(index.train_keys, index.train_labels, strict=True)) + Counter(
        zip(index.test_keys, index.test_labels, strict=True)
    )
    lists = mails["mailing_list"].replace("none", "")
    assert mixed == Counter(zip(lists, mails["is_spam"].astype(int), strict=True))


def test_a_mails_bytes_are_the_mean_as_shipped() -> None:
    mails = load_mails()
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
