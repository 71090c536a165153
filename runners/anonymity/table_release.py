"""Owns the release of a table: anonymised samples, and their figures."""

from collections.abc import Sequence

import numpy as np

from runners.anonymisation import Release
from runners.anonymity.quasi import quasi_identifiers
from runners.anonymity.raw import Rows
from runners.anonymity.rule import Plan
from runners.anonymity.table_figures import linkage_figures, loss_figures, risk_figures
from runners.anonymity.tables import anonymous_blocks, classify, feature_blocks, rows_of
from runners.data.holdout import divided_samples
from sim.streams import stream


def release_table(raw: Rows, providers: Sequence[np.ndarray], plan: Plan, seed: int) -> Release:
    """Return samples of which providers' are anonymised; `providers` are their numbers in the
    training set, int64. The seed draws whom the linkage attack looks for, and nothing else.
    """
    columns = quasi_identifiers(raw.frame, plan.generalised)
    classes = classify(raw, columns, rows_of(raw, providers), plan.rule)
    before = feature_blocks(raw)
    after = anonymous_blocks(before, columns, classes, plan.dropped)
    names = [column.name for column in columns]
    known = tuple(
        np.concatenate([blocks[name] for name in names], axis=1) for blocks in (before, after)
    )
    inputs = np.concatenate(list(after.values()), axis=1)
    rng = stream(seed, "anonymisation", "linkage")
    return Release(
        samples=divided_samples(inputs, raw.targets, raw.is_test),
        figures={
            **loss_figures(raw, columns, classes, plan),
            **risk_figures(columns, classes),
            "linkage": linkage_figures((known[0], known[1]), columns, classes, rng),
        },
    )
