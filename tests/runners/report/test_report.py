import csv
import io
import json
import re
import shutil
import subprocess
import sys

import pytest
from rich.console import Console

from runners.report import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FILES = {"report.html", "plotly.min.js", "report.md", "summary.csv", "differences.csv", "runs.csv"}


def _report(sweep, width=100):
    console = Console(file=io.StringIO(), width=width)
    path = write_report(sweep.folder, console)
    return path, console.file.getvalue()


def test_all_files_are_written_and_the_last_line_names_the_page(full_sweep):
    path, printed = _report(full_sweep)
    files = {one.name for one in full_sweep.folder.iterdir() if one.is_file()}
    assert files == FILES | {"accuracy.svg"}
    assert printed.splitlines()[-1] == f"report: {path}"


@pytest.mark.parametrize("width", [80, 100])
def test_terminal_tables_fit_and_name_the_clock(full_sweep, width):
    _, printed = _report(full_sweep, width)
    tables = printed.rpartition("\nreport:")[0]
    assert max(map(len, tables.splitlines())) <= width
    assert "clock: virtual" in printed


def test_missed_target_is_counted_in_the_terminal(full_sweep):
    _, printed = _report(full_sweep)
    assert "missed 3 of 3" in printed


def test_failed_run_is_listed_with_its_rank_and_message(full_sweep):
    path, printed = _report(full_sweep)
    message = "failed: 5 (proxy/federated, seed 2) on rank 1: rank 1 ran out of memory"
    assert message in " ".join(printed.split())
    assert f"{message} &lt;oom&gt;" in path.read_text()
    assert "2 of 3" in (full_sweep.folder / "report.md").read_text()


def test_same_runs_give_the_same_bytes(full_sweep):
    def written():
        _report(full_sweep)
        return {name: (full_sweep.folder / name).read_bytes() for name in FILES | {"accuracy.svg"}}

    assert written() == written()


def test_csv_files_are_unscaled(full_sweep):
    _report(full_sweep)
    rows = _rows(full_sweep.folder / "summary.csv")
    assert [row["label"] for row in rows] == [
        "partner/allreduce",
        "proxy/federated",
        "solo",
        "pool",
    ]
    assert float(rows[0]["num_bytes_mean"]) == 4e7
    assert (rows[2]["num_missed_target"], rows[2]["time_to_target_sim_s_mean"]) == ("3", "")
    assert len(_rows(full_sweep.folder / "runs.csv")) == 12


def test_nothing_finished_still_makes_a_report(sweep):
    sweep.failed("solo", 0, "boom", rank=None)
    sweep.failed("proxy/federated", 0, "stopped", status="interrupted")
    path, printed = _report(sweep)
    assert "No run finished" in path.read_text()
    assert "failed: 0 (solo, seed 0): boom" in printed
    assert not (sweep.folder / "accuracy.svg").exists()


def test_without_a_learner_accuracy_is_left_out_with_a_sentence(sweep):
    for mode in ("partner/allreduce", "proxy/federated"):
        for seed in (0, 1):
            sweep.finished(mode, seed, learner="none")
    path, printed = _report(sweep)
    page = path.read_text()
    assert "tables and pictures of accuracy are left out" in page
    assert 'id="accuracy-time"' not in page
    assert 'id="throughput"' in page
    assert "macro F1" not in printed
    assert not (sweep.folder / "accuracy.svg").exists()


def test_cost_and_energy_have_a_table_of_their_own(full_sweep):
    _, printed = _report(full_sweep)
    expense = printed.partition("Expense")[2].partition("Differences")[0]
    headings = " ".join(expense.split())
    assert "bytes moved" in headings and "cost" in headings and "energy" in headings
    # 10 rounds of 4 MB at 0.09 USD a GB, the same in every seed
    assert "0.360 ± 0 ¢" in expense
    rows = (full_sweep.folder / "differences.csv").read_text()
    assert "proxy/federated,partner/allreduce,cost_usd,ratio," in rows


@pytest.mark.parametrize(("num_dropped", "is_shown"), [(0, False), (3, True)])
def test_lost_work_is_shown_where_there_is_any(sweep, num_dropped, is_shown):
    sweep.finished("proxy/federated", 0, virtual={"num_dropped": num_dropped})
    sweep.finished("solo", 0)
    _, printed = _report(sweep)
    speed = printed.partition("Speed")[2].partition("Expense")[0]
    assert ("dropped" in speed) is is_shown
    assert ("3.0" in speed.split()) is is_shown


def test_the_setting_has_the_tariff_and_the_partners(sweep):
    sweep.finished("solo", 0, learner="none")
    _report(sweep)
    text = (sweep.folder / "report.md").read_text()
    assert r"| tariff | usd\_per\_gb 0.09 |" in text
    assert "| partners | 4 |" in text


def test_the_setting_names_each_engine_once(sweep):
    for seed in range(2):  # each has a reason of its own
        sweep.finished("solo", seed)
    sweep.finished("pool", 0, learner="none")
    _report(sweep)
    assert "| cohort engines | loop |" in (sweep.folder / "report.md").read_text()


def test_run_without_spans_has_no_timeline(sweep):
    (sweep.finished("solo", 0) / "trace.parquet").unlink()
    path, _ = _report(sweep)
    assert "First rounds of" not in path.read_text()


def test_text_from_runs_is_escaped(sweep):
    sweep.failed("solo", 0, "<script>alert(1)</script> | *bold*")
    path, _ = _report(sweep)
    assert "<script>alert" not in path.read_text()
    assert (
        r"&lt;script>alert(1)&lt;/script> \| \*bold\*" in (sweep.folder / "report.md").read_text()
    )


def test_figures_cannot_break_out_of_their_script(sweep):
    sweep.finished("partner/allreduce", 0, names={"mode": "partner/</script>"})
    path, _ = _report(sweep)
    figures = re.findall(
        r'<script type="application/json"[^>]*>(.*?)</script>', path.read_text(), re.S
    )
    assert all(json.loads(figure)["data"] for figure in figures)
    assert len(figures) == path.read_text().count('class="picture"')


def test_command_is_taken_from_what_hydra_left(full_sweep):
    (full_sweep.folder / "multirun.yaml").write_text(
        "hydra:\n  job: {config_name: compare}\n  overrides: {task: ['seed=0,1', 'task=digits']}\n"
    )
    path, _ = _report(full_sweep)
    assert "python -m runners.compare seed=0,1 task=digits" in path.read_text()


def test_importing_the_package_is_light():
    code = (
        "import sys, runners.report;"
        "print(sorted({'plotly', 'matplotlib', 'scipy', 'pandas', 'jinja2'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.skipif(BROWSER is None, reason=f"no browser found: none of {', '.join(BROWSERS)}")
@pytest.mark.parametrize(("num_modes", "num_seeds"), [(2, 1), (8, 3)])
def test_browser_draws_every_figure_without_errors(sweep, tmp_path, num_modes, num_seeds):
    modes = [
        "partner/allreduce",
        "proxy/federated",
        "solo",
        "pool",
        "partner/gossip",
        "partner/server",
    ]
    for mode in [*modes, "proxy/buffered", "proxy/data"][:num_modes]:
        for seed in range(num_seeds):
            sweep.finished(mode, seed)
    path, _ = _report(sweep)
    num_figures = path.read_text().count('class="picture"')
    dom, log = _open(path, tmp_path / "profile")
    assert num_figures == 6 + num_modes
    assert len(re.findall(r'class="picture js-plotly-plot"', dom)) == num_figures
    assert dom.count('class="plot-container') == num_figures
    assert len(re.findall(r'class="main-svg"', dom)) >= num_figures
    assert "CONSOLE" not in log


def _rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _open(path, profile):
    flags = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --enable-logging=stderr --v=0 "
        "--virtual-time-budget=5000 --dump-dom"
    )
    result = subprocess.run(
        [str(BROWSER), *flags.split(), f"--user-data-dir={profile}", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return result.stdout, result.stderr
