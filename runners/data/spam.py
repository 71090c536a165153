"""Data `spam`: SpamAssassin's mails, spam (1) or legitimate (0).

A mail is its subject and body, lower-cased words, the first 100 of them; words are numbered by how
often the training mails use them, and what is not among the first 1,000 numbers (0 pads, 1 is any
other word) is unknown. Every fifth mail of a fixed shuffle is the held-out test set; mails with one
body are on one side. The natural key is the mailing list; mails from no list have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from runners.anonymity.raw import Texts
from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples, held_out_fifth
from runners.data.mails import MAIL_BYTES, load_mails
from runners.data.words import number_words
from runners.partition import Index

VOCABULARY = 1000
LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class Spam:
    """Provide word numbers of shape (100,)."""

    inputs = (LENGTH,)
    vocabulary = VOCABULARY
    target = "class"
    num_classes = 2
    num_values = 0
    sample_bytes = MAIL_BYTES + 1

    def index(self) -> Index:
        """Return the labels, and the mailing lists as keys."""
        keys = load_mails()["mailing_list"].replace("none", "").to_numpy(dtype=object)
        return divided_index(_labels(), keys, _is_test())

    def samples(self) -> Samples:
        """Return word numbers and labels."""
        return divided_samples(_word_numbers(), _labels(), _is_test())

    def texts(self) -> Texts:
        """Return the mails' texts, for anonymisation."""
        return Texts(texts=_texts(), targets=_labels(), is_test=_is_test(), encode=_encode)


def _labels() -> np.ndarray:
    return load_mails()["is_spam"].to_numpy(dtype=np.int64)


@cache
def _is_test() -> np.ndarray:
    bodies, distinct = load_mails()["body"].factorize()
    return held_out_fifth("spam", len(distinct))[bodies]


@cache
def _word_numbers() -> np.ndarray:
    return _encode(_texts())


def _texts() -> list[str]:
    mails = load_mails()
    texts: list[str] = (mails["subject"] + " " + mails["body"]).tolist()
    return texts


def _encode(texts: Sequence[str]) -> np.ndarray:
    return number_words(texts, ~_is_test(), vocabulary=VOCABULARY, length=LENGTH)
