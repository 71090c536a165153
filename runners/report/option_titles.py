"""Owns what runs of a sweep are called by the options that they differ in."""

from collections.abc import Iterator, Mapping, Sequence
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
    names = [record["names"].get(group, NOTHING) for record in records]
    settings = [dict(_leaves(record["config"].get(group) or {})) for record in records]
    titles = list(names)
    for name in dict.fromkeys(names):
        mine = [number for number, one in enumerate(names) if one == name]
        told = _differences([settings[number] for number in mine])
        for number, text in zip(mine, told, strict=True):
            titles[number] += text
    return titles


def _leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Give each setting that holds no others, by its dotted path."""
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _differences(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return for each of some runs the settings in which these runs differ, as they were given."""
    told = [""] * len(settings)
    for path in dict.fromkeys(path for one in settings for path in one):
        texts = [_setting(path.rpartition(".")[2], one.get(path)) for one in settings]
        if len(set(texts)) > 1:
            told = [before + text for before, text in zip(told, texts, strict=True)]
    return told


def _setting(name: str, value: Any) -> str:
    return "" if value is None else f" {name}={value}"


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
