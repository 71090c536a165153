"""Owns the static picture of a report: accuracy against virtual time and against bytes, as SVG.

The same runs give the same bytes: ids in the file come from a fixed salt, and it carries no date.
"""

import io
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from runners.report.curves import ModeCurve, accuracy_curves, is_wide
from runners.report.load import Sweep
from runners.report.palette import Look, looks_of
from runners.report.units import pick_scale

SIZE_INCHES = (10.0, 4.2)
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "accord",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e3e6ea",
    "font.size": 9.5,
}


def accuracy_svg(sweep: Sweep) -> str:
    """Return the two panels as SVG text; the sweep must have accuracies."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        over_time, over_bytes = figure.subplots(1, 2, sharey=True)
        looks = looks_of([str(label) for label in sweep.runs["label"].unique()])
        _draw_time(over_time, accuracy_curves(sweep, "end_sim_s"), looks)
        _draw_bytes(over_bytes, accuracy_curves(sweep, "num_bytes"), looks)
        for axes in (over_time, over_bytes):
            for target in sweep.targets:
                axes.axhline(target, color="#868e99", linestyle=":", linewidth=1.2)
        over_time.set_ylabel("test accuracy")
        over_time.yaxis.set_major_formatter(PercentFormatter(1.0))
        handles, labels = over_time.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _draw_time(axes: Axes, curves: list[ModeCurve], looks: dict[str, Look]) -> None:
    ends = [float(curve.x[-1]) for curve in curves]
    scale = pick_scale(max(ends), "seconds")
    for curve in curves:
        _draw_curve(axes, curve, looks[curve.label], scale.divisor)
    if is_wide(ends):
        axes.set_xscale("log")
    axes.set_xlabel(f"virtual time ({scale.suffix})")


def _draw_bytes(axes: Axes, curves: list[ModeCurve], looks: dict[str, Look]) -> None:
    for curve in curves:
        if curve.x[-1] > 0:
            _draw_curve(axes, curve, looks[curve.label], 1.0)
        else:
            axes.axhline(
                float(curve.y[-1]), color=looks[curve.label].colour, linestyle="--", linewidth=1.6
            )
    if is_wide([float(curve.x[-1]) for curve in curves]):
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(unit="B"))
    axes.set_xlabel("bytes moved (a level line moves none)")


def _draw_curve(axes: Axes, curve: ModeCurve, look: Look, divisor: float) -> None:
    style = "--" if look.dash == "dash" else "-"
    for seed in curve.seeds if len(curve.seeds) > 1 else ():
        axes.step(
            seed.x / divisor, seed.y, where="post", color=look.colour, alpha=0.3, linewidth=0.7
        )
    axes.step(
        curve.x / divisor,
        curve.y,
        where="post",
        color=look.colour,
        linewidth=2,
        linestyle=style,
        label=curve.label,
    )
    axes.plot(curve.x[-1] / divisor, curve.y[-1], "o", color=look.colour, markersize=5)
