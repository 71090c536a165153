"""A report says whose data are hidden from whom, and what went wrong with it."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from runners.report import write_report
from runners.report.load import load_sweep
from runners.report.privacy_figures import privacy_tables
from tests.runners.report.conftest import SweepFactory

SUM = {"mechanism": "secure aggregation", "unit": "update", "hidden_from": "the proxy"}
NOISE = {"mechanism": "dp_central", "unit": "partner", "hidden_from": "who sees models"}
NO_EPSILON: dict[str, Any] = {"epsilon": None, "delta": None}


def put_privacy(run: Path, *guarantees: dict[str, Any], num_clipped: int | None = None) -> None:
    path = run / "record.json"
    record = json.loads(path.read_text())
    record["privacy"] = {"guarantees": list(guarantees), "num_clipped": num_clipped}
    path.write_text(json.dumps(record))


def test_a_row_for_each_mechanism_over_the_runs(sweep: SweepFactory) -> None:
    spent = [{"epsilon": value, "delta": 1e-5} for value in (1.25, 2.5)]
    ended = {"ended_by": "privacy"}
    put_privacy(
        sweep.finished("proxy/federated", 0), NOISE | spent[0], SUM | NO_EPSILON, num_clipped=0
    )
    put_privacy(
        sweep.finished("proxy/federated", 1, virtual=ended),
        *(NOISE | spent[1], SUM | NO_EPSILON),
        num_clipped=1234,
    )
    put_privacy(sweep.finished("partner/allreduce", 0))
    sweep.failed("partner/allreduce", 1, "no memory")
    (table,) = privacy_tables(load_sweep(sweep.folder))
    mode = "proxy/federated"
    assert table.rows == (
        (mode, "dp_central", "partner", "who sees models", "2", "2.500", "1", "1,234"),
        (mode, "secure aggregation", "update", "the proxy", "2", "–", "1", "1,234"),
    )


def test_without_a_guarantee_there_is_no_table(sweep: SweepFactory) -> None:
    put_privacy(sweep.finished("proxy/federated", 0))
    sweep.finished("solo", 0)
    assert privacy_tables(load_sweep(sweep.folder)) == []


def test_all_reports_show_it(sweep: SweepFactory) -> None:
    put_privacy(sweep.finished("proxy/federated", 0), SUM | NO_EPSILON, num_clipped=98765)
    page = write_report(sweep.folder, Console(quiet=True))
    for path in (page, sweep.folder / "report.md"):
        assert "98,765" in path.read_text(), path
