"""Records are whole or not there, identify their config, and have a dictionary that covers them."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from runners.build import GROUPS, assemble, build
from runners.config_file import CHECKPOINT
from runners.data.stdlib import Stdlib
from runners.learner.saved_models import NAME as MODEL
from runners.metrics import Metrics
from runners.perform import Job, simulate
from runners.record import Failure, config_hash, describe, write_atomically, write_failure
from runners.report.compare import compare_runs
from runners.report.load import load_sweep
from runners.report.rows import write_csv_files
from tests.runners.compose import compose

ROOT = Path(__file__).parents[2]
DICTIONARY = ROOT / "results" / "README.md"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run without learning."""
    folder = tmp_path_factory.mktemp("sweep") / "0"
    folder.mkdir()
    config = compose("learner=none", "task=digits_mlp", "mode=proxy/federated")
    run = build(config)
    setting, assignment = assemble(run)
    job = Job(
        folder=folder,
        config=config,
        run=run,
        setting=setting,
        assignment=assignment,
        submitted_at=time.time(),
    )
    simulate(job, lambda fraction: None)
    return folder


def write_half_and_raise(part: Path) -> None:
    part.write_text("half")
    raise RuntimeError("disk full")


def test_a_writer_that_raises_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk full"):
        write_atomically(tmp_path / "new", write_half_and_raise)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_raises_keeps_the_old_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", lambda part: part.write_text("old"))
    with pytest.raises(RuntimeError, match="disk full"):
        write_atomically(tmp_path / "file", write_half_and_raise)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_the_hash_changes_with_any_setting() -> None:
    base = compose()
    hashes = {config_hash(variant) for variant in each_setting_changed(base)}
    assert len(hashes) == num_settings(base) > 40
    assert config_hash(base) not in hashes


def each_setting_changed(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return copies of `config`, each with another of its settings changed."""
    for key, value in config.items():
        if isinstance(value, dict):
            for changed in each_setting_changed(value):
                yield config | {key: changed}
        else:
            yield config | {key: f"not {value}"}


def num_settings(config: dict[str, Any]) -> int:
    return sum(num_settings(one) if isinstance(one, dict) else 1 for one in config.values())


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    def turned(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: turned(value[key]) for key in reversed(value)}

    config = compose()
    assert list(turned(config)) != list(config)
    assert config_hash(turned(config)) == config_hash(config)
    assert re.fullmatch("[0-9a-f]{16}", config_hash(config))


def test_a_failure_is_a_record_without_a_result(tmp_path: Path) -> None:
    failure = Failure(rank=1, message="rank 1 was killed", traceback=None)
    write_failure(tmp_path, compose("seed=7", "mode=solo"), "failed", failure)
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["status"], record["seed"], record["names"]["mode"]) == ("failed", 7, "solo")
    assert record["error"] == {"rank": 1, "message": "rank 1 was killed", "traceback": None}
    assert [record[part] for part in ("virtual", "wall", "metrics")] == [None, None, None]


def test_a_config_without_its_groups_still_gets_a_failure_record(tmp_path: Path) -> None:
    failure = Failure(rank=None, message="missing root key mode", traceback=None)
    write_failure(tmp_path, {"task": "no option"}, "failed", failure)
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["seed"] is None and set(record["names"].values()) == {None}


def test_the_data_s_fingerprint_is_on_record() -> None:
    record = describe(compose("task=stdlib_gpt", "task.data.num_samples=8"), "finished")
    assert record["data_fingerprint"] == Stdlib(length=7, num_samples=4).fingerprint()


@pytest.mark.parametrize(
    "overrides",
    [["task=digits_mlp"], ["task=sized"], ["task=table_mlp", "task.data.files=[a.csv]"]],
)
def test_data_that_have_none_leave_no_fingerprint(overrides: list[str]) -> None:
    assert describe(compose(*overrides), "failed")["data_fingerprint"] is None


def test_finished_and_failed_records_have_the_same_keys(finished: Path, tmp_path: Path) -> None:
    failure = Failure(rank=None, message="", traceback=None)
    write_failure(tmp_path, compose(), "failed", failure)
    records = [json.loads((one / "record.json").read_text()) for one in (finished, tmp_path)]
    assert list(records[0]) == list(records[1])


def test_the_dictionary_has_every_key_of_a_record(finished: Path) -> None:
    record = json.loads((finished / "record.json").read_text())
    assert record["status"] == "finished"
    known = {*keys(record | {"config": None}), "overall", "ensemble", "partners"}
    known |= {field.name for kind in (Metrics, Failure) for field in fields(kind)}
    assert known - documented() == set()
    assert f"`schema_version` is {record['schema_version']}." in DICTIONARY.read_text()


@pytest.mark.parametrize("name", ["rounds.parquet", "trace.parquet"])
def test_the_dictionary_has_every_column_of_a_run(finished: Path, name: str) -> None:
    table = pd.read_parquet(finished / name)
    assert len(table) and set(table.columns) - documented() == set()


def test_the_dictionary_has_every_file_of_a_run(finished: Path) -> None:
    written = {path.name for path in finished.iterdir()}
    assert {"record.json", "timeline.json"} < written and written - documented() == set()
    assert {f"{CHECKPOINT}/", MODEL} <= documented()


def test_the_dictionary_has_every_engine() -> None:
    modules = (ROOT / "runners" / "learner" / "engine").glob("*.py")
    engines = {path.stem for path in modules if path.read_text().startswith('"""Engine `')}
    assert len(engines) == 5 and engines - documented() == set()


def test_the_dictionary_has_every_group_that_is_named() -> None:
    assert set(GROUPS) - documented() == set()


@pytest.mark.parametrize("name", ["runs.csv", "summary.csv", "differences.csv"])
def test_the_dictionary_has_every_column_of_a_sweep(finished: Path, name: str) -> None:
    sweep = load_sweep(finished.parent)
    write_csv_files(sweep, compare_runs(sweep.runs))
    columns = (finished.parent / name).read_text().splitlines()[0].split(",")
    figures = {re.sub("_(mean|half_width|num_values)$", "", column) for column in columns}
    assert len(figures) > 5 and figures - documented() == set()


def keys(node: Any) -> Iterator[str]:
    """Return all keys of nested mappings."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from keys(value)


def documented() -> set[str]:
    """Return what the dictionary has in backticks."""
    return set(re.findall(r"`([^`]+)`", DICTIONARY.read_text()))
