"""Classes are those of one provider, and what is published leaves the raw features as they were."""

import numpy as np
import pandas as pd
import pytest

from runners.anonymity.quasi import quasi_identifiers
from runners.anonymity.raw import Rows
from runners.anonymity.rule import Rule
from runners.anonymity.table_figures import linkage_figures, risk_figures
from runners.anonymity.tables import anonymous_blocks, classify, feature_blocks
from runners.data.columns import encode

AGES = [20, 20, 24, 20, 24, 20]
"""Two providers have rows 0, 1, 2 and 3, 4; row 5 is someone else's."""

RAW = Rows(
    frame=pd.DataFrame({"age": AGES}),
    targets=np.zeros(6, dtype=np.int64),
    is_test=np.zeros(6, dtype=bool),
)
COLUMNS = quasi_identifiers(RAW.frame, ["age"])
RULE = Rule(k=2, least_diversity=1, diversity="distinct")
CLASSES = classify(RAW, COLUMNS, [np.array([0, 1, 2]), np.array([3, 4])], RULE)


def test_providers_share_no_class() -> None:
    # three rows can't be cut into twos, nor can two
    assert CLASSES.numbers.tolist() == [0, 0, 0, 1, 1]
    assert CLASSES.rows.tolist() == [0, 1, 2, 3, 4]
    assert CLASSES.providers.tolist() == [0, 0, 0, 1, 1]


def test_raw_features_are_left_as_they_were() -> None:
    before = feature_blocks(RAW)
    after = anonymous_blocks(before, COLUMNS, CLASSES, [])
    assert (before["age"] == encode(RAW.frame, RAW.is_test)).all()
    assert len(np.unique(after["age"][:5])) == 1  # the middle of 20 and 24
    assert after["age"][5] == before["age"][5]


def test_a_prosecutor_knows_the_provider_and_a_journalist_a_register() -> None:
    figures = risk_figures(COLUMNS, CLASSES)
    # Among the first provider's, 20 is there twice and 24 once; among the second's once each.
    assert figures["prosecutor"]["before"] == pytest.approx(
        {"mean": 0.8, "max": 1, "unique_fraction": 0.6}
    )
    # (1/3 · 3 + 1/2 · 2) / 5
    assert figures["prosecutor"]["after"] == pytest.approx(
        {"mean": 0.4, "max": 0.5, "unique_fraction": 0}
    )
    # Of all six, four are 20 and two are 24: (3 · ¼ + 2 · ½) / 5. All six are 20 to 24.
    assert figures["journalist"]["before"] == pytest.approx(
        {"mean": 0.35, "max": 0.5, "unique_fraction": 0}
    )
    assert figures["journalist"]["after"]["mean"] == pytest.approx(1 / 6)


def test_an_attacker_finds_rows_among_those_of_all_providers() -> None:
    before = feature_blocks(RAW)
    after = anonymous_blocks(before, COLUMNS, CLASSES, [])
    features = (before["age"], after["age"])
    figures = linkage_figures(features, COLUMNS, CLASSES, np.random.default_rng(0))
    # Of the five published, three are 20 and two 24: (3 · ⅓ + 2 · ½) / 5. After, all are alike.
    assert figures == pytest.approx({"num_targets": 5, "before": 0.4, "after": 0.2})


def test_features_side_by_side_are_the_inputs() -> None:
    frame = pd.DataFrame({"age": [1.0, None, 3.0], "town": ["a", "b", None]})
    raw = Rows(frame=frame, targets=np.zeros(3), is_test=np.array([False, False, True]))
    blocks = np.concatenate(list(feature_blocks(raw).values()), axis=1)
    assert (blocks == encode(frame, raw.is_test)).all()
