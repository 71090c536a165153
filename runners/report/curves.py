"""Owns the accuracy curves of a sweep: a step function per seed, and their mean per mode.

Between two evaluations a run keeps the accuracy of the last one; after its end it keeps the final
one. x is virtual seconds or bytes, y a fraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from runners.report.load import Sweep

MAX_POINTS = 400
"""More than this many points per curve are not visible, and make the page heavy."""

WIDE_RATIO = 10.0

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SeedCurve:
    """The accuracy `y` of one run at `x`, both of shape [evaluations]."""

    seed: int
    x: Values
    y: Values


@dataclass(frozen=True, kw_only=True)
class ModeCurve:
    """The mean accuracy `y` of a mode over its seeds, at every `x` where any was evaluated."""

    label: str
    x: Values
    y: Values
    seeds: tuple[SeedCurve, ...]


def accuracy_curves(sweep: Sweep, x_column: str) -> list[ModeCurve]:
    """Return a curve per mode over `x_column`, which is `end_sim_s` or `num_bytes`."""
    if not sweep.has_accuracy:
        return []
    evaluated = sweep.rounds.dropna(subset=["test_accuracy"])
    return [
        _mode_curve(str(label), rows.sort_values("round"), x_column)
        for label, rows in evaluated.groupby("label", sort=False)
    ]


def is_wide(values: Sequence[float]) -> bool:
    """Whether positive `values` lie too far apart to be read on one linear axis."""
    positive = [value for value in values if value > 0]
    return bool(positive) and max(positive) > WIDE_RATIO * min(positive)


def _mode_curve(label: str, rows: pd.DataFrame, x_column: str) -> ModeCurve:
    seeds = tuple(
        SeedCurve(
            seed=seed,
            x=rows.loc[rows["seed"] == seed, x_column].to_numpy(dtype=np.float64),
            y=rows.loc[rows["seed"] == seed, "test_accuracy"].to_numpy(dtype=np.float64),
        )
        for seed in sorted(rows["seed"].unique())
    )
    start = max(curve.x[0] for curve in seeds)
    everywhere = np.unique(np.concatenate([curve.x for curve in seeds]))
    grid = _thin(everywhere[everywhere >= start])
    mean = np.mean([_step_at(curve, grid) for curve in seeds], axis=0)
    return ModeCurve(
        label=label, x=grid, y=mean, seeds=tuple(_thin_curve(curve) for curve in seeds)
    )


def _step_at(curve: SeedCurve, grid: Values) -> Values:
    """Return the accuracy of the last evaluation at or before each point of `grid`."""
    return curve.y[np.searchsorted(curve.x, grid, side="right") - 1]


def _thin_curve(curve: SeedCurve) -> SeedCurve:
    chosen = _spread(len(curve.x))
    return SeedCurve(seed=curve.seed, x=curve.x[chosen], y=curve.y[chosen])


def _thin(values: Values) -> Values:
    return values[_spread(len(values))]


def _spread(num_values: int) -> npt.NDArray[np.int64]:
    """Return evenly spread indices, first and last among them."""
    return np.unique(np.linspace(0, num_values - 1, min(num_values, MAX_POINTS)).astype(np.int64))
