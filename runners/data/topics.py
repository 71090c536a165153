"""Data `topics`: the mailing list that a legitimate SpamAssassin mail came from, told by its words.

Stands in for the source's example of three topics (technology, entertainment, sports). The classes
are the largest lists: 0 fork (talk among friends of bits, 1,051 mails), 1 ilug (Linux in Ireland,
541), 2 rpm-zzzlist (Linux packages, 397), 3 razor-users, 4 spamassassin-talk, 5 exmh-workers, 6
exmh-users, 7 spamassassin-devel. The list is the label, so there is no natural key.

Lists sign their mails, and a model that reads the signature has learned nothing. So these are taken
out before words are counted: tags in brackets ("[ILUG]"), addresses of mail and web, the footer
that a list puts below a mail with all that follows it, and the names of all the lists. What people
write of themselves (their names, their own signatures) stays. Mails of one thread (one subject
without tags and "Re:") are on one side; the held-out test set is a fifth, to whole threads.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from runners.anonymity.raw import Texts
from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples, held_out_groups
from runners.data.mails import MAIL_BYTES, load_mails
from runners.data.words import number_words
from runners.partition import Index

if TYPE_CHECKING:
    import pandas as pd

VOCABULARY = 1000
LENGTH = 100
NUM_LISTS = 8
"""Lists with 50 mails and more."""

FOOTER = re.compile(r"_{20,}|-{20,} (?:This|In remembrance)|-- Irish Linux|_{5,} \S+ mailing list")
NAMES = re.compile(
    r"\[[^\]]*\]"  # [ILUG]
    r"|\S*(?:://|@|www\.)\S*"  # addresses
    r"|\b(?:fork|xent|ilug|irish linux users'? group|linux\.ie|freshrpms|rpm[- ](?:zzz)?list"
    r"|razor[- ]users|spamassassin[- ](?:talk|devel)|satalk|sadev|sa-(?:talk|dev)"
    r"|exmh[- ](?:users|workers)|mailing list|mailman|listinfo|sourceforge|sf\.net)\b",
    re.IGNORECASE,
)
REPLY = re.compile(r"\b(?:re|fwd?|aw)\s*:", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Provide word numbers of shape (100,), and which of the `num_classes` largest lists."""

    num_classes: int

    inputs = (LENGTH,)
    vocabulary = VOCABULARY
    target = "class"
    num_values = 0
    sample_bytes = MAIL_BYTES + 1

    def __post_init__(self) -> None:
        if not 2 <= self.num_classes <= NUM_LISTS:
            raise ValueError(
                f"num_classes must be between 2 and the {NUM_LISTS} lists with enough mails, got "
                f"{self.num_classes}; try task.data.num_classes=3"
            )

    def index(self) -> Index:
        """Return the labels."""
        _, labels, is_test = _divide(self.num_classes)
        return divided_index(labels, None, is_test)

    def samples(self) -> Samples:
        """Return word numbers and labels."""
        _, labels, is_test = _divide(self.num_classes)
        return divided_samples(_word_numbers(self.num_classes), labels, is_test)

    def texts(self) -> Texts:
        """Return the mails' texts without what names their lists, for anonymisation."""
        _, labels, is_test = _divide(self.num_classes)
        return Texts(
            texts=_texts(self.num_classes),
            targets=labels,
            is_test=is_test,
            encode=partial(_encode, is_test),
        )


@cache
def _divide(num_classes: int) -> tuple["pd.DataFrame", np.ndarray, np.ndarray]:
    """Return the mails of the largest lists, their labels, and which are the test set."""
    mails = load_mails()
    mails = mails[~mails["is_spam"] & (mails["mailing_list"] != "none")]
    largest = mails["mailing_list"].value_counts().index[:num_classes].tolist()
    mails = mails[mails["mailing_list"].isin(largest)]
    labels = mails["mailing_list"].map(largest.index).to_numpy(dtype=np.int64)
    threads, _ = mails["subject"].map(thread_of).factorize()
    return mails, labels, held_out_groups("topics", threads)


@cache
def _word_numbers(num_classes: int) -> np.ndarray:
    return _encode(_divide(num_classes)[2], _texts(num_classes))


def _texts(num_classes: int) -> list[str]:
    mails = _divide(num_classes)[0]
    pairs = zip(mails["subject"], mails["body"], strict=True)
    return [f"{anonymous(subject)} {anonymous(body)}" for subject, body in pairs]


def _encode(is_test: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    return number_words(texts, ~is_test, vocabulary=VOCABULARY, length=LENGTH)


def anonymous(text: str) -> str:
    """Return a text without what names its list."""
    return NAMES.sub(" ", FOOTER.split(text, maxsplit=1)[0])


def thread_of(subject: str) -> str:
    """Return what the subjects of a thread have in common."""
    return " ".join(REPLY.sub(" ", anonymous(subject)).lower().split())
