"""Owns what runs of a sweep are called by the options that they differ in."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from runners.report.load import Sweep

NOTHING = "none"


def option_titles(sweep: Sweep, group: str) -> list[str]:
    """Return each finished run's option of a group, with the settings in which runs with that
    option differ; a setting that is null is left out.
    """
    records = [sweep.records[run] for run in sweep.finished["run"]]
    titles = pd.Series([record["names"].get(group, NOTHING) for record in records])
    settings = pd.json_normalize([record["config"].get(group) or {} for record in records])
    for name in titles.unique():
        mine = titles == name
        for column, values in settings[mine].items():
            texts = values.map(partial(_setting, str(column).rpartition(".")[2]))
            if texts.nunique() > 1:
                titles[mine] += texts
    return titles.tolist()


def _setting(name: str, value: Any) -> str:
    is_null = value is None or value != value  # a table's None is no number
    return "" if is_null else f" {name}={value}"


def check_told_apart(runs: pd.DataFrame, key: Sequence[str], folder: Path, groups: str) -> None:
    """Raise ValueError where a mean would be of runs that differ in more than their seed: some
    agree in all columns of the key, which says how they differ in `groups`.
    """
    doubles = runs[runs.duplicated(list(key), keep=False)]
    if len(doubles):
        one, other = doubles.sort_values(list(key))["run"].tolist()[:2]
        raise ValueError(
            f"{folder} must have runs that differ in {groups} and seed only, "
            f"got {one} and {other}, which are the same in these; give a folder without one of them"
        )
