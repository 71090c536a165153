"""Owns an audit's pictures, PNG: ROC curves on logarithmic axes, and copies beside originals."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runners.audit.examination import Audit
from runners.audit.result import Copies
from runners.report.picture import STYLE

ROC_NAME = "audit_roc.png"
COPIES_NAME = "audit_copies.png"
COLOURS = ("#1f7fc4", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#6a6ad4", "#8c8c8c")
DOTS_PER_INCH = 120
MAX_COPIES = 8
LOWEST_RATE = 1e-3


def write_pictures(folder: Path, audit: Audit) -> list[Path]:
    """Write the pictures that the audit has something for, and return their files."""
    paths = []
    with matplotlib.rc_context(STYLE):
        if any(result.judgement for result in audit.results):
            paths.append(_save(roc_figure(audit), folder / ROC_NAME))
        if audit.copies:
            paths.append(_save(copies_figure(audit.copies), folder / COPIES_NAME))
    return paths


def roc_figure(audit: Audit) -> Figure:
    """Draw all attacks' curves; a guess is the line from corner to corner."""
    figure = _new_figure(6.0, 5.0)
    axes = figure.subplots()
    judged = [result for result in audit.results if result.judgement]
    lowest = min(
        [LOWEST_RATE, *(0.5 / one.judgement.num_negatives for one in judged if one.judgement)]
    )
    for result, colour in zip(judged, COLOURS, strict=False):
        assert result.judgement is not None
        curve, auc = result.judgement.curve, result.judgement.auc.value
        axes.step(
            np.maximum(curve.false_positive_rate, lowest),
            np.maximum(curve.true_positive_rate, lowest),
            where="post",
            color=colour,
            linewidth=1.8,
            label=f"{result.attack} (AUC {auc:.3f})",
        )
    axes.plot(
        [lowest, 1], [lowest, 1], color="#868e99", linestyle=":", linewidth=1.4, label="chance"
    )
    axes.set(xscale="log", yscale="log", xlim=(lowest, 1), ylim=(lowest, 1.1))
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.legend(frameon=False, loc="lower right")
    return figure


def copies_figure(copies: tuple[Copies, ...]) -> Figure:
    """Draw originals in the first row, and each attack's copies below them with their PSNR."""
    shown = min(MAX_COPIES, len(copies[0].originals))
    figure = _new_figure(1.1 * shown + 0.9, 1.35 * (1 + len(copies)))
    grid = figure.subplots(1 + len(copies), shown, squeeze=False)
    for number in range(shown):
        _draw_image(grid[0, number], copies[0].originals[number], copies[0])
        for row, one in enumerate(copies, start=1):
            _draw_image(grid[row, number], one.copies[number], one)
            grid[row, number].set_xlabel(f"{one.psnr_db[number]:.0f} dB", fontsize=8)
    for axes, name in zip(grid[:, 0], ["original", *(one.attack for one in copies)], strict=True):
        axes.set_ylabel(name, fontsize=9)
    return figure


def _draw_image(axes: Axes, image: np.ndarray, copies: Copies) -> None:
    """Draw the first channel, or three as colours."""
    span = (copies.high - copies.low) or 1.0
    scaled = np.clip((image - copies.low) / span, 0, 1)
    shown: Any = scaled.transpose(1, 2, 0) if len(scaled) == 3 else scaled[0]
    axes.imshow(shown, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)


def _new_figure(width_inches: float, height_inches: float) -> Figure:
    figure = Figure(figsize=(width_inches, height_inches), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> Path:
    figure.savefig(path, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return path
