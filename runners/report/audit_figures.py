"""Owns what a report shows of audits: a table, and pictures of what attackers learned.

In: a sweep, of whose finished runs some have an audit.json (`runners.audit.files` has its
dictionary) beside their record. Out: nothing where none has one.
"""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from runners.report.audits import MEMBERSHIP, NAME, read_audit
from runners.report.chart import LEGEND_ABOVE, Picture, styled, with_mode_rows
from runners.report.compare import estimate_mean
from runners.report.load import Sweep
from runners.report.palette import Look
from runners.report.table import Table
from runners.report.units import DASH, format_estimate, format_value

COPIES_NAME = "audit_copies.png"
MAX_COPIES = 4
PAGE_WIDTH_PX = 760
CHANCE = {"dash": "dot", "width": 1.5, "color": "#868e99"}
LOWEST_RATE = 1e-3


def audit_tables(sweep: Sweep) -> list[Table]:
    """Return a row for each mode and attack, means over the runs that were audited."""
    rows = _rows(sweep)
    if rows.empty:
        return []
    groups: Any = rows.groupby(["label", "attack"], sort=False)
    return [
        Table(
            title="Leaks",
            columns=(
                *("mode", "attack", "runs", "AUC", "found at 1 % false"),
                *("most by chance", "ε at least", "ε accounted"),
            ),
            rows=tuple(_table_row(label, attack, some) for (label, attack), some in groups),
            note="what attackers learn: mean ± half width of the 95 % t interval; AUC 0.5 is "
            "chance; of ε the highest",
            num_text_columns=2,
        )
    ]


def audit_pictures(sweep: Sweep, looks: dict[str, Look]) -> list[Picture]:
    """Return pictures of AUC, of membership's curves and of copied samples."""
    rows = _rows(sweep)
    if rows.empty:
        return []
    pictures = [_areas(rows, looks)]
    if rows["attack"].isin(MEMBERSHIP).any():
        pictures.append(_curves(rows, looks))
    copies = [
        (label, path)
        for label, run in rows.drop_duplicates("label")[["label", "run"]].itertuples(index=False)
        if (path := sweep.folder / run / COPIES_NAME).is_file()
    ]
    return pictures + ([_copies(copies[:MAX_COPIES])] if copies else [])


def _rows(sweep: Sweep) -> pd.DataFrame:
    """Return a row for each attack on a finished run that was not left out."""
    rows = []
    for run, label in zip(sweep.finished["run"], sweep.finished["label"], strict=True):
        path = sweep.folder / run / NAME
        if path.is_file():
            audit = read_audit(path)
            accounted = (audit["accounted"] or {}).get("epsilon")
            rows += [
                {"run": run, "label": label, "accounted": accounted, **_attack_row(attack)}
                for attack in audit["attacks"]
                if attack["judgement"] is not None
            ]
    return pd.DataFrame(rows)


def _attack_row(attack: dict[str, Any]) -> dict[str, Any]:
    judgement = attack["judgement"]
    one = judgement["detections"][0]
    return {
        "attack": attack["attack"],
        "auc": judgement["auc"],
        "found": one["rate"]["value"],
        "chance": one["chance_high"],
        "epsilon": (attack["epsilon"] or {}).get("low"),
        "curve": judgement["curve"],
    }


def _table_row(label: str, attack: str, some: pd.DataFrame) -> tuple[str, ...]:
    areas = [auc["value"] for auc in some["auc"]]
    return (
        label,
        attack,
        str(len(some)),
        _mean(areas, "score"),
        _mean(some["found"].tolist(), "fraction"),
        format_value(float(some["chance"].max()), "fraction"),
        _highest(some["epsilon"]),
        _highest(some["accounted"]),
    )


def _mean(values: Sequence[float], unit: str) -> str:
    estimate = estimate_mean(values, num_runs=len(values))
    assert estimate.mean is not None, "there is a run"
    return format_estimate(estimate.mean, estimate.half_width, unit)


def _highest(values: "pd.Series[float]") -> str:
    present = values.dropna()
    return DASH if present.empty else format_value(float(present.max()), "score")


def _areas(rows: pd.DataFrame, looks: dict[str, Look]) -> Picture:
    """Draw each run's AUC with its interval, a row for each attack."""
    figure = go.Figure()
    groups: Any = rows.groupby("label", sort=False)
    for label, some in groups:
        areas = list(some["auc"])
        figure.add_scatter(
            x=[auc["value"] for auc in areas],
            y=some["attack"],
            name=label,
            mode="markers",
            marker={"symbol": looks[label].symbol, "size": 9, "color": looks[label].colour},
            error_x={
                "array": [auc["high"] - auc["value"] for auc in areas],
                "arrayminus": [auc["value"] - auc["low"] for auc in areas],
                "thickness": 1.2,
                "width": 4,
            },
            hovertemplate=f"AUC %{{x:.3f}}<extra>{label}</extra>",
        )
    figure.add_vline(x=0.5, line=CHANCE)
    figure.update_xaxes(title="AUC (dotted: chance)", range=[0, 1.02])
    attacks = list(rows["attack"].unique())
    return Picture(
        name="audit-auc",
        title="What attackers learn",
        caption="Further from the dotted line leaks more. Each mark is a run, with the 95 % "
        "interval of its attack. Attacks on membership ask the final model, the others what is "
        "seen of a first update.",
        figure=with_mode_rows(figure, attacks, has_legend=True),
    )


def _curves(rows: pd.DataFrame, looks: dict[str, Look]) -> Picture:
    """Draw each run's true positive rate of membership inference against its false one."""
    figure, drawn = go.Figure(), set()
    groups: Any = rows.groupby(["run", "label"], sort=False)
    for (_, label), some in groups:
        curves = dict(zip(some["attack"], some["curve"], strict=True))
        attack = next((one for one in MEMBERSHIP if one in curves), None)
        if attack is None:
            continue
        figure.add_scatter(
            x=[max(rate, LOWEST_RATE) for rate in curves[attack]["false_positive_rate"]],
            y=[max(rate, LOWEST_RATE) for rate in curves[attack]["true_positive_rate"]],
            name=label,
            legendgroup=label,
            showlegend=label not in drawn,
            mode="lines",
            line={"color": looks[label].colour, "width": 2, "shape": "hv"},
            hovertemplate=f"%{{y:.2%}} found at %{{x:.2%}} false<extra>{label}</extra>",
        )
        drawn.add(label)
    ends = [LOWEST_RATE, 1]
    figure.add_scatter(x=ends, y=ends, name="chance", mode="lines", line=CHANCE, hoverinfo="skip")
    figure.update_xaxes(title="false positive rate", type="log", range=[-3, 0])
    figure.update_yaxes(title="true positive rate", type="log", range=[-3, 0.05])
    figure.update_layout(legend=LEGEND_ABOVE)
    return Picture(
        name="audit-roc",
        title="Membership inference",
        caption="Which part of the training samples an attacker finds, against the part of other "
        "samples that are taken for one. Left and high leaks: few samples are found for certain. "
        "With shadow models (LiRA) where the audit had any, else by loss.",
        figure=styled(figure, 460),
    )


def _copies(found: Sequence[tuple[str, Path]]) -> Picture:
    """Show a run's picture of originals and copies for each mode."""
    from plotly.subplots import make_subplots

    contents = [path.read_bytes() for _, path in found]
    heights_px = [_height_px(content) for content in contents]
    figure = make_subplots(
        rows=len(found),
        subplot_titles=[label for label, _ in found],
        row_heights=[height_px / sum(heights_px) for height_px in heights_px],
        vertical_spacing=0.06,
    )
    for row, content in enumerate(contents, start=1):
        source = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
        figure.add_trace(go.Image(source=source, hoverinfo="skip"), row=row, col=1)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(margin={"t": 40, "b": 10, "l": 0, "r": 0})
    return Picture(
        name="audit-copies",
        title="Samples copied from updates",
        caption="Above: a partner's samples. Below: what each attack makes of the update that a "
        "step on them causes, as it is seen under the run's privacy, with its PSNR.",
        figure=styled(figure, 60 + sum(heights_px)),
    )


def _height_px(content: bytes) -> int:
    """Return how high a PNG is when it is as wide as a page."""
    from PIL import Image

    width_px, height_px = Image.open(io.BytesIO(content)).size
    return 40 + round(PAGE_WIDTH_PX * height_px / width_px)
