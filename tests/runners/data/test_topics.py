"""A mailing list's topic is told by what people write, not by the list's signature."""

import re

import numpy as np
import pytest

from runners.data.mails import load_mails
from runners.data.topics import Topics, anonymous, thread_of


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Re: [ILUG] Sun Solaris..", "Re: Sun Solaris.."),
        ("so it is. http://xent.com/mailman/listinfo/fork", "so it is."),
        ("John -- Irish Linux Users' Group: ilug@linux.ie http://www.linux.ie", "John"),
        ("Bye " + "_" * 47 + " RPM-List mailing list <RPM-List@freshrpms.net>", "Bye"),
        ("Hm " + "-" * 55 + " This sf.net email is sponsored by: OSDN", "Hm"),
        ("I wrote to the FoRK list and to exmh-users", "I wrote to the list and to"),
        ("forks of razor on linux, by rpm", "forks of razor on linux, by rpm"),
    ],
)
def test_what_names_a_list_is_taken_out(text: str, left: str) -> None:
    assert " ".join(anonymous(text).split()) == left


def test_no_mail_of_the_lists_has_a_signature_left() -> None:
    mails = load_mails()
    lists = mails["mailing_list"].isin(["fork", "ilug", "rpm-zzzlist"]) & ~mails["is_spam"]
    texts = [
        f"{anonymous(subject)} {anonymous(body)}".lower()
        for subject, body in mails.loc[lists, ["subject", "body"]].itertuples(index=False)
    ]
    used = {word for text in texts for word in re.findall(r"[a-z0-9]+", text)}
    assert used.isdisjoint({"fork", "ilug", "xent", "freshrpms", "zzzlist", "listinfo"})
    assert {"linux", "rpm", "forking"} <= used
    assert not any("://" in text or "@" in text for text in texts)


def test_a_thread_is_a_subject_without_tags_and_replies() -> None:
    subjects = ["[ILUG] SUSE 8 disks?", "Re: [ILUG] SuSE 8  disks?", "RE: Fwd: suse 8 disks?"]
    assert {thread_of(subject) for subject in subjects} == {"suse 8 disks?"}


def test_classes_are_the_largest_lists_and_have_no_key() -> None:
    index = Topics(num_classes=3).index()
    together = np.bincount(index.train_labels) + np.bincount(index.test_labels)
    assert together.tolist() == [1051, 541, 397]  # as in load_mails(), counted by mailing_list
    assert index.train_keys is None


def test_lists_are_told_apart_by_their_words_but_not_at_once() -> None:
    from sklearn.linear_model import LogisticRegression

    samples = Topics(num_classes=3).samples()
    model = LogisticRegression(C=0.3, max_iter=500)
    model.fit(words(samples.train), samples.train_targets)
    accuracy = model.score(words(samples.test), samples.test_targets)
    # half of the test mails are fork's; with the lists' tags and footers left in it is 0.995
    assert 0.7 < accuracy < 0.95


def words(numbers: np.ndarray) -> np.ndarray:
    """Return which of the known words each text has."""
    has = np.zeros((len(numbers), 1000))
    np.put_along_axis(has, numbers, 1.0, axis=1)
    return has[:, 2:]


@pytest.mark.parametrize("num_classes", [1, 9])
def test_a_number_of_lists_that_there_are_not_is_refused(num_classes: int) -> None:
    with pytest.raises(ValueError, match=rf"num_classes must be between 2 .* got {num_classes}"):
        Topics(num_classes=num_classes)
