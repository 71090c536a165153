"""Owns what the page's figures share: their place on it, their axes, and one row per mode.

Colours of text and grid are left to the page, which knows whether it is light or dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from runners.report.curves import is_wide

ROW_HEIGHT_PX = 46
MAX_LABEL_LENGTH = 24
LEGEND_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure with its place on the page: `name` is its id, `caption` says how to read it."""

    name: str
    title: str
    caption: str
    figure: go.Figure


def axis_type(values: Sequence[float]) -> dict[str, Any]:
    """Return a logarithmic axis where `values` lie far apart, else one from zero."""
    if is_wide(values):
        return {"type": "log", "dtick": 1}
    return {"type": "linear", "rangemode": "tozero"}


def add_text_at_right(figure: go.Figure, label: str, text: str) -> None:
    """Put the value in words at the end of a mode's row."""
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


def with_mode_rows(
    figure: go.Figure, labels: Sequence[str], *, has_legend: bool = False
) -> go.Figure:
    """Give every mode a row of its own, the first at the top, with room for words at the right."""
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=list(labels),
        autorange="reversed",
        showgrid=False,
        tickvals=list(labels),
        ticktext=[_wrapped(label) for label in labels],
    )
    figure.update_layout(showlegend=has_legend, legend=LEGEND_ABOVE, margin={"r": 132})
    return styled(figure, 130 + ROW_HEIGHT_PX * len(labels))


def _wrapped(label: str) -> str:
    """Break a long label at its commas."""
    return label if len(label) <= MAX_LABEL_LENGTH else label.replace(", ", ",<br>")


def styled(figure: go.Figure, height_px: int) -> go.Figure:
    """Set the height, and leave colours and fonts to the page."""
    figure.update_layout(template=go.layout.Template(), height=height_px)
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    return figure
