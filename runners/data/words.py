"""Owns how texts become word numbers: 0 pads, 1 is any other word, 2 and up the words that the
training texts use most.
"""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"[a-z0-9$!']+")
_PAD, _OTHER = 0, 1


def number_words(
    texts: Sequence[str], counts: np.ndarray, *, vocabulary: int, length: int
) -> np.ndarray:
    """Return the first `length` word numbers of each text, int64 of shape (num_texts, length).

    Words are lower-cased and numbered below `vocabulary` by how often the texts that `counts` (a
    bool for each) use them within that length.
    """
    words = [_WORD.findall(text.lower())[:length] for text in texts]
    seen = Counter(
        word for text, known in zip(words, counts, strict=True) if known for word in text
    )
    known = {
        word: number for number, (word, _) in enumerate(seen.most_common(vocabulary - 2), start=2)
    }
    numbers = np.full((len(words), length), _PAD, dtype=np.int64)
    for row, text in zip(numbers, words, strict=True):
        row[: len(text)] = [known.get(word, _OTHER) for word in text]
    return numbers
