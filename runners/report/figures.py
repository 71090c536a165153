"""Owns the pictures of the page: plotly figures with axis titles that name their unit and their clock.

Colours of text and grid are left to the page, which knows whether it is light or dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from runners.report.compare import Comparison, Estimate, Summary
from runners.report.curves import ModeCurve, accuracy_curves, is_wide
from runners.report.load import Sweep
from runners.report.palette import KIND_COLOURS, Look, looks_of, translucent
from runners.report.quantities import THROUGHPUT, TIME_TO_TARGET, Quantity
from runners.report.table import estimate_text, title_of
from runners.report.timeline import timelines
from runners.report.units import Scale, format_value, pick_scale

ROW_HEIGHT_PX = 46
MODE_LABEL_LENGTH = 24


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with its place on the page: `name` is its id, `caption` says how to read it."""

    name: str
    title: str
    caption: str
    figure: go.Figure


def build_pictures(sweep: Sweep, comparison: Comparison) -> list[Picture]:
    """Return the pictures that the sweep has the figures for; none when no run finished."""
    shown = [summary for summary in comparison.summaries if summary.num_finished]
    if not shown:
        return []
    looks = looks_of([summary.label for summary in comparison.summaries])
    pictures: list[Picture] = []
    if sweep.has_accuracy:
        pictures += [_accuracy_over_time(sweep, looks), _accuracy_over_bytes(sweep, looks)]
    if sweep.targets:
        pictures.append(_time_to_target(sweep, shown, looks))
    pictures += [_throughput(sweep, shown, looks), _where_time_goes(sweep, shown)]
    if sweep.partners["accuracy"].notna().any():
        pictures.append(_partner_accuracy(sweep, shown, looks))
    return pictures + [
        Picture(
            name=f"timeline-{number}",
            title=f"First rounds of {timeline.label}",
            caption=timeline.caption,
            figure=_styled(timeline.figure, timeline.figure.layout.height),
        )
        for number, timeline in enumerate(timelines(sweep))
    ]


def _accuracy_over_time(sweep: Sweep, looks: dict[str, Look]) -> Picture:
    curves = accuracy_curves(sweep, "end_sim_s")
    ends = [float(curve.x[-1]) for curve in curves]
    scale = pick_scale(max(ends), "seconds")
    figure = go.Figure()
    for curve in curves:
        x_text = f"%{{x:.4~g}} {scale.suffix}"
        _add_curve(figure, curve, looks[curve.label], divisor=scale.divisor, x_text=x_text)
    _add_targets(figure, sweep)
    figure.update_xaxes(title=f"virtual time ({scale.suffix})", **_axis_type(ends))
    _accuracy_axis(figure)
    return Picture(
        name="accuracy-time",
        title="Accuracy against virtual time",
        caption="Thick: mean over seeds; thin: single seeds; dotted: the target. A model keeps the accuracy of its last "
        "evaluation until the next, and its final one after its run ended.",
        figure=_styled(figure, 430),
    )


def _accuracy_over_bytes(sweep: Sweep, looks: dict[str, Look]) -> Picture:
    curves = accuracy_curves(sweep, "num_bytes")
    moving = [curve for curve in curves if curve.x[-1] > 0]
    figure = go.Figure()
    for curve in moving:
        _add_curve(figure, curve, looks[curve.label], divisor=1, x_text="%{x:.3~s}B")
    left, right = _bytes_range(moving)
    for curve in curves:
        if curve.x[-1] == 0:
            _add_level(figure, curve, looks[curve.label], (left, right))
    _add_targets(figure, sweep)
    figure.update_xaxes(title="bytes moved, all links together", tickformat="~s", ticksuffix="B")
    figure.update_xaxes(**_axis_type([float(curve.x[-1]) for curve in moving]))
    _accuracy_axis(figure)
    return Picture(
        name="accuracy-bytes",
        title="Accuracy against bytes moved",
        caption="What a byte on the network buys. A level line moves nothing and is drawn at its final accuracy. "
        "A vertical line moves its data first and then trains without the network.",
        figure=_styled(figure, 430),
    )


def _axis_type(values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis where `values` lie far apart, else one from zero."""
    if is_wide(values):
        return {"type": "log", "dtick": 1}
    return {"type": "linear", "rangemode": "tozero"}


def _bytes_range(moving: Sequence[ModeCurve]) -> tuple[float, float]:
    positive = [curve.x[curve.x > 0] for curve in moving]
    if not positive:
        return 0.0, 1.0
    return min(float(x[0]) for x in positive), max(float(x[-1]) for x in positive)


def _add_curve(
    figure: go.Figure, curve: ModeCurve, look: Look, *, divisor: float, x_text: str
) -> None:
    """Add the mean as a thick step function, the seeds as thin ones, and the end as a marker."""
    for seed in curve.seeds if len(curve.seeds) > 1 else ():
        figure.add_scatter(
            x=seed.x / divisor,
            y=seed.y,
            mode="lines",
            line={"color": translucent(look.colour, 0.35), "width": 1, "shape": "hv"},
            legendgroup=curve.label,
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=curve.x / divisor,
        y=curve.y,
        name=curve.label,
        legendgroup=curve.label,
        mode="lines+markers",
        line={"color": look.colour, "width": 2.6, "shape": "hv", "dash": look.dash},
        marker={
            "symbol": look.symbol,
            "size": [0] * (len(curve.x) - 1) + [10],
            "color": look.colour,
            "opacity": 1,
        },
        hovertemplate=f"%{{y:.1%}} at {x_text}<extra>{curve.label}</extra>",
    )


def _add_level(figure: go.Figure, curve: ModeCurve, look: Look, ends: tuple[float, float]) -> None:
    final = float(curve.y[-1])
    figure.add_scatter(
        x=list(ends),
        y=[final, final],
        name=f"{curve.label} (moves 0 B)",
        mode="lines",
        line={"color": look.colour, "width": 2, "dash": "dash"},
        hovertemplate=f"{final:.1%} without moving a byte<extra>{curve.label}</extra>",
    )


def _add_targets(figure: go.Figure, sweep: Sweep) -> None:
    for target in sweep.targets:
        figure.add_hline(
            y=target,
            line={"dash": "dot", "width": 1.5, "color": "#868e99"},
            annotation={"text": f"target {target:.3g}", "font": {"size": 11}},
            annotation_position="top left",
        )


def _accuracy_axis(figure: go.Figure) -> None:
    figure.update_yaxes(title="test accuracy", tickformat=".0%")
    figure.update_layout(legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})


def _time_to_target(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
    return Picture(
        name="time-to-target",
        title=f"{title_of(TIME_TO_TARGET, sweep).capitalize()} accuracy",
        caption="Shorter is better. Bar or stroke: mean over seeds with its 95 % interval; dots: single seeds. A mode that missed the "
        "target in a seed has no mean and so no bar, only the seeds that reached it.",
        figure=_bars(sweep, shown, looks, TIME_TO_TARGET, "virtual time to target ({})"),
    )


def _throughput(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
    return Picture(
        name="throughput",
        title="Throughput",
        caption="Longer is better. Samples trained on per virtual second, all partners together; bar or stroke: mean over seeds with its "
        "95 % interval; dots: single seeds.",
        figure=_bars(sweep, shown, looks, THROUGHPUT, "samples per virtual second ({})"),
    )


def _bars(
    sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look], quantity: Quantity, x_title: str
) -> go.Figure:
    """Return a mean per mode with its interval, a dot per seed, and the value in words at the right.

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
        _add_text_at_right(figure, summary.label, text)
    figure.update_xaxes(title=x_title.format(scale.suffix), **_axis_type(seen))
    return _with_mode_rows(figure, [summary.label for summary in shown])


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


def _where_time_goes(sweep: Sweep, shown: Sequence[Summary]) -> Picture:
    """Stack the kinds of time; as shares when the modes' totals lie too far apart to be seen together."""
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
        _add_text_at_right(figure, label, format_value(float(totals[label]), "seconds"))
    if as_shares:
        figure.update_xaxes(title="share of a partner's virtual time, mean", tickformat=".0%")
    else:
        figure.update_xaxes(title=f"virtual time per partner, mean ({scale.suffix})")
    figure.update_layout(barmode="stack")
    return Picture(
        name="where-time-goes",
        title="Where the time goes",
        caption="What a partner does, on average, during a run: it computes, sends and receives, waits "
        "for others, or waits while its update is in the proxy's queue or being merged. At the right: "
        "the whole run.",
        figure=_with_kinds(_with_mode_rows(figure, labels)),
    )


def _with_kinds(figure: go.Figure) -> go.Figure:
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    return figure.update_layout(showlegend=True, legend=legend)


def _partner_accuracy(sweep: Sweep, shown: Sequence[Summary], looks: dict[str, Look]) -> Picture:
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
        _add_text_at_right(figure, label, f"gap {gap:.1f} points")
    figure.update_xaxes(
        title="accuracy on a partner's own test data, mean over seeds", tickformat=".1~%"
    )
    return Picture(
        name="partner-accuracy",
        title="Accuracy partner by partner",
        caption="One mark per partner: whom does the mode serve well? The shorter a line, the more evenly.",
        figure=_with_mode_rows(figure, labels),
    )


def _add_text_at_right(figure: go.Figure, label: str, text: str) -> None:
    figure.add_annotation(
        x=1.01,
        xref="paper",
        y=label,
        text=text,
        showarrow=False,
        xanchor="left",
        align="left",
        font={"size": 12},
    )


def _with_mode_rows(figure: go.Figure, labels: Sequence[str]) -> go.Figure:
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=list(labels),
        autorange="reversed",
        showgrid=False,
        tickvals=list(labels),
        ticktext=[_wrapped(label) for label in labels],
    )
    figure.update_layout(showlegend=False, margin={"r": 132})
    return _styled(figure, 130 + ROW_HEIGHT_PX * len(labels))


def _wrapped(label: str) -> str:
    """Break a long label at its commas."""
    return label if len(label) <= MODE_LABEL_LENGTH else label.replace(", ", ",<br>")


def _styled(figure: go.Figure, height_px: int) -> go.Figure:
    figure.update_layout(template=go.layout.Template(), height=height_px)
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
