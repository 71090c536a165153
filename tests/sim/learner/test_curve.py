import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runners.build import assemble, build
from runners.options import ConfigError
from runners.virtual_learner import virtual_learner
from sim.learner import Work
from sim.learner.curve import Curve, CurveLearner
from sim.learning_curve import LearningCurve
from sim.world import World
from tests.runners.compose import compose

CURVE = LearningCurve(
    name="example",
    initial_loss=2.0,
    final_loss=0.0,
    initial_accuracy=0.0,
    final_accuracy=1.0,
    scale_samples=100.0,
    exponent=1.0,
    loss_scale_samples=50.0,
    loss_exponent=2.0,
    transfer=0.0,
    participants_exponent=0.0,
    forgetting=0.0,
    staleness_exponent=1.0,
    loss_rmse=0.0,
    accuracy_rmse=0.0,
    num_runs=0,
    num_points=0,
)
ONE_LABEL_EACH = np.array([[60.0, 0.0], [0.0, 60.0]])


def learner(**changes: float) -> CurveLearner:
    return CurveLearner(replace(CURVE, **changes), ONE_LABEL_EACH, batch_size=10)


def work(partner: int, start, num_steps: int = 5) -> Work:
    return Work(partner=partner, start=start, num_steps=num_steps, data_of=(partner,))


def test_an_accuracy_by_hand() -> None:
    one = learner()
    start = one.initial_model(None)
    # 50 samples of label 0, half of all labels: as 100 balanced ones. Half of its way is left.
    merged = one.merge(start, [work(0, start)], [1.0])
    assert merged.model.samples.tolist() == [100.0, 0.0]
    found = one.evaluate([merged.model])
    assert found.accuracy == pytest.approx((0.5 + 0.0) / 2)
    # Loss of label 0: 2 / (1 + (100/50)²) = 0.4; of label 1 still 2
    assert found.loss == pytest.approx((0.4 + 2.0) / 2)
    assert [one.train_loss for one in merged.feedback()] == [2.0]
    after = one.merge(merged.model, [work(0, merged.model), work(1, merged.model)], [0.5, 0.5])
    assert [one.train_loss for one in after.feedback()] == pytest.approx([0.4, 2.0])


def test_updates_count_by_participants_staleness_forgetting_and_transfer() -> None:
    both, weights = (0, 1), [0.5, 0.5]
    for changes, expected in (
        ({}, [50.0, 50.0]),
        ({"participants_exponent": 1.0}, [100.0, 100.0]),
    ):
        one = learner(**changes)
        start = one.initial_model(None)
        merged = one.merge(start, [work(partner, start) for partner in both], weights)
        assert merged.model.samples.tolist() == expected
    one = learner(forgetting=0.5)
    start = one.initial_model(None)
    first = one.merge(start, [work(0, start)], [1.0]).model
    second = one.merge(first, [work(1, start)], [1.0]).model  # one version late: counts half
    assert second.samples.tolist() == [50.0, 50.0]  # half forgotten; half of 100
    shared = replace(CURVE, transfer=1.0)
    assert shared.accuracy(np.array([100.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(1 / 3)


def test_samples_for_an_accuracy_are_those_that_reach_it() -> None:
    curve = replace(CURVE, exponent=1.7, final_accuracy=0.9)
    samples = curve.samples_for(0.6)
    assert curve.accuracy(np.full(2, samples), np.full(2, 0.5)) == pytest.approx(0.6)
    assert curve.samples_for(0.95) == float("inf")


@pytest.mark.parametrize(
    "mode",
    [
        *("solo", "pool", "partner/allreduce", "partner/local_sgd", "partner/diloco"),
        *("partner/gossip", "proxy/federated", "proxy/fedbuff", "proxy/hierarchical"),
    ],
)
def test_every_kind_of_mode_learns_by_it(mode: str) -> None:
    regions = ["mode.num_regions=2"] if mode == "proxy/hierarchical" else []
    run = build(compose("learner=curve", "task=digits_mlp", f"mode={mode}", *regions))
    setting, assignment = assemble(run)
    world = World(
        setting, virtual_learner(run, assignment, setting.workload), lambda fraction: None
    )
    evaluations = [one.evaluation for one in world.run().rounds if one.evaluation is not None]
    assert evaluations[-1].accuracy > evaluations[0].accuracy + 0.05
    assert evaluations[-1].loss < evaluations[0].loss


def test_partners_that_hold_all_labels_learn_sooner() -> None:
    """Coverage counts: the same samples of one label teach less than of both."""
    one = learner()
    start = one.initial_model(None)
    alone = one.merge(start, [work(0, start, 4)], [1.0]).model
    both = one.merge(start, [work(0, start, 4), work(1, start, 4)], [0.5, 0.5]).model
    assert one.evaluate([both]).accuracy > one.evaluate([alone]).accuracy


def test_the_shipped_curve_says_what_it_is_of() -> None:
    curve = Curve(file="digits_mlp.json").curve()
    assert curve.name == "digits_mlp"
    assert curve.num_points > 100
    assert 0 < curve.accuracy_rmse < 0.1


@pytest.mark.parametrize("text", [None, "[]", "{", json.dumps({"name": "half"})])
def test_files_without_a_curve_are_refused(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "curve.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=r"learner.file must be a curve .* digits_mlp.json"):
        assemble(build(compose("learner=curve", f"learner.file={path}")))
