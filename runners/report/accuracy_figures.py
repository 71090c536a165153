"""Owns the pictures of accuracy: against virtual time, and against bytes moved."""

from collections.abc import Sequence

import plotly.graph_objects as go

from runners.report.chart import LEGEND_ABOVE, Picture, axis_type, styled
from runners.report.curves import ModeCurve, accuracy_curves
from runners.report.load import Sweep
from runners.report.palette import Look, translucent
from runners.report.units import pick_scale


def accuracy_over_time(sweep: Sweep, looks: dict[str, Look]) -> Picture:
    """Draw accuracy against virtual time."""
    curves = accuracy_curves(sweep, "end_sim_s")
    ends = [float(curve.x[-1]) for curve in curves]
    scale = pick_scale(max(ends), "seconds")
    figure = go.Figure()
    for curve in curves:
        x_text = f"%{{x:.4~g}} {scale.suffix}"
        _add_curve(figure, curve, looks[curve.label], divisor=scale.divisor, x_text=x_text)
    _add_targets(figure, sweep)
    figure.update_xaxes(title=f"virtual time ({scale.suffix})", **axis_type(ends))
    _accuracy_axis(figure)
    return Picture(
        name="accuracy-time",
        title="Accuracy against virtual time",
        caption="Thick: mean over seeds; thin: single seeds; dotted: the target. A model keeps the "
        "accuracy of its last evaluation until the next, and its final one after its run ended.",
        figure=styled(figure, 430),
    )


def accuracy_over_bytes(sweep: Sweep, looks: dict[str, Look]) -> Picture:
    """Draw accuracy against the bytes that all links carried."""
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
    figure.update_xaxes(**axis_type([float(curve.x[-1]) for curve in moving]))
    _accuracy_axis(figure)
    return Picture(
        name="accuracy-bytes",
        title="Accuracy against bytes moved",
        caption="What a byte on the network buys. A level line moves nothing and is drawn at its "
        "final accuracy. A vertical line moves its data first, then trains without the network.",
        figure=styled(figure, 430),
    )


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
    figure.update_layout(legend=LEGEND_ABOVE)
