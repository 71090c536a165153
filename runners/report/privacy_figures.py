"""Owns what a report shows of privacy: whose data each mode's mechanisms hide, from whom, and what
has been spent or gone wrong.

In: a sweep, whose finished runs' records have a `privacy` part. Out: nothing where no mechanism
guarantees anything.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from runners.report.load import Sweep
from runners.report.table import Table
from runners.report.units import DASH, format_value


def privacy_tables(sweep: Sweep) -> list[Table]:
    """Return a row for each mode and mechanism, over its finished runs."""
    rows = pd.DataFrame(list(_rows(sweep)))
    if rows.empty:
        return []
    groups: Any = rows.groupby(["label", "mechanism", "unit", "hidden_from"], sort=False)
    return [
        Table(
            title="Privacy",
            columns=(
                *("mode", "mechanism", "hides each", "from", "runs"),
                *("ε at most", "ended by ε", "values cut off"),
            ),
            rows=tuple((*names, *_figures(some)) for names, some in groups),
            note="what it rests on is in the records; where a secure sum's range has cut off "
            "values, the model did not get the sum of the updates",
            num_text_columns=4,
        )
    ]


def _rows(sweep: Sweep) -> Iterator[dict[str, Any]]:
    """Yield a row for each guarantee of each finished run."""
    for run, label in zip(sweep.finished["run"], sweep.finished["label"], strict=True):
        record = sweep.records[run]
        privacy = record["privacy"] or {}
        for one in privacy.get("guarantees", ()):
            yield {
                "label": label,
                **{name: one[name] for name in ("mechanism", "unit", "hidden_from", "epsilon")},
                "is_ended": (record["virtual"] or {}).get("ended_by") == "privacy",
                "num_clipped": privacy.get("num_clipped"),
            }


def _figures(some: pd.DataFrame) -> tuple[str, ...]:
    epsilons, clipped = some["epsilon"].dropna(), some["num_clipped"].dropna()
    return (
        str(len(some)),
        DASH if epsilons.empty else format_value(float(epsilons.max()), "score"),
        str(int(some["is_ended"].sum())),
        DASH if clipped.empty else f"{int(clipped.sum()):,}",
    )
