"""Owns the tables of means over seeds: what mechanisms cost, and what they leave to an attacker.

In: the rows of `runners.privacy_cost.figures`. Out: a row for each mechanism.
"""

import pandas as pd

from runners.privacy_cost import PLAIN
from runners.report.compare import PairedMean, estimate_mean, paired_difference
from runners.report.quantities import ACCURACY, BYTES, Quantity
from runners.report.table import Table, difference_text, estimate_text
from runners.report.units import DASH, format_ratio, format_value

ABOVE_CHANCE = 0.025
"""A run's attack is above chance where a guess finds as many with less than this probability."""

ROUND_TIME = Quantity(
    column="round_sim_s", title="time of a round", unit="seconds", higher_is_better=False
)
WORK_TIME = Quantity(
    column="work_wall_s", title="measured time", unit="seconds", higher_is_better=False
)
AUC = Quantity(column="auc", title="AUC", unit="score", higher_is_better=False)
FOUND = Quantity(
    column="found", title="found at 1 % false", unit="fraction", higher_is_better=False
)
RATIOS = (ROUND_TIME, BYTES, WORK_TIME)


def cost_table(runs: pd.DataFrame) -> Table:
    """Return accuracy, and time and bytes as multiples of those without privacy."""
    labelled = runs.assign(label=runs["mechanism"])
    return Table(
        title="What mechanisms cost",
        columns=(
            *("mechanism", "seeds", "accuracy", f"difference from {PLAIN}"),
            *(quantity.title for quantity in RATIOS),
        ),
        rows=tuple(_cost_row(labelled, title) for title in runs["mechanism"].unique()),
        note=f"mean ± half width, or [bounds], of the 95 % t interval; × is ÷ {PLAIN}, paired by "
        "seed; time of a round: virtual clock",
    )


def leak_table(runs: pd.DataFrame) -> Table:
    """Return what is guaranteed, and what attacks found."""
    return Table(
        title="What they leave to an attacker",
        columns=(
            *("mechanism", "ε", "δ", "for each", AUC.title, FOUND.title, "by chance", "runs above"),
            *("ε at least", "of", "copies' PSNR", "without update"),
        ),
        rows=tuple(
            (str(title), *_leak_cells(runs[runs["mechanism"] == title]))
            for title in runs["mechanism"].unique()
        ),
        note="AUC to “of”: membership, asked of the final model; AUC 0.5 is chance, “by chance” is "
        "where 95 % of one run's guesses lie, above it are p < 0.025; ε at least: mean of the "
        "runs' 95 % bounds, of what a faultless attack would prove; PSNR in dB: best copies of "
        "single samples from what the proxy sees",
    )


def _cost_row(runs: pd.DataFrame, title: str) -> tuple[str, ...]:
    mine = runs[runs["mechanism"] == title]
    accuracy = _mean(mine, ACCURACY)
    if title == PLAIN:
        return (title, str(len(mine)), accuracy, DASH, *(_mean(mine, one) for one in RATIOS))
    difference = paired_difference(runs, title, PLAIN, ACCURACY, is_ratio=False)
    ratios = (paired_difference(runs, title, PLAIN, one, is_ratio=True).mean for one in RATIOS)
    return (
        *(title, str(len(mine)), accuracy, difference_text(difference)),
        *(_ratio_text(ratio) for ratio in ratios),
    )


def _mean(mine: pd.DataFrame, quantity: Quantity) -> str:
    values = mine[quantity.column].astype(float).tolist()
    return estimate_text(estimate_mean(values, num_runs=len(values)), quantity)


def _ratio_text(ratio: PairedMean) -> str:
    """Return a ratio, and its interval where seeds differ."""
    if ratio.value is None:
        return DASH
    if ratio.note or ratio.low is None or ratio.high is None:
        return format_ratio(ratio.value)
    bounds = f"{format_ratio(ratio.low)} to {format_ratio(ratio.high)}"
    return f"{format_ratio(ratio.value)} [{bounds}]"


def _leak_cells(mine: pd.DataFrame) -> tuple[str, ...]:
    return (*_accounted(mine), *_membership(mine), *_inversion(mine))


def _accounted(mine: pd.DataFrame) -> tuple[str, str, str]:
    """Return the largest ε of a mechanism's runs, its δ and its unit."""
    stated = mine.dropna(subset=["epsilon"])
    if stated.empty:
        return (DASH, DASH, DASH)
    worst = stated.sort_values("epsilon").to_dict("records")[-1]
    return (f"{worst['epsilon']:.3g}", f"{worst['delta']:g}", str(worst["unit"]))


def _membership(mine: pd.DataFrame) -> tuple[str, ...]:
    asked = mine.dropna(subset=["auc"])
    if asked.empty:
        return (DASH,) * 6
    low, high = asked["chance_low"].min(), asked["chance_high"].max()
    num_above = int((asked["p_value"] < ABOVE_CHANCE).sum())
    return (
        _mean(asked, AUC),
        _mean(asked, FOUND),
        f"{format_value(low, 'fraction')} to {format_value(high, 'fraction')}",
        f"{num_above} of {len(asked)}",
        *(f"{asked[name].mean():.2f}" for name in ("epsilon_low", "epsilon_ceiling")),
    )


def _inversion(mine: pd.DataFrame) -> tuple[str, str]:
    copied = mine.dropna(subset=["psnr_db"])
    if copied.empty:
        return (DASH, DASH)
    estimate = estimate_mean(copied["psnr_db"].astype(float).tolist(), num_runs=len(copied))
    half_width = "" if estimate.half_width is None else f" ± {estimate.half_width:.1f}"
    return (f"{estimate.mean:.1f}{half_width}", f"{copied['chance_psnr_db'].mean():.1f}")
