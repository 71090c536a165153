"""Texts become word numbers."""

import numpy as np

from runners.data.words import number_words


def test_words_are_numbered_below_the_vocabulary() -> None:
    texts = ["Free money! FREE", "money for free", "unseen words"]
    numbers = number_words(texts, np.array([True, True, False]), vocabulary=4, length=3)
    # free 3 times is 2, money! and money and for once each: the first seen of them is 3
    assert numbers.tolist() == [[2, 3, 2], [1, 1, 2], [1, 1, 0]]


def test_words_beyond_the_length_do_not_count() -> None:
    numbers = number_words(["a b b b", "b"], np.array([True, False]), vocabulary=3, length=1)
    assert numbers.tolist() == [[2], [1]]
