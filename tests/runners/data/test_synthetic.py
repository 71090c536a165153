"""Synthetic data have the variances and the best models that they promise."""

from typing import Any

import numpy as np
import pytest

from runners.data.factors import Factors
from runners.data.regression import Regression

FACTORS: dict[str, Any] = {
    "num_features": 10,
    "num_factors": 3,
    "noise": 0.5,
    "num_samples": 50_000,
}
LINEAR: dict[str, Any] = {"num_features": 4, "num_values": 2, "noise": 0.5, "num_samples": 50_000}


def test_features_of_factors_have_mean_0_and_variance_1() -> None:
    train = Factors(**FACTORS).samples().train
    # 40,000 samples: standard errors 1/200 of a mean, √2/200 of a variance; five of them
    assert train.mean(axis=0) == pytest.approx(np.zeros(10), abs=5 / 200)
    assert train.var(axis=0) == pytest.approx(np.ones(10), abs=5 * 2**0.5 / 200)


def test_as_many_principal_components_as_factors_leave_the_noise() -> None:
    from sklearn.decomposition import PCA

    samples = Factors(**FACTORS).samples()
    model = PCA(3).fit(samples.train)
    rest = samples.test - model.inverse_transform(model.transform(samples.test))
    # (1 − 3/10) 0.25 / 1.25 = 0.14
    assert np.square(rest).mean() == pytest.approx(0.14, rel=0.03)


def test_without_noise_factors_say_all() -> None:
    train = Factors(**FACTORS | {"noise": 0.0}).samples().train
    assert np.linalg.matrix_rank(train, tol=1e-2) == 3


def test_least_squares_leaves_the_noise() -> None:
    samples = Regression(**LINEAR).samples()
    inputs, test = (np.c_[x, np.ones(len(x))] for x in (samples.train, samples.test))
    model = np.linalg.lstsq(inputs, samples.train_targets)[0]
    assert np.linalg.norm(model[:-1], axis=0) == pytest.approx([1, 1], rel=0.02)
    rest = np.square(samples.test_targets - test @ model).mean(axis=0)
    # noise² = 0.25; R² = 1 / 1.25 = 0.8
    assert rest == pytest.approx([0.25, 0.25], rel=0.05)
    assert 1 - rest / samples.test_targets.var(axis=0) == pytest.approx([0.8, 0.8], abs=0.02)


def test_bytes_are_those_of_float32() -> None:
    assert Factors(**FACTORS).sample_bytes == 40
    assert Regression(**LINEAR).sample_bytes == 24  # 4 features and 2 values


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_features": 0}, "num_features must be at least 1, got 0"),
        ({"noise": -1.0}, "noise must be finite and at least 0, got -1"),
        ({"num_samples": 4}, "num_samples must be at least 5, got 4"),
    ],
)
@pytest.mark.parametrize(("kind", "usual"), [(Factors, FACTORS), (Regression, LINEAR)])
def test_what_can_not_be_drawn_is_refused(
    kind: Any, usual: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        kind(**usual | settings)


def test_more_factors_than_features_are_refused() -> None:
    with pytest.raises(ValueError, match="num_factors must be between 1 and the 10 features"):
        Factors(**FACTORS | {"num_factors": 11})


def test_a_value_at_least_is_learned() -> None:
    with pytest.raises(ValueError, match="num_values must be at least 1, got 0"):
        Regression(**LINEAR | {"num_values": 0})
