"""Owns the virtual timeline of a mode: who computes, sends, merges, waits in its first rounds."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from runners.report.chart import LEGEND_ABOVE
from runners.report.load import Sweep, read_first_spans
from runners.report.palette import KIND_COLOURS
from runners.report.units import pick_scale

MAX_BARS = 300
MAX_ROUNDS = 8
MAX_ACTORS = 12
MAX_MACHINES = 4
ROW_HEIGHT_PX = 26
BACKGROUND = "/background"
"""How the actor ends that has what a partner or machine sends while it does something else."""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """The first rounds of a mode's first seed, as bars."""

    label: str
    caption: str
    figure: go.Figure


def timelines(sweep: Sweep) -> Iterator[Timeline]:
    """Yield a timeline per mode whose first finished seed kept its spans."""
    for label, rows in sweep.finished.groupby("label", sort=False):
        first = rows.sort_values("seed").iloc[0]
        spans = read_first_spans(sweep.folder / str(first["run"]), MAX_ROUNDS)
        if not spans.empty:
            yield _timeline(str(label), int(first["seed"]), spans)


def _timeline(label: str, seed: int, spans: pd.DataFrame) -> Timeline:
    num_actors = spans["actor"].nunique()
    actors = _first_actors(spans)
    shown = _first_rounds(spans[spans["actor"].isin(actors)])
    rounds = shown["round"]
    which = (
        f"round {rounds.min()}"
        if rounds.nunique() == 1
        else f"rounds {rounds.min()} to {rounds.max()}"
    )
    left_out = (
        f" {len(actors)} of {num_actors} actors are shown." if num_actors > len(actors) else ""
    )
    return Timeline(
        label=label, caption=f"Seed {seed}, {which}.{left_out}", figure=_gantt(shown, actors)
    )


def _first_actors(spans: pd.DataFrame) -> list[str]:
    """Return the partners in their order of appearance, as many as fit, each with its background,
    and machines last: actors that only merge, or send in the background for no partner.
    """
    only_merges = (spans["kind"] == "merge").groupby(spans["actor"], sort=False).all()
    actors = [str(actor) for actor in only_merges.index]
    partners = [name for name in actors if not only_merges[name] and not name.endswith(BACKGROUND)]
    rows = [row for name in partners for row in (name, name + BACKGROUND) if row in actors]
    machines = [name for name in actors if name not in rows][:MAX_MACHINES]
    return rows[: MAX_ACTORS - len(machines)] + machines


def _first_rounds(spans: pd.DataFrame) -> pd.DataFrame:
    """Keep the rounds that fit into `MAX_BARS`; of one that does not, its beginning."""
    num_bars = spans.groupby("round").size().cumsum()
    fitting = num_bars.index[num_bars <= MAX_BARS]
    if len(fitting) == 0:
        return spans.sort_values("start_sim_s").head(MAX_BARS)
    return spans[spans["round"] <= fitting.max()]


def _gantt(spans: pd.DataFrame, actors: list[str]) -> go.Figure:
    scale = pick_scale(float(spans["end_sim_s"].max()), "seconds")
    figure = go.Figure()
    for kind, colour in KIND_COLOURS.items():
        rows = spans[spans["kind"] == kind]
        if rows.empty:
            continue
        figure.add_bar(
            base=rows["start_sim_s"] / scale.divisor,
            x=(rows["end_sim_s"] - rows["start_sim_s"]) / scale.divisor,
            y=rows["actor"],
            name=kind,
            orientation="h",
            width=0.7,
            marker={"color": colour, "line": {"width": 0}},
            customdata=rows[["round", "num_bytes"]],
            hovertemplate=f"{kind}, round %{{customdata[0]}}<br>%{{x:.4~g}} {scale.suffix}"
            f" from %{{base:.4~g}} {scale.suffix}<br>%{{customdata[1]:.3~s}}B<extra>%{{y}}</extra>",
        )
    figure.update_layout(
        barmode="overlay",
        height=140 + ROW_HEIGHT_PX * len(actors),
        showlegend=True,
        legend=LEGEND_ABOVE,
    )
    figure.update_xaxes(title=f"virtual time ({scale.suffix})")
    figure.update_yaxes(
        categoryorder="array", categoryarray=actors, autorange="reversed", showgrid=False
    )
    return figure
