"""Owns the HTML page: tables and pictures, with plotly's script beside it; it works offline."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from plotly.offline import get_plotlyjs

from runners.report.audit_figures import audit_tables
from runners.report.chart import Picture
from runners.report.compare import Comparison
from runners.report.fairness_figures import fairness_tables
from runners.report.figures import build_pictures
from runners.report.files import write_text
from runners.report.load import Sweep
from runners.report.privacy_figures import privacy_tables
from runners.report.table import Table, describe_unfinished, differences_table, summary_tables

SCRIPT_NAME = "plotly.min.js"
TEMPLATE_NAME = "page.html.j2"


def write_page(
    sweep: Sweep, comparison: Comparison, answer: Sequence[str], facts: Table, path: Path
) -> Path:
    """Write the page to `path` and the script beside it; return `path`."""
    pictures = [_for_template(picture) for picture in build_pictures(sweep, comparison)]
    environment = Environment(
        loader=PackageLoader("runners.report", package_path="."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(TEMPLATE_NAME).render(
        name=sweep.folder.resolve().name,
        answer=answer,
        summaries=[
            *summary_tables(sweep, comparison),
            *fairness_tables(sweep),
            *privacy_tables(sweep),
            *audit_tables(sweep),
        ],
        differences=differences_table(comparison),
        facts=facts,
        pictures=[picture for picture in pictures if not picture["name"].startswith("timeline")],
        timelines=[picture for picture in pictures if picture["name"].startswith("timeline")],
        unfinished=describe_unfinished(sweep),
        has_accuracy=sweep.has_accuracy,
        num_finished=len(sweep.finished),
        num_runs=len(sweep.runs),
        script_name=SCRIPT_NAME,
    )
    write_text(path.parent / SCRIPT_NAME, get_plotlyjs())
    write_text(path, text)
    return path


def _for_template(picture: Picture) -> dict[str, Any]:
    """Return the picture with its figure as JSON that may stand inside a script element."""
    return {
        "name": picture.name,
        "title": picture.title,
        "caption": picture.caption,
        "height_px": picture.figure.layout.height,
        "json": json.dumps(json.loads(picture.figure.to_json()), sort_keys=True).replace(
            "<", "\\u003c"
        ),
    }
