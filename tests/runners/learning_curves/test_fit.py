"""A fit finds the numbers of the curve that made the points."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from runners import fit_curve
from runners.build import assemble, build
from runners.learning_curves.fit import fit
from runners.learning_curves.recorded import Recorded, recorded_runs
from sim.learner.curve import Curve
from sim.learning_curve import LearningCurve
from tests.runners.compose import compose

TRUE = replace(
    Curve(file="digits_mlp.json").curve(),
    final_accuracy=0.9,
    transfer=0.3,
    forgetting=0.2,
    participants_exponent=0.4,
)


def recorded(seed: int, num_participants: int) -> Recorded:
    rng = np.random.default_rng(seed)
    balance = np.full(4, 0.25)
    updates = np.array([300 * rng.dirichlet(np.full(4, 0.5)) for _ in range(40)])
    states = [np.zeros(4)]
    for update in updates:
        states.append(TRUE.after(states[-1], update, balance, num_participants))
    return Recorded(
        updates=updates,
        num_participants=(num_participants,) * 40,
        num_merged=tuple(range(41)),
        losses=np.array([TRUE.loss(one, balance) for one in states]),
        accuracies=np.array([TRUE.accuracy(one, balance) for one in states]),
        balance=balance,
    )


def test_a_fit_finds_the_curve() -> None:
    found = fit("again", [recorded(0, 2), recorded(1, 5), recorded(2, 10)])
    for name in ("final_accuracy", "scale_samples", "transfer", "forgetting"):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.05)
    assert found.accuracy_rmse < 1e-3
    assert isinstance(found, LearningCurve) and found.num_points == 123


def test_a_recorded_run_is_played_again(tmp_path: Path) -> None:
    config = compose("task=digits_mlp", "mode=proxy/federated", "agent.num_participants=2")
    record = {"status": "finished", "names": {"learner": "horovod"}, "config": config}
    (tmp_path / "record.json").write_text(json.dumps(record))
    rows = {
        "round": [0, 1, 2],
        "test_loss": [2.3, np.nan, 1.9],
        "test_accuracy": [0.1, np.nan, 0.4],
    }
    pd.DataFrame(rows).to_parquet(tmp_path / "rounds.parquet")
    (run,) = recorded_runs([tmp_path])
    setting, _ = assemble(build(config))
    assert run.num_merged == (0, 2)
    assert run.accuracies.tolist() == [0.1, 0.4]
    assert set(run.num_participants) == {2}
    num_samples = config["mode"]["local_steps"] * config["task"]["batch_size"]
    assert run.updates.sum(axis=1) == pytest.approx(num_samples)
    assert len(run.updates) * 2 * num_samples >= 3 * setting.workload.total_samples


def test_folders_without_runs_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        fit_curve.main([str(tmp_path), "--name", "x", "--out", str(tmp_path / "x.json")])
    assert "no finished run of mode=proxy/federated" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
