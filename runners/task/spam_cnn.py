"""Task `spam_cnn`: SpamAssassin's mails, spam or not, with the text CNN of source system M1.

A mail is its subject and body, lower-cased words, the first 100 of them; words are numbered by how
often the training mails use them, and what is not among the first 1,000 numbers (0 pads, 1 is any
other word) is unknown. Every fifth mail of a fixed shuffle is the held-out test set. The natural
key is the mailing list; mails from no list have none.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from runners.model import text_cnn
from runners.partition import Index
from runners.task import Samples, check_recipe
from runners.task.files import DATA
from sim.streams import stream

if TYPE_CHECKING:
    import pandas as pd
    import torch

VOCABULARY = 1000
LENGTH = 100
MAIL_BYTES = 1400
"""Mean UTF-8 size of subject and body as shipped, rounded to 10 (test_tasks.py computes it)."""

_WORD = re.compile(r"[a-z0-9$!']+")
_PAD, _OTHER = 0, 1


@dataclass(frozen=True, kw_only=True)
class SpamCnn:
    """Tell spam (1) from legitimate mail (0)."""

    batch_size: int
    optimizer: str
    learning_rate: float
    num_classes = 2

    def __post_init__(self) -> None:
        check_recipe(self)

    @property
    def num_parameters(self) -> int:
        """Weights and biases."""
        return sum(self.tensor_parameters())

    @property
    def train_flops_per_sample(self) -> float:
        """FLOPs of one sample's forward and backward pass."""
        return text_cnn.train_flops_per_sample(LENGTH, self.num_classes)

    @property
    def sample_bytes(self) -> int:
        """A mail's mean size, label included."""
        return MAIL_BYTES + 1

    def tensor_parameters(self) -> tuple[int, ...]:
        """Return the sizes of the model's tensors."""
        return text_cnn.tensor_parameters(VOCABULARY, self.num_classes)

    def index(self) -> Index:
        """Return the labels, and the mailing lists as keys."""
        mails, is_test = _mails()
        labels = mails["is_spam"].to_numpy(dtype=np.int64)
        keys = mails["mailing_list"].replace("none", "").to_numpy(dtype=object)
        return Index(
            train_labels=labels[~is_test],
            test_labels=labels[is_test],
            train_keys=keys[~is_test],
            test_keys=keys[is_test],
        )

    def samples(self) -> Samples:
        """Return word numbers, int64 of shape (num_samples, 100)."""
        numbers, is_test = _word_numbers()
        return Samples(train=numbers[~is_test], test=numbers[is_test])

    def model(self) -> "torch.nn.Module":
        """Return a new text CNN."""
        return text_cnn.build(VOCABULARY, self.num_classes)


@cache
def _mails() -> tuple["pd.DataFrame", np.ndarray]:
    import pandas as pd

    mails = pd.read_parquet(
        DATA / "spam_assassin.parquet", columns=["subject", "body", "is_spam", "mailing_list"]
    )
    bodies, distinct = mails["body"].fillna("").factorize()
    is_test = stream(0, "test set", "spam").permutation(len(distinct)) % 5 == 0
    return mails, is_test[bodies]


@cache
def _word_numbers() -> tuple[np.ndarray, np.ndarray]:
    mails, is_test = _mails()
    texts = (mails["subject"].fillna("") + " " + mails["body"].fillna("")).str.lower()
    words = [_WORD.findall(text)[:LENGTH] for text in texts]
    counts = Counter(
        word for mail, test in zip(words, is_test, strict=True) if not test for word in mail
    )
    known = {
        word: number for number, (word, _) in enumerate(counts.most_common(VOCABULARY - 2), start=2)
    }
    numbers = np.full((len(words), LENGTH), _PAD, dtype=np.int64)
    for row, mail in zip(numbers, words, strict=True):
        row[: len(mail)] = [known.get(word, _OTHER) for word in mail]
    return numbers, is_test
