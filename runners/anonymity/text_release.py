"""Owns the release of texts: samples made of texts with pseudonyms, and figures.

Names are learned from each provider's texts by themselves, as they pass the proxy one provider
after the other; the key is one for all, so that one address gets one pseudonym wherever it stands.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from runners.anonymisation import Release
from runners.anonymity.names import learn_names
from runners.anonymity.pseudonyms import Pseudonyms
from runners.anonymity.raw import Texts
from runners.data.holdout import divided_samples


def release_texts(
    raw: Texts, providers: Sequence[np.ndarray], kinds: Collection[str], key: bytes
) -> Release:
    """Return samples of which providers' texts have pseudonyms; `providers` are their numbers in
    the training set, int64.
    """
    training = np.flatnonzero(~raw.is_test)
    texts = list(raw.texts)
    published: list[tuple[str, str]] = []
    makers = []
    for numbers in providers:
        rows = training[numbers].tolist()
        before = [texts[row] for row in rows]
        maker = Pseudonyms(key, kinds, learn_names(before) if "name" in kinds else frozenset())
        after = [maker.replace(text) for text in before]
        for row, text in zip(rows, after, strict=True):
            texts[row] = text
        published += zip(before, after, strict=True)
        makers.append(maker)
    return Release(
        samples=divided_samples(raw.encode(texts), raw.targets, raw.is_test),
        figures=_figures(published, makers),
    )


def _figures(published: Sequence[tuple[str, str]], makers: Sequence[Pseudonyms]) -> dict[str, Any]:
    """Return what was replaced; and the characters of addresses that are left, a sign of forms that
    were not known.
    """
    num_bytes = [
        sum(len(text.encode()) for text in texts) for texts in zip(*published, strict=True)
    ]
    after = [text for _, text in published]
    return {
        "num_texts": len(published),
        "num_changed": sum(before != now for before, now in published),
        "num_replaced": dict(sum((maker.counts for maker in makers), Counter[str]())),
        "num_given": dict(
            Counter(kind for kind, _ in set().union(*(maker.things for maker in makers)))
        ),
        "num_at_signs_left": sum(text.count("@") for text in after),
        "num_schemes_left": sum(text.count("://") for text in after),
        "size_ratio": num_bytes[1] / num_bytes[0],
    }
