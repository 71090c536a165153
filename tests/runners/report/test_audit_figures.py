"""A report shows the audits of a sweep's runs, and nothing where there are none."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from runners.audit.files import NAME, SCHEMA_VERSION
from runners.audit.pictures import COPIES_NAME
from runners.report import audit_figures, audits
from runners.report.audit_figures import audit_pictures, audit_tables
from runners.report.load import Sweep, load_sweep
from runners.report.palette import looks_of
from tests.runners.report.conftest import SweepFactory

MODES = ("partner/allreduce", "proxy/federated")
LOOKS = looks_of(MODES)


def attack(name: str, auc: float, epsilon: float | None) -> dict[str, Any]:
    detection = {"rate": {"value": auc - 0.5, "low": 0.0, "high": 1.0}, "chance_high": 0.031}
    return {
        "attack": name,
        "judgement": {
            "auc": {"value": auc, "low": auc - 0.1, "high": min(1.0, auc + 0.1)},
            "detections": [detection],
            "curve": {
                "false_positive_rate": [0.0, 0.5, 1.0],
                "true_positive_rate": [0.0, auc, 1.0],
            },
        },
        "epsilon": None if epsilon is None else {"low": epsilon},
    }


def put_audit(run: Path, auc: float, accounted: float | None = None) -> None:
    attacks = [
        attack("loss_threshold", auc - 0.1, 0.1),
        attack("lira_online", auc, 0.5 + auc),
        attack("dense_layer", 1.0, None),
        {"attack": "dlg", "judgement": None, "epsilon": None},
    ]
    audit = {
        "schema_version": SCHEMA_VERSION,
        "accounted": None if accounted is None else {"epsilon": accounted},
        "attacks": attacks,
    }
    (run / NAME).write_text(json.dumps(audit))


@pytest.fixture
def audited(sweep: SweepFactory) -> Sweep:
    """Two modes on two seeds; of the last run there is no audit."""
    put_audit(sweep.finished(MODES[0], 0), 0.7)
    run = sweep.finished(MODES[0], 1)
    put_audit(run, 0.8)
    Image.new("RGB", (380, 100)).save(run / COPIES_NAME)
    put_audit(sweep.finished(MODES[1], 0), 0.6, accounted=2.0)
    sweep.finished(MODES[1], 1)
    return load_sweep(sweep.folder)


def test_names_are_those_of_the_audit() -> None:
    assert (audits.NAME, audit_figures.COPIES_NAME) == (NAME, COPIES_NAME)
    assert audits.SCHEMA_VERSION == SCHEMA_VERSION


def test_the_table_has_means_over_audited_runs(audited: Sweep) -> None:
    (table,) = audit_tables(audited)
    rows = {row[:2]: row[2:] for row in table.rows}
    assert len(rows) == 6  # what was left out has no row
    # (0.7 + 0.8) / 2 = 0.75; deviation 0.0707, t(0.975; 1) = 12.706: 12.706 · 0.0707 / √2 = 0.635
    assert rows[MODES[0], "lira_online"] == (
        *("2", "0.750 ± 0.635", "25.0 ± 63.5 %", "3.1 %", "1.300", "–"),
    )
    assert rows[MODES[1], "lira_online"][-2:] == ("1.100", "2.000")
    assert rows[MODES[1], "dense_layer"][-2:] == ("–", "2.000")


def test_pictures_of_what_there_is(audited: Sweep) -> None:
    areas, curves = audit_pictures(audited, LOOKS)
    assert (areas.name, curves.name) == ("audit-auc", "audit-roc")
    assert [len(trace.x) for trace in areas.figure.data] == [6, 3]
    lira = [trace for trace in curves.figure.data if trace.name == MODES[1]]
    assert list(lira[0].y) == [1e-3, 0.6, 1.0]
    assert [trace.showlegend for trace in curves.figure.data[:3]] == [True, False, True]


def test_copies_are_shown_of_the_first_audited_run(sweep: SweepFactory) -> None:
    for seed, auc in enumerate((0.7, 0.8)):
        run = sweep.finished(MODES[0], seed)
        put_audit(run, auc)
        Image.new("RGB", (380, 100 + 100 * seed)).save(run / COPIES_NAME)
    copies = audit_pictures(load_sweep(sweep.folder), LOOKS)[-1]
    assert copies.name == "audit-copies"
    assert copies.figure.data[0].source.startswith("data:image/png;base64,")
    assert copies.figure.layout.height == 60 + 40 + 200  # 760 · 100 / 380


def test_nothing_without_an_audit(full_sweep: SweepFactory) -> None:
    sweep = load_sweep(full_sweep.folder)
    assert audit_tables(sweep) == audit_pictures(sweep, LOOKS) == []


def test_refuses_an_audit_of_another_version(sweep: SweepFactory) -> None:
    run = sweep.finished(MODES[0], 0)
    (run / NAME).write_text('{"schema_version": 0}')
    with pytest.raises(ValueError, match="has schema_version 0, this report reads 1"):
        audit_tables(load_sweep(sweep.folder))
