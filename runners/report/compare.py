"""Owns the statistics of a report: means over seeds, and differences paired by seed.

In: the table of runs (`Sweep.runs`), in seconds, bytes and fractions. Out: the same units.
Intervals are 95 % Student t. A missed target stays in the count: there is no mean time to it unless
every seed reached it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from runners.report.quantities import QUANTITIES, THROUGHPUT, Quantity

Values = npt.NDArray[np.float64]

CONFIDENCE = 0.95
PREFERRED_BASELINE = "partner/allreduce"
_NOISE = 1e-12
"""Values closer than this, relative to their size, differ by rounding only."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over seeds; `half_width` needs two values, `mean` is None when there is none to state.

    `num_values` seeds have a value, `num_missed` of `num_runs` finished seeds missed the target.
    """

    mean: float | None
    half_width: float | None
    num_values: int
    num_runs: int
    num_missed: int = 0


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All figures of one mode: estimates by `Quantity.column`."""

    label: str
    num_runs: int
    num_finished: int
    estimates: dict[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class PairedMean:
    """A mean of paired differences or ratios, its 95 % interval; `note` says why a part is None."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How a mode differs from the baseline, − or ÷, over the seeds that both finished."""

    label: str
    baseline: str
    quantity: Quantity
    is_ratio: bool
    num_seeds: int
    mean: PairedMean

    @property
    def is_told(self) -> bool:
        """Whether the interval excludes "no difference"."""
        if self.mean.low is None or self.mean.high is None:
            return False
        return not self.mean.low <= self._neutral <= self.mean.high

    @property
    def is_higher(self) -> bool:
        """Whether the mode's value is above the baseline's."""
        return self.mean.value is not None and self.mean.value > self._neutral

    @property
    def _neutral(self) -> float:
        return 1.0 if self.is_ratio else 0.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Hold a sweep's statistics; `baseline` is None when no run finished."""

    baseline: str | None
    summaries: tuple[Summary, ...]
    differences: tuple[Difference, ...]

    def summary_of(self, label: str) -> Summary:
        """Return the summary of the mode with this label."""
        return next(summary for summary in self.summaries if summary.label == label)


def compare_runs(runs: pd.DataFrame) -> Comparison:
    """Summarise every mode; hold each against partner/allreduce if it is there, else the first."""
    counted = runs[runs["status"] != "superseded"]
    labels = list(counted["label"].unique())
    summaries = tuple(_summarise(label, counted[counted["label"] == label]) for label in labels)
    finished = counted[counted["status"] == "finished"]
    baseline = _pick_baseline([summary.label for summary in summaries if summary.num_finished])
    others = [label for label in labels if baseline is not None and label != baseline]
    return Comparison(
        baseline=baseline,
        summaries=summaries,
        differences=tuple(
            paired_difference(
                finished, label, str(baseline), quantity, is_ratio=quantity.compared_as == "ratio"
            )
            for label in others
            for quantity in QUANTITIES
            if quantity.compared_as is not None and _is_measured(finished, quantity)
        ),
    )


def estimate_mean(values: Sequence[float], num_runs: int) -> Estimate:
    """Return the mean of `values` with its t interval, mean ± t(0.975, n − 1) s ÷ √n."""
    present = np.asarray([value for value in values if not math.isnan(value)], dtype=float)
    num_values = len(present)
    return Estimate(
        mean=float(present.mean()) if num_values else None,
        half_width=_half_width(present) if num_values > 1 else None,
        num_values=num_values,
        num_runs=num_runs,
    )


def paired_difference(
    finished: pd.DataFrame, label: str, baseline: str, quantity: Quantity, *, is_ratio: bool
) -> Difference:
    """Compare two modes seed by seed; a ratio is a geometric mean, its interval is on logs."""
    pairs = pairs_by_seed(finished, label, baseline, quantity)
    why_not = _why_not_comparable(pairs, quantity, is_ratio=is_ratio)
    mean = (
        PairedMean(note=why_not)
        if why_not
        else _paired_mean(pairs[label], pairs[baseline], is_ratio=is_ratio)
    )
    return Difference(
        label=label,
        baseline=baseline,
        quantity=quantity,
        is_ratio=is_ratio,
        num_seeds=len(pairs),
        mean=mean,
    )


def pairs_by_seed(
    finished: pd.DataFrame, label: str, baseline: str, quantity: Quantity
) -> pd.DataFrame:
    """Return the values of both modes, one column each, for the seeds in which both have one."""
    values = {
        name: finished[finished["label"] == name].set_index("seed")[quantity.column]
        for name in (label, baseline)
    }
    return pd.concat(values, axis=1, join="inner").dropna()


def _summarise(label: str, rows: pd.DataFrame) -> Summary:
    finished = rows[rows["status"] == "finished"]
    return Summary(
        label=label,
        num_runs=len(rows),
        num_finished=len(finished),
        estimates={quantity.column: _estimate(finished, quantity) for quantity in QUANTITIES},
    )


def _estimate(finished: pd.DataFrame, quantity: Quantity) -> Estimate:
    """Estimate one figure of one mode; with a missed target there is no mean, only the count."""
    values = finished[quantity.column].tolist()
    if not quantity.needs_target:
        return estimate_mean(values, num_runs=len(values))
    has_target = (finished["target_accuracy"].notna() & finished["accuracy"].notna()).tolist()
    num_missed = sum(
        math.isnan(value) and target for value, target in zip(values, has_target, strict=True)
    )
    estimate = estimate_mean([] if num_missed else values, num_runs=len(values))
    num_values = sum(not math.isnan(value) for value in values)
    return Estimate(
        mean=estimate.mean,
        half_width=estimate.half_width,
        num_values=num_values,
        num_runs=len(values),
        num_missed=num_missed,
    )


def _pick_baseline(labels: Sequence[str]) -> str | None:
    preferred = [label for label in labels if label.split(",")[0] == PREFERRED_BASELINE]
    return next(iter([*preferred, *labels]), None)


def _is_measured(finished: pd.DataFrame, quantity: Quantity) -> bool:
    """Whether any run has the figure or was meant to; not so for accuracy with `learner=none`."""
    if quantity.needs_target:
        return bool((finished["target_accuracy"].notna() & finished["accuracy"].notna()).any())
    return quantity is THROUGHPUT or bool(finished[quantity.column].notna().any())


def _why_not_comparable(pairs: pd.DataFrame, quantity: Quantity, *, is_ratio: bool) -> str:
    """Return why there is no difference to state, or an empty text."""
    if pairs.empty:
        return "no seed where both reached it" if quantity.needs_target else "no seed both finished"
    zero = [str(label) for label in pairs.columns if is_ratio and (pairs[label] <= 0).any()]
    return f"no ratio: 0 for {' and '.join(zero)}" if zero else ""


def _paired_mean(
    ours: "pd.Series[float]", theirs: "pd.Series[float]", *, is_ratio: bool
) -> PairedMean:
    one, other = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if not is_ratio:
        return _paired_t(one, other)
    logs = _paired_t(np.log(one), np.log(other))
    return replace(logs, value=_exp(logs.value), low=_exp(logs.low), high=_exp(logs.high))


def _paired_t(ours: Values, theirs: Values) -> PairedMean:
    """Return the mean of `ours` − `theirs` with its paired t interval and its p-value."""
    from scipy import stats

    differences = ours - theirs
    mean = float(differences.mean())
    if len(differences) == 1:
        return PairedMean(value=mean, note="one seed: no interval")
    if np.ptp(differences) <= _NOISE * max(np.abs(ours).max(), np.abs(theirs).max()):
        return PairedMean(value=mean, low=mean, high=mean, note="same in every seed")
    result = stats.ttest_rel(ours, theirs)
    interval = result.confidence_interval(CONFIDENCE)
    return PairedMean(
        value=mean, low=float(interval.low), high=float(interval.high), p_value=float(result.pvalue)
    )


def _half_width(values: Values) -> float:
    from scipy import stats

    if np.ptp(values) <= _NOISE * np.abs(values).max():
        return 0.0
    quantile = stats.t.ppf((1 + CONFIDENCE) / 2, df=len(values) - 1)
    return float(quantile * values.std(ddof=1) / math.sqrt(len(values)))


def _exp(value: float | None) -> float | None:
    return None if value is None else math.exp(value)
