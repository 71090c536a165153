"""Owns the picture of forecasts: what the proxy expected each round to take, and what it took."""

import numpy as np
import plotly.graph_objects as go

from runners.report.chart import LEGEND_ABOVE, Picture, styled
from runners.report.load import Sweep
from runners.report.palette import Look
from runners.report.units import pick_scale

MAX_POINTS = 400
"""Rounds shown of a mode, spread over all of them."""


def has_forecasts(sweep: Sweep) -> bool:
    """Return whether some round was predicted; sweeps of before there were forecasts have none."""
    rounds = sweep.rounds
    return "predicted_sim_s" in rounds and bool(rounds["predicted_sim_s"].notna().any())


def forecasts(sweep: Sweep, looks: dict[str, Look]) -> Picture:
    """Draw the seconds that rounds took against those that were expected."""
    rounds = sweep.rounds[sweep.rounds["predicted_sim_s"].notna()]
    took_sim_s = rounds["end_sim_s"] - rounds["start_sim_s"]
    longest_sim_s = float(max(took_sim_s.max(), rounds["predicted_sim_s"].max()))
    scale = pick_scale(longest_sim_s, "seconds")
    figure = go.Figure()
    for label, rows in rounds.groupby("label", sort=False):
        chosen = rows.index[np.linspace(0, len(rows) - 1, min(len(rows), MAX_POINTS)).astype(int)]
        figure.add_scatter(
            x=rows.loc[chosen, "predicted_sim_s"] / scale.divisor,
            y=took_sim_s[chosen] / scale.divisor,
            mode="markers",
            marker={"color": looks[str(label)].colour, "opacity": 0.6},
            name=str(label),
        )
    end = longest_sim_s / scale.divisor
    figure.add_scatter(
        x=[0, end], y=[0, end], mode="lines", line={"dash": "dot"}, name="as expected"
    )
    figure.update_xaxes(title=f"expected ({scale.suffix})", rangemode="tozero")
    figure.update_yaxes(title=f"took ({scale.suffix})", rangemode="tozero")
    figure.update_layout(legend=LEGEND_ABOVE)
    return Picture(
        name="forecasts",
        title="What the proxy expected of its rounds",
        caption="Each mark is a round: above the dotted line it took longer than was expected when "
        "its partners were chosen, or where nobody waits, when the first of them was sent out.",
        figure=styled(figure, 430),
    )
