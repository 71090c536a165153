"""Losses are those worked by hand and those of scikit-learn."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from runners.loss import check_loss, hits, num_outputs, probabilities, sample_losses
from tests.runners.data.options import NAMES, option


def test_the_sources_squared_errors() -> None:
    # S3's example has the mean 0.11, where it prints 0.2; it does not print its inputs, so these
    # errors are ours: (0.1² + 0.4² + 0.4²) / 3 = (0.01 + 0.16 + 0.16) / 3 = 0.11
    outputs, targets = torch.tensor([[0.9], [0.4], [0.6]]), torch.tensor([[1.0], [0.0], [1.0]])
    losses = sample_losses("squared_error", outputs, targets)
    assert losses.tolist() == pytest.approx([0.01, 0.16, 0.16])
    assert losses.mean().item() == pytest.approx(0.11)


def test_the_sources_cross_entropies() -> None:
    # S3's example has the mean 0.2892, where it prints 0.28; the true classes' probabilities are
    # ours: −(ln 0.8 + ln 0.7 + ln 0.75) / 3 = (0.2231 + 0.3567 + 0.2877) / 3 = 0.2892
    likely = torch.tensor([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.05, 0.2, 0.75]])
    losses = sample_losses("cross_entropy", likely.log(), torch.tensor([0, 1, 2]))
    assert losses.tolist() == pytest.approx([0.2231, 0.3567, 0.2877], abs=1e-4)
    assert losses.mean().item() == pytest.approx(0.2892, abs=1e-4)


def test_binary_cross_entropy_is_that_of_two_classes() -> None:
    # logit ln 4 is probability 0.8 for class 1
    outputs, labels = torch.tensor([[4.0], [4.0]]).log(), torch.tensor([1, 0])
    losses = sample_losses("binary_cross_entropy", outputs, labels)
    assert losses.tolist() == pytest.approx([0.2231, 1.6094], abs=1e-4)  # −ln 0.8, −ln 0.2
    two = torch.cat([torch.zeros(2, 1), outputs], dim=1)
    assert losses.tolist() == pytest.approx(sample_losses("cross_entropy", two, labels).tolist())
    assert hits("binary_cross_entropy", outputs, labels).tolist() == [1, 0]  # type: ignore[union-attr]
    assert probabilities("binary_cross_entropy", outputs)[0].tolist() == pytest.approx([0.2, 0.8])


def test_scikit_learn_has_the_same_mean_cross_entropy() -> None:
    from sklearn.metrics import accuracy_score, log_loss

    rng = np.random.default_rng(0)
    outputs = torch.from_numpy(rng.standard_normal((50, 4)))
    labels = torch.from_numpy(rng.integers(4, size=50))
    chances = probabilities("cross_entropy", outputs)
    mean = sample_losses("cross_entropy", outputs, labels).mean().item()
    assert mean == pytest.approx(log_loss(labels, chances, labels=range(4)))
    right = hits("cross_entropy", outputs, labels)
    assert right is not None
    assert right.mean().item() == pytest.approx(accuracy_score(labels, outputs.argmax(1)))


def test_a_sample_of_tokens_is_their_mean() -> None:
    # two tokens with probabilities 0.8 and 0.4 of what is right
    outputs = torch.tensor([[[0.8, 0.2], [0.6, 0.4]]]).log()
    targets = torch.tensor([[0, 1]])
    # (0.2231 + 0.9163) / 2 = 0.5697
    assert sample_losses("cross_entropy", outputs, targets).item() == pytest.approx(
        0.5697, abs=1e-4
    )
    right = hits("cross_entropy", outputs, targets)
    assert right is not None and right.tolist() == [0.5]


def test_squared_error_gives_r_squared() -> None:
    from sklearn.metrics import r2_score

    rng = np.random.default_rng(0)
    targets = rng.standard_normal((40, 3))
    outputs = targets + 0.5 * rng.standard_normal((40, 3))
    losses = sample_losses("squared_error", torch.from_numpy(outputs), torch.from_numpy(targets))
    ours = 1 - losses.mean().item() / targets.var(axis=0).mean()
    assert ours == pytest.approx(r2_score(targets, outputs, multioutput="variance_weighted"))
    assert hits("squared_error", torch.from_numpy(outputs), torch.from_numpy(targets)) is None


def test_targets_of_an_images_shape_are_flattened() -> None:
    images = torch.arange(8.0).reshape(2, 1, 2, 2)
    assert sample_losses("squared_error", images.flatten(1) + 2, images).tolist() == [4, 4]


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_that_fits_the_data_needs_outputs(name: str) -> None:
    data = option(name)
    loss = "squared_error" if data.num_values else "cross_entropy"
    check_loss(loss, data)
    wanted = data.samples().train_targets[0].size if data.num_values else data.num_classes
    assert num_outputs(loss, data) == wanted


def test_binary_cross_entropy_needs_one_output() -> None:
    check_loss("binary_cross_entropy", option("spam"))
    assert num_outputs("binary_cross_entropy", option("spam")) == 1


@pytest.mark.parametrize(
    ("loss", "target", "num_classes", "words"),
    [
        ("squared_error", "class", 2, "'class', got 'squared_error'; try task.loss=cross_entropy"),
        ("squared_error", "next_token", 256, "try task.loss=cross_entropy"),
        (
            "cross_entropy",
            "values",
            1,
            "'values', got 'cross_entropy'; try task.loss=squared_error",
        ),
        ("binary_cross_entropy", "inputs", 1, "try task.loss=squared_error"),
        ("binary_cross_entropy", "class", 3, "needs two classes, got 3"),
        ("binary_cross_entropy", "next_token", 2, "needs two classes, got 2"),
    ],
)
def test_a_loss_that_does_not_fit_is_refused(
    loss: str, target: str, num_classes: int, words: str
) -> None:
    data: Any = SimpleNamespace(target=target, num_classes=num_classes)
    with pytest.raises(ValueError, match=r"^loss") as caught:
        check_loss(loss, data)
    assert words in str(caught.value)
