"""`python -m runners.audit` as it is typed, and what it writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from runners.audit.__main__ import audited_runs, main, read_settings
from runners.audit.accounted import accounted_epsilon
from runners.audit.examination import examine
from runners.audit.files import describe
from runners.job import CONF
from runners.options import ConfigError
from tests.runners.audit.finished import DIGITS, finished_run, settings

QUICK = ("num_shadows=4", "num_iterations=5", "num_shadow_partners=16", "device=cpu")
SPENT = {"mechanism": "dp", "unit": "partner", "epsilon": 2.5, "delta": 1e-6}


def test_a_run_is_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finished_run(tmp_path, *DIGITS, "budget.num_epochs=1", privacy={"guarantees": [SPENT]})
    main([str(tmp_path), "--set", *QUICK])
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert audit["settings"]["num_shadows"] == 4
    assert audit["accounted"] == {"epsilon": 2.5, "delta": 1e-6, "unit": "partner"}
    attacks = {one["attack"]: one for one in audit["attacks"]}
    assert [*attacks] == [
        *("loss_threshold", "lira_online", "lira_offline"),
        *("dense_layer", "cosine", "dlg", "property"),
    ]
    assert attacks["loss_threshold"]["epsilon"]["delta"] == 1e-6
    assert attacks["loss_threshold"]["judgement"]["num_positives"] == 360
    assert attacks["dense_layer"]["epsilon"] is None
    for name in ("audit_roc.png", "audit_copies.png"):
        assert imread(tmp_path / name).std() > 0.1
    printed = capsys.readouterr().out
    assert "accounted: ε = 2.5, δ = 1e-06 per partner" in " ".join(printed.split())
    assert f"Audit: {tmp_path / 'audit.json'}" in printed


def test_the_same_settings_give_the_same_audit_step_by_step(tmp_path: Path) -> None:
    finished_run(tmp_path, *DIGITS, "budget.num_epochs=1")
    quick = settings(num_shadows=4, num_iterations=3, num_shadow_partners=16)
    told: list[float] = []
    first, second = (describe(examine(tmp_path, quick, told.append)) for _ in range(2))
    assert first["attacks"] == second["attacks"]
    half = len(told) // 2
    assert told[:half] == told[half:] == sorted(told[:half])
    assert told[0] < 0.4 and told[-1] == pytest.approx(1.0)


def test_privacy_is_between_updates_and_attacks(tmp_path: Path) -> None:
    finished_run(tmp_path, *DIGITS)
    quick = settings(num_shadows=0, num_iterations=3, num_shadow_partners=16)
    audit = examine(tmp_path, quick, lambda _: None, protect=lambda updates: 0 * updates)
    inverted = {one.attack: one for one in audit.results}["dense_layer"]
    assert inverted.quality["psnr_db"].value < 15


@pytest.mark.parametrize(("compression", "is_exact"), [("none", True), ("sign", False)])
def test_compression_is_between_updates_and_attacks(
    tmp_path: Path, compression: str, is_exact: bool
) -> None:
    finished_run(tmp_path, *DIGITS, "mode=proxy/federated", f"compression={compression}")
    quick = settings(num_shadows=0, num_iterations=3, num_shadow_partners=16)
    audit = examine(tmp_path, quick, lambda _: None)
    inverted = {one.attack: one for one in audit.results}["dense_layer"]
    assert (inverted.quality["psnr_db"].value > 100) == is_exact


def test_attacks_are_made_on_what_a_secure_sum_of_few_numbers_shows(tmp_path: Path) -> None:
    shared = ("compression=random_k", "compression.shared_support=true")
    finished_run(tmp_path, *DIGITS, "mode=proxy/federated", "privacy=secagg", *shared)
    quick = settings(num_shadows=0, num_iterations=3, num_shadow_partners=16)
    audit = examine(tmp_path, quick, lambda _: None)
    found = {one.attack: one for one in audit.results}
    assert found["loss_threshold"].judgement is not None and found["property"].reason is None
    assert found["dense_layer"].quality["psnr_db"].value < 15


def test_text_is_asked_for_its_tokens(tmp_path: Path) -> None:
    small = ("task.model.channels=4", "task.model.embedding=4", "task.batch_size=8")
    finished_run(tmp_path, "task=spam_cnn", "partition=iid", *small)
    quick = settings(num_shadows=0, num_candidates=20, num_shadow_partners=4)
    audit = examine(tmp_path, quick, lambda _: None)
    found = {one.attack: one for one in audit.results}
    assert not audit.copies
    quality = found["embedding"].quality  # of its places max-pooling tells only some
    assert quality["precision"].value == 1.0 > 0.1 > quality["chance_precision"].value
    assert quality["recall"].value > 0.5
    assert found["property"].judgement is not None or found["property"].reason


@pytest.mark.parametrize(
    ("guarantees", "expected"),
    [
        (None, None),
        ([], None),
        ([SPENT | {"epsilon": None, "delta": None}], None),
        ([SPENT | {"epsilon": float("inf")}], None),
        ([SPENT, SPENT | {"epsilon": 1.5, "unit": "example"}], (1.5, 1e-6, "example")),
    ],
)
def test_the_accounted_epsilon(
    guarantees: list[dict[str, object]] | None, expected: tuple[float, float, str] | None
) -> None:
    found = accounted_epsilon(
        {"privacy": None if guarantees is None else {"guarantees": guarantees}}
    )
    assert (found and (found.epsilon, found.delta, found.unit)) == expected


def test_runs_of_a_sweep_are_found_in_order(tmp_path: Path) -> None:
    for name in ("10", "9", "2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").touch()
        (tmp_path / name / "model.pt").touch()
    (tmp_path / "3").mkdir()
    assert [run.name for run in audited_runs(tmp_path)] == ["2", "9", "10"]
    assert list(audited_runs(tmp_path / "9")) == [tmp_path / "9"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("num_shadows=5", "audit.num_shadows must be 0, or even and at least 4"),
        ("num_shadows=many", "audit.num_shadows must be a valid integer"),
        ("attacker=spy", "audit.attacker must be one of proxy, partner"),
        ("property_share=1.0", "audit.property_share must be above 0 and below 1"),
        ("delta=1.0", "audit.delta must be at least 0 and below 1"),
        ("num_victims=1", "audit.num_victims must be at least 2"),
        ("total_variation=-1.0", "audit.total_variation must be finite and at least 0"),
        ("shadows=4", "audit.shadows is no setting"),
    ],
)
def test_settings_are_checked(change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_settings([change])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{run}", "--set", "num_shadows"), "--set needs name=value, got 'num_shadows'"),
        (("{run}",), "an audit needs a run that finished with learner=horovod"),
        (("{empty}",), "has no run with a model.pt"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "config.yaml").touch()
    with pytest.raises(SystemExit, match="2"):
        main([one.format(run=tmp_path, empty=tmp_path / "empty") for one in arguments])
    assert f"error: {message}" in capsys.readouterr().err.replace(f"{tmp_path / 'empty'} ", "")


def test_the_command_explains_itself_without_loading_torch() -> None:
    code = "import sys, runners.audit.__main__; print('torch' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CONF.parent
    )
    assert loaded.stdout == "False\n"
    command = [sys.executable, "-m", "runners.audit", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CONF.parent)
    assert "python -m runners.audit results/runs/<run or sweep>" in done.stdout


def test_refuses_a_partner_who_is_not_there(tmp_path: Path) -> None:
    finished_run(tmp_path, *DIGITS)
    with pytest.raises(ValueError, match=r"audit.partner must be below the 4 partners"):
        examine(tmp_path, settings(partner=4), lambda _: None)
