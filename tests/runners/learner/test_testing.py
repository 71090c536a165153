"""Sums on the test set, against torch and scikit-learn."""

from typing import Any

import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, r2_score

from runners.learner import testing
from runners.learner.version import Version
from sim.learner import Part
from tests.runners.learner.one_rank import Little, mlp, training

VALUES = {
    "data": Little(target="values", num_classes=1, num_values=2),
    "loss": "squared_error",
}
BINARY = {"data": Little(num_classes=2), "loss": "binary_cross_entropy"}
EVERYTHING = slice(None)


def case(**settings: Any) -> tuple[testing.Testing, Version, torch.Tensor]:
    """Return what tests, a version to be tested, and its outputs."""
    mine = training(**settings)
    vector = mine.model.initial * 3
    outputs = mine.outputs(None, vector, mine.data.test_inputs)
    return testing.Testing(mine), Version(version=1, owner=None, vector=vector), outputs


def targets(**settings: Any) -> Any:
    return training(**settings).data.test_targets.numpy()


def test_classes_are_what_scikit_learn_says() -> None:
    tester, version, outputs = case()
    loss, right = (tester.sums(version, EVERYTHING) / tester.num_samples).tolist()
    assert loss == pytest.approx(log_loss(targets(), outputs.double().softmax(1), labels=range(3)))
    assert right == pytest.approx(accuracy_score(targets(), outputs.argmax(1)))


def test_two_classes_with_one_output_are_what_scikit_learn_says() -> None:
    tester, version, outputs = case(**BINARY)
    loss, right = (tester.sums(version, EVERYTHING) / tester.num_samples).tolist()
    assert loss == pytest.approx(log_loss(targets(**BINARY), outputs[:, 0].sigmoid()))
    assert right == pytest.approx(accuracy_score(targets(**BINARY), outputs[:, 0] > 0))


def test_what_is_right_of_values_is_r2() -> None:
    """Of two values with different variances, weighted by these."""
    tester, version, outputs = case(**VALUES)
    loss, right = (tester.sums(version, EVERYTHING) / tester.num_samples).tolist()
    wanted = targets(**VALUES)
    assert loss == pytest.approx(((outputs.numpy() - wanted) ** 2).mean(), rel=1e-5)
    explained = r2_score(wanted, outputs, multioutput="variance_weighted")
    assert right == pytest.approx(explained, rel=1e-5)


@pytest.mark.parametrize("settings", [{}, BINARY, VALUES])
def test_parts_of_the_test_set_add_up(settings: dict[str, Any]) -> None:
    """As ranks divide it: every third sample, from 0, 1 and 2 on."""
    tester, version, _ = case(**settings)
    parts = [tester.sums(version, slice(rank, None, 3)) for rank in range(3)]
    torch.testing.assert_close(sum(parts), tester.sums(version, EVERYTHING), rtol=1e-6, atol=0)


@pytest.mark.parametrize("settings", [{}, BINARY, VALUES])
def test_one_model_alone_is_an_ensemble(settings: dict[str, Any]) -> None:
    tester, version, _ = case(**settings)
    joint = tester.joint_sums(tester.probabilities(version))
    torch.testing.assert_close(joint, tester.sums(version, EVERYTHING), rtol=1e-5, atol=1e-5)


def test_an_ensemble_by_hand() -> None:
    """The mean gives 0.5 to the right class of the first sample and 0.25 to that of the others, and
    most to class 0: loss ln 2 + 9 ln 4, and as many right as there are of class 0.
    """
    tester, _, _ = case()
    wanted = torch.from_numpy(targets())
    mean = torch.full((10, 3), 0.375)
    mean[torch.arange(10), wanted] = 0.25
    mean[0] = 0.25
    mean[0, wanted[0]] = 0.5
    loss, right = tester.joint_sums(mean).tolist()
    assert loss == pytest.approx(19 * 0.693147, rel=1e-5)
    assert right == 1.0


def test_a_part_answers_by_itself() -> None:
    """A version that holds a part is tested as the smaller model, whatever the rest is."""
    mine = training(model=mlp(6))
    part = Part(kind="width", index=0, count=2)
    vector = mine.model.initial.clone()
    version = Version(version=1, owner=0, vector=vector, part=part)
    before = testing.Testing(mine).sums(version, EVERYTHING)
    indices = mine.parts.indices(part)
    assert indices is not None
    outside = torch.ones(len(vector), dtype=torch.bool)
    outside[indices] = False
    vector[outside] = 100.0
    assert torch.equal(testing.Testing(mine).sums(version, EVERYTHING), before)
