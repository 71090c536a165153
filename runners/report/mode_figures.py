"""Owns the pictures with a row per mode: time to target, throughput, use of time, fairness."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from runners.report.chart import (
    Picture,
    add_text_at_right,
    axis_type,
    with_mode_rows,
)
from runners.report.compare import Estimate, Summary
from runners.report.curves import is_wide
from runners.report.load import Sweep
from runners.report.palette import KIND_COLOURS, Look, translucent
from runners.report.quantities import THROUGHPUT, TIME_TO_TARGET, Quantity
from runners.report.table import estimate_text, title_of
from runners.report.units import Scale, format_value, pick_scale


def time_to_target(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
    """Draw how long every mode takes to the target accuracy."""
    return Picture(
        name="time-to-target",
        title=f"{title_of(TIME_TO_TARGET, sweep).capitalize()} accuracy",
        caption="Shorter is better. Bar or stroke: mean over seeds with its 95 % interval; dots: "
        "single seeds. A mode that missed the target in a seed has no mean, so only the seeds that "
        "reached it are drawn.",
        figure=_bars(sweep, shown, looks, TIME_TO_TARGET, "virtual time to target ({})"),
    )


def throughput(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
    """Draw the samples per virtual second of every mode."""
    return Picture(
        name="throughput",
        title="Throughput",
        caption="Longer is better. Samples trained on per virtual second, all partners together. "
        "Bar or stroke: mean over seeds with its 95 % interval; dots: single seeds.",
        figure=_bars(sweep, shown, looks, THROUGHPUT, "samples per virtual second ({})"),
    )


def _bars(
    sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look], quantity: Quantity, x_title: str
) -> go.Figure:
    """Return a mean per mode with its interval, a dot per seed, and the value at the right.

    The mean is a bar; on a logarithmic axis, where a bar's length means nothing, it is a stroke.
    """
    values = sweep.finished.dropna(subset=[quantity.column])
    seen = values[quantity.column].tolist()
    scale = pick_scale(max(seen, default=1.0), quantity.unit)
    figure = go.Figure()
    for summary in shown:
        estimate, look = summary.estimates[quantity.column], looks[summary.label]
        text = estimate_text(estimate, quantity)
        if estimate.mean is not None:
            add_mean = _add_stroke if is_wide(seen) else _add_bar
            add_mean(figure, summary.label, estimate, look, scale.divisor, text)
        rows = values[values["label"] == summary.label]
        _add_seeds(figure, rows, quantity, look, scale)
        add_text_at_right(figure, summary.label, text)
    figure.update_xaxes(title=x_title.format(scale.suffix), **axis_type(seen))
    return with_mode_rows(figure, [summary.label for summary in shown])


def _add_bar(
    figure: go.Figure, label: str, estimate: Estimate, look: Look, divisor: float, text: str
) -> None:
    figure.add_bar(
        x=[_scaled(estimate.mean, divisor)],
        y=[label],
        orientation="h",
        width=0.62,
        marker={"color": translucent(look.colour, 0.75)},
        error_x=_error_bar(estimate, divisor),
        hovertemplate=f"{text}<extra>{label}</extra>",
    )


def _add_stroke(
    figure: go.Figure, label: str, estimate: Estimate, look: Look, divisor: float, text: str
) -> None:
    figure.add_scatter(
        x=[_scaled(estimate.mean, divisor)],
        y=[label],
        mode="markers",
        marker={"symbol": "line-ns", "size": 22, "line": {"width": 4, "color": look.colour}},
        error_x=_error_bar(estimate, divisor),
        hovertemplate=f"{text}<extra>{label}</extra>",
    )


def _scaled(value: float | None, divisor: float) -> float:
    return (value or 0.0) / divisor


def _error_bar(estimate: Estimate, divisor: float) -> dict[str, Any]:
    return {"array": [_scaled(estimate.half_width, divisor)], "thickness": 1.4, "width": 5}


def _add_seeds(
    figure: go.Figure, rows: pd.DataFrame, quantity: Quantity, look: Look, scale: Scale
) -> None:
    figure.add_scatter(
        x=rows[quantity.column] / scale.divisor,
        y=rows["label"],
        mode="markers",
        marker={"color": look.colour, "size": 7, "line": {"width": 1, "color": "white"}},
        customdata=rows["seed"],
        hovertemplate=f"seed %{{customdata}}: %{{x:.4~g}} {scale.suffix}<extra>%{{y}}</extra>",
    )


def where_time_goes(sweep: Sweep, shown: Sequence[Summary]) -> Picture:
    """Stack the kinds of time; as shares when the modes' totals lie too far apart."""
    labels = [summary.label for summary in shown]
    columns = {f"{kind}_sim_s": kind for kind in KIND_COLOURS}
    seconds = (
        sweep.finished.groupby("label")[list(columns)].mean().rename(columns=columns).loc[labels]
    )
    totals = seconds.sum(axis=1)
    shares = seconds.div(totals, axis=0)
    scale = pick_scale(float(totals.max()), "seconds")
    as_shares = is_wide(totals.tolist())
    figure = go.Figure()
    for kind, colour in KIND_COLOURS.items():
        figure.add_bar(
            x=shares[kind] if as_shares else seconds[kind] / scale.divisor,
            y=labels,
            name=kind,
            orientation="h",
            width=0.62,
            marker={"color": colour},
            customdata=[
                f"{format_value(one, 'seconds')} ({share:.1%})"
                for one, share in zip(seconds[kind], shares[kind], strict=True)
            ],
            hovertemplate=f"{kind}: %{{customdata}}<extra>%{{y}}</extra>",
        )
    for label in labels:
        add_text_at_right(figure, label, format_value(float(totals[label]), "seconds"))
    if as_shares:
        figure.update_xaxes(title="share of a partner's virtual time, mean", tickformat=".0%")
    else:
        figure.update_xaxes(title=f"virtual time per partner, mean ({scale.suffix})")
    figure.update_layout(barmode="stack")
    return Picture(
        name="where-time-goes",
        title="Where the time goes",
        caption="What a partner does, on average, during a run: it computes, protects its update, "
        "sends and receives, waits while its update is in the proxy's queue or being merged, waits "
        "for others, or is not there. At the right: the whole run.",
        figure=with_mode_rows(figure, labels, has_legend=True),
    )


def partner_accuracy(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
    """Draw the accuracy of every mode on each partner's own test data."""
    means = sweep.partners.dropna().groupby(["label", "partner"], as_index=False)["accuracy"].mean()
    figure = go.Figure()
    labels = [summary.label for summary in shown]
    for label in labels:
        rows = means[means["label"] == label]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["accuracy"],
            y=rows["label"],
            mode="lines+markers",
            line={"color": translucent(looks[label].colour, 0.4), "width": 3},
            marker={
                "color": translucent(looks[label].colour, 0.85),
                "symbol": looks[label].symbol,
                "size": 11,
                "line": {"width": 1, "color": "white"},
            },
            customdata=rows["partner"],
            hovertemplate=f"%{{customdata}}: %{{x:.1%}}<extra>{label}</extra>",
        )
        gap = 100 * float(rows["accuracy"].max() - rows["accuracy"].min())
        add_text_at_right(figure, label, f"gap {gap:.1f} points")
    figure.update_xaxes(
        title="accuracy on a partner's own test data, mean over seeds", tickformat=".1~%"
    )
    return Picture(
        name="partner-accuracy",
        title="Accuracy partner by partner",
        caption="One mark per partner: whom does the mode serve well? The shorter the line, the "
        "more even.",
        figure=with_mode_rows(figure, labels),
    )
