"""Step times vary around their mean as each option says."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.streams import stream
from sim.variability import Variability
from sim.variability.empirical import Empirical
from sim.variability.lognormal import Lognormal
from sim.variability.none import Steady

NUM_STEPS = 40_000
EXAMPLE = Empirical(file="numpy_mlp_steps.csv", factors=None)


def each(option: Variability, num_draws: int) -> np.ndarray:
    """Return the factors of single steps."""
    rng = stream(0, "test")
    return np.array([option.stretch(1, rng) for _ in range(num_draws)])


def test_steady_steps_take_the_mean_and_draw_nothing() -> None:
    rng = stream(0, "test")
    assert Steady().stretch(7, rng) == 7.0
    assert rng.random() == stream(0, "test").random()


@pytest.mark.parametrize(
    "option",
    [
        Steady(),
        Lognormal(sigma=0.0),
        Lognormal(sigma=0.5),
        EXAMPLE,
        Empirical(file=None, factors=(1.0, 1.0, 4.0)),
    ],
)
def test_the_mean_is_one(option: Variability) -> None:
    # the largest standard deviation of these is 0.71, so five standard errors are 0.018
    assert option.stretch(NUM_STEPS, stream(0, "test")) / NUM_STEPS == pytest.approx(1, abs=0.018)
    assert option.stretch(0, stream(0, "test")) == 0


def test_lognormal_has_its_variance_and_median() -> None:
    factors = each(Lognormal(sigma=0.5), NUM_STEPS)
    # variance exp(1/4) - 1 = 0.284, median exp(-1/8) = 0.882
    assert factors.var() == pytest.approx(0.284, rel=0.1)
    assert np.median(factors) == pytest.approx(0.882, rel=0.02)
    assert np.log(factors).std() == pytest.approx(0.5, rel=0.02)


def test_factors_are_scaled_and_drawn_evenly() -> None:
    # (1 + 1 + 4) / 3 = 2, so the factors are 0.5, 0.5 and 2
    factors = each(Empirical(file=None, factors=(1.0, 1.0, 4.0)), 3000)
    assert set(factors) == {0.5, 2.0}
    assert np.mean(factors == 2.0) == pytest.approx(1 / 3, abs=5 * np.sqrt(2 / 9 / 3000))


def test_a_file_is_the_factors_it_has(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("step_wall_s\n0.001\n0.001\n0.004\n")
    one, two = Empirical(file=str(path), factors=None), Empirical(file=None, factors=(1, 1, 4))
    assert one.stretch(9, stream(0, "test")) == pytest.approx(two.stretch(9, stream(0, "test")))


def test_the_example_is_what_its_readme_says() -> None:
    factors = each(EXAMPLE, 20_000)
    assert factors.std() == pytest.approx(0.05, abs=0.005)
    assert factors.max() == pytest.approx(1.27, abs=0.005)


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20), st.integers(0, 50))
def test_a_sum_lies_between_its_least_and_its_most(factors: list[float], num_steps: int) -> None:
    mean = np.mean(factors)
    total = Empirical(file=None, factors=tuple(factors)).stretch(num_steps, stream(0, "test"))
    assert num_steps * min(factors) / mean <= total * (1 + 1e-9)
    assert total <= num_steps * max(factors) / mean * (1 + 1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lognormal(sigma=-1), "sigma must be finite and at least 0, got -1"),
        (lambda: Empirical(file=None, factors=None), "file must be given or factors"),
        (lambda: Empirical(file="a.csv", factors=(1.0,)), "file must be given or factors"),
        (lambda: Empirical(file=None, factors=()), "factors must have at least one number"),
        (lambda: Empirical(file=None, factors=(1.0, 0.0)), "factors must be finite and above 0"),
        (lambda: Empirical(file="no.csv", factors=None), "step times: it must be a CSV file, got"),
    ],
)
def test_refuses_what_is_no_variability(make: Callable[[], Variability], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("step_wall_s\n0.1\n-0.1\n", "line 3: step_wall_s must be finite and above 0, got -0.1"),
        ("step_wall_s\n0.1\nslow\n", "line 3: step_wall_s must be a number"),
        ("seconds\n0.1\n", "line 1: the columns must be step_wall_s, got seconds"),
        ("step_wall_s\n", "without any; measure some steps"),
    ],
)
def test_names_what_is_wrong_in_a_file(tmp_path: Path, lines: str, message: str) -> None:
    path = tmp_path / "steps.csv"
    path.write_text(lines)
    with pytest.raises(ValueError, match=f"file must hold measured step times.*{message}"):
        Empirical(file=str(path), factors=None)
