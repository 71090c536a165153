import json
import re

import pytest

from runners.build import GROUPS
from runners.report.labels import NAMES_THAT_MAY_VARY, SUPERSEDED
from runners.report.load import ANONYMITY, NAMES, load_sweep


def test_folder_without_runs_is_named_with_a_remedy(tmp_path):
    with pytest.raises(
        ValueError, match=f"no run found in {re.escape(str(tmp_path))}.*runners.compare"
    ):
        load_sweep(tmp_path)


def test_unknown_schema_version_is_refused(sweep):
    path = sweep.finished("solo", 0) / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 7}))
    with pytest.raises(ValueError, match="schema_version 7, this report reads 4"):
        load_sweep(sweep.folder)


def test_broken_record_is_named(sweep):
    path = sweep.finished("solo", 0) / "record.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=r"0/record\.json is not JSON"):
        load_sweep(sweep.folder)


def test_missing_rounds_of_a_finished_run_are_named(sweep):
    (sweep.finished("solo", 0) / "rounds.parquet").unlink()
    with pytest.raises(ValueError, match=r"rounds\.parquet is missing"):
        load_sweep(sweep.folder)


def test_every_run_has_a_row_and_partner_modes_come_first(full_sweep):
    runs = load_sweep(full_sweep.folder).runs
    assert len(runs) == 12
    assert list(runs["label"].unique()) == ["partner/allreduce", "proxy/federated", "solo", "pool"]
    assert runs["status"].value_counts().to_dict() == {"finished": 11, "failed": 1}


def test_run_that_left_no_record_is_not_forgotten(full_sweep):
    died = full_sweep.folder / "12"
    died.mkdir()
    (died / "config.yaml").write_text("seed: 3\n")
    assert load_sweep(full_sweep.folder).without_record == ("12",)


@pytest.mark.parametrize(
    ("group", "usual", "other"), [("privacy", "none", "dp"), ("aggregation", "mean", "krum")]
)
def test_names_that_vary_become_part_of_the_label(sweep, group, usual, other):
    sweep.finished("solo", 0)
    sweep.finished("solo", 0, names={group: other})
    labels = set(load_sweep(sweep.folder).runs["label"])
    assert labels == {f"solo, {group}={other}", f"solo, {group}={usual}"}


def test_names_are_those_of_all_groups():
    assert set(NAMES) == set(GROUPS) == {"mode", *NAMES_THAT_MAY_VARY}


def test_settings_that_vary_within_a_label_become_part_of_it(sweep):
    for num_local_steps in (1, 8):
        for seed in (0, 1):
            sweep.finished("solo", seed, config={"budget": {"num_epochs": num_local_steps}})
    labels = list(load_sweep(sweep.folder).runs["label"].unique())
    assert labels == ["solo, budget.num_epochs=1", "solo, budget.num_epochs=8"]


def test_settings_that_only_some_runs_have_name_these_runs(sweep):
    for seed in (0, 1):
        sweep.finished("solo", seed, config={"privacy": {"clip": {"clipping_norm": 2.0}}})
        sweep.finished("solo", seed, config={"privacy": {"none": {}}})
    labels = list(load_sweep(sweep.folder).runs["label"].unique())
    assert set(labels) == {"solo, privacy.clip.clipping_norm=2.0", "solo"}


def test_what_is_left_of_risk_is_in_the_row_of_a_run(sweep):
    path = sweep.finished("proxy/data_proxy", 0) / "record.json"
    figures = {
        "prosecutor": {"before": {"mean": 0.9}, "after": {"mean": 0.1}},
        "linkage": {"before": 0.8, "after": 0.02},
        "certainty_penalty": 0.3,
    }
    privacy = {"guarantees": [], "anonymisation": figures}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"privacy": privacy}))
    sweep.finished("pool", 0)
    runs = load_sweep(sweep.folder).runs.set_index("mode")[list(ANONYMITY)]
    assert runs.loc["proxy/data_proxy"].tolist() == [0.1, 0.02, 0.3]
    assert runs.loc["pool"].isna().all()


def test_texts_have_no_risk_of_rows(sweep):
    path = sweep.finished("proxy/data_proxy", 0) / "record.json"
    privacy = {"guarantees": [], "anonymisation": {"num_texts": 3, "size_ratio": 1.1}}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"privacy": privacy}))
    assert load_sweep(sweep.folder).runs[list(ANONYMITY)].isna().all(axis=None)


def test_only_the_newest_of_equal_runs_counts(sweep):
    first = sweep.finished("solo", 0) / "record.json"
    first.write_text(first.read_text().replace("2026-01-01", "2025-01-01"))
    sweep.finished("solo", 0)
    runs = load_sweep(sweep.folder).runs.set_index("run")
    assert runs["status"].to_dict() == {"0": SUPERSEDED, "1": "finished"}
