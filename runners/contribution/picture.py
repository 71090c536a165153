"""Owns a study's picture: each partner's contribution by each method, and what it is paid."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runners.contribution.files import Told, partner_rows
from runners.contribution.tables import TITLES
from runners.report.picture import SIZE_INCHES, STYLE

NAME = "contribution.png"
DOTS_PER_INCH = 120
COLOURS = ("#1f7fc4", "#6fb1e0", "#d55e00", "#e69f00", "#cc79a7")
PAID_COLOURS = ("#b8bec6", "#868e99", "#009e73")


def write_picture(folder: Path, told: Told) -> None:
    """Write contribution.png."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        names = [
            name + ("\n(malicious)" if name in told.malicious else "") for name in told.partners
        ]
        is_accuracy = told.settings.metric == "accuracy"
        _draw(
            left,
            names,
            {
                TITLES[one.method]: [value * (100 if is_accuracy else 1) for value in one.values]
                for one in told.study.methods
            },
            COLOURS,
        )
        left.set_ylabel("contribution (" + ("points of accuracy)" if is_accuracy else "nats)"))
        rows = partner_rows(told)
        paid = {
            rule.replace("_", " "): [row[f"paid_{rule}_usd"] or 0.0 for row in rows]
            for rule in ("equal", "by_data", "by_contribution")
        }
        _draw(right, names, paid, PAID_COLOURS)
        right.set_ylabel("paid (USD)")
        figure.savefig(folder / NAME, dpi=DOTS_PER_INCH, metadata={"Software": None})


def _draw(
    axes: matplotlib.axes.Axes,
    names: list[str],
    bars: dict[str, list[float]],
    colours: tuple[str, ...],
) -> None:
    places, width = np.arange(len(names)), 0.8 / len(bars)
    for number, (label, heights) in enumerate(bars.items()):
        offset = (number - (len(bars) - 1) / 2) * width
        axes.bar(places + offset, heights, width, label=label, color=colours[-len(bars) :][number])
    axes.axhline(0, color="#333", linewidth=0.8)
    axes.set_xticks(places, names)
    axes.grid(axis="x", visible=False)
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
