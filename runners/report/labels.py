"""Owns the name of a run in a report: its mode, and whatever else differs in the sweep.

Runs that share a label differ in nothing but their seed, so that a mean over them is a mean over
seeds.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

NAMES_THAT_MAY_VARY = (
    "task", "scenario", "topology", "transport", "bandwidth", "variability", "availability",
    "fault", "partition", "agent", "privacy", "anonymisation", "compression", "aggregation",
    "attack", "hardware", "learner",
)  # fmt: skip
SUPERSEDED = "superseded"


def label_runs(runs: pd.DataFrame, records: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return `runs` with a column `label`, in the order in which a report shows them.

    Of runs with equal label and seed the newest finished one counts; the others get status
    `superseded`.
    """
    varying = [name for name in NAMES_THAT_MAY_VARY if runs[name].nunique(dropna=False) > 1]
    labels = runs["mode"].astype(str)
    for name in varying:
        labels = labels + ", " + name + "=" + runs[name].fillna("none").astype(str)
    runs = runs.assign(label=labels)
    for label in runs.loc[runs.duplicated(["label", "seed"]), "label"].unique():
        rows = runs["label"] == label
        runs.loc[rows, "label"] += _what_else_differs(runs.loc[rows, "run"], records)
    return _in_report_order(_supersede(runs))


def _what_else_differs(
    names: "pd.Series[str]", records: Mapping[str, Mapping[str, Any]]
) -> "pd.Series[str]":
    """Return what to add to the labels of these runs: where their configs differ."""
    configs = [_flatten(records[name]["config"]) for name in names]
    flat = pd.DataFrame(configs, index=names.index).map(str, na_action="ignore").fillna("")
    differing = [key for key in flat.columns if key != "seed" and flat[key].nunique() > 1]
    added = pd.Series("", index=names.index)
    for key in differing:  # options of one group have settings of their own
        texts = [f", {key}={value}" if value else "" for value in flat[key]]
        added = added + pd.Series(texts, index=names.index)
    return added


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        flat |= (
            _flatten(value, f"{prefix}{key}.")
            if isinstance(value, Mapping)
            else {f"{prefix}{key}": value}
        )
    return flat


def _supersede(runs: pd.DataFrame) -> pd.DataFrame:
    order = runs.assign(is_finished=runs["status"] == "finished").sort_values(
        ["is_finished", "created_utc", "run"]
    )
    is_older = order.duplicated(["label", "seed"], keep="last")
    older = order.index[is_older & order["is_finished"]]
    runs.loc[older, "status"] = SUPERSEDED
    runs.loc[older, "error_message"] = "a newer run of the same configuration and seed counts"
    return runs


def _in_report_order(runs: pd.DataFrame) -> pd.DataFrame:
    """Put partner modes first, then proxy modes, then the floor and the ceiling."""
    order = runs.assign(group=runs["label"].map(_group))
    return order.sort_values(["group", "label", "seed", "run"], ignore_index=True).drop(
        columns="group"
    )


def _group(label: str) -> int:
    groups = ("partner/", "proxy/", "solo", "pool")
    return next(
        (number for number, start in enumerate(groups) if label.startswith(start)), len(groups)
    )
