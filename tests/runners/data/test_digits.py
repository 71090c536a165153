"""Digits are those of scikit-learn."""

from collections import Counter

import numpy as np

from runners.data.digits import Digits
from runners.data.shipped import SHIPPED


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    with np.load(SHIPPED / "digits.npz") as ours:
        assert np.array_equal(ours["images"].reshape(-1, 64), theirs.data)
        assert np.array_equal(ours["labels"], theirs.target)
    samples = Digits().samples()
    # every image is in one of the two sets, scaled from 0-16 to 0-1
    together = np.concatenate([samples.train, samples.test])
    scaled = (theirs.data / 16).astype(np.float32)
    assert Counter(map(bytes, together)) == Counter(map(bytes, scaled))
