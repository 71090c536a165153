"""The ledger says of each partner's examples what they have really been in for."""

import math

import pytest

from runners.accountant import epsilon
from runners.example_ledger import ExampleLedger, Spent, composed_epsilon
from runners.example_rule import ExampleRule
from runners.privacy import Sampling

POISSON = ExampleRule(clipping_norm=1.0, noise_multiplier=1.0, sampling="poisson")
SHUFFLED = ExampleRule(clipping_norm=1.0, noise_multiplier=2.0, sampling="shuffled")


def poisson(num_held: int, num_chosen: int, count: int, noise: float = 1.0) -> Spent:
    sampling = Sampling(kind="poisson", num_partners=num_held, num_chosen=num_chosen)
    return Spent(noise_multiplier=noise, sampling=sampling, num_compositions=count)


def passes(num_held: int, count: int, noise: float) -> Spent:
    sampling = Sampling(kind="everyone", num_partners=num_held, num_chosen=num_held)
    return Spent(noise_multiplier=noise, sampling=sampling, num_compositions=count)


def test_local_steps_count_for_those_whose_data_they_draw_from() -> None:
    ledger = ExampleLedger(POISSON, [100, 400], batch_size=20)
    ledger.note((0,), 5)
    ledger.note((1,), 7)
    ledger.note((0,), 5)
    ledger.note((0, 1), 3)
    assert ledger.spent(0) == {poisson(100, 20, 10), poisson(500, 20, 3)}
    assert ledger.spent(1) == {poisson(400, 20, 7), poisson(500, 20, 3)}
    assert [ledger.num_steps(data_of) for data_of in ((0,), (1,), (0, 1))] == [10, 7, 3]


def test_lighter_examples_of_a_step_are_behind_more_noise() -> None:
    ledger = ExampleLedger(POISSON, [100, 400], batch_size=20)
    ledger.note((0,), 2, 4.0)
    ledger.note((0,), 1, 1.0)
    ledger.note((1,), 3)
    assert ledger.spent(0) == {poisson(100, 20, 2, noise=4.0), poisson(100, 20, 1)}


def test_small_partners_are_drawn_whole() -> None:
    ledger = ExampleLedger(POISSON, [8], batch_size=20)
    ledger.note((0,), 2)
    assert ledger.spent(0) == {poisson(8, 8, 2)}
    assert ledger.epsilon(1e-5) == epsilon(1.0, passes(8, 2, 1.0).sampling, 2, 1e-5)


@pytest.mark.parametrize(
    ("num_steps", "num_passes"),
    # batches of 20 of 100: five a pass, and a pass begun counts
    [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3)],
)
def test_shuffled_passes_count_once_they_are_begun(num_steps: int, num_passes: int) -> None:
    ledger = ExampleLedger(SHUFFLED, [100], batch_size=20)
    ledger.note((0,), num_steps)
    assert ledger.spent(0) == {passes(100, num_passes, 2.0)}


def test_a_shuffled_example_is_in_a_step_once_at_most() -> None:
    ledger = ExampleLedger(SHUFFLED, [8], batch_size=20)
    ledger.note((0,), 3)  # 60 draws of 8 are 8 passes
    assert ledger.spent(0) == {passes(8, 3, 2.0)}


def test_shuffled_steps_all_count_as_those_with_the_least_noise() -> None:
    ledger = ExampleLedger(SHUFFLED, [100], batch_size=20)
    ledger.note((0,), 5, 3.0)
    ledger.note((0,), 1, 1.5)
    assert ledger.spent(0) == {passes(100, 2, 3.0)}


def test_the_worst_off_counts() -> None:
    """The small partner's examples are drawn more often."""
    ledger = ExampleLedger(POISSON, [100, 400, 900], batch_size=20)
    assert ledger.epsilon(1e-5) == 0
    ledger.note((0,), 10)
    ledger.note((1,), 10)
    assert ledger.epsilon(1e-5) == composed_epsilon([poisson(100, 20, 10)], 1e-5)
    assert ledger.epsilon(1e-5) > composed_epsilon([poisson(400, 20, 10)], 1e-5) > 0


def test_gaussians_compose_to_one_with_all_their_precision() -> None:
    # 1/σ² add up: 1/2² + 1/3² + 1/6² = 14/36, one σ of 6/√14; the exact ε of that
    several = [passes(10, 1, noise) for noise in (2.0, 3.0, 6.0)]
    one = composed_epsilon([passes(10, 1, 6 / math.sqrt(14))], 1e-5)
    assert composed_epsilon(several, 1e-5) == pytest.approx(one, abs=1e-3)
    assert composed_epsilon(several, 1e-5) >= one


def test_parts_of_a_run_compose_to_the_whole() -> None:
    """4 + 6 steps are 10; their noises differ by so little that it does not show."""
    parts = [poisson(100, 10, 4), poisson(100, 10, 6, noise=1 + 1e-9)]
    whole = composed_epsilon([poisson(100, 10, 10)], 1e-5)
    assert composed_epsilon(parts, 1e-5) == pytest.approx(whole, abs=2e-3)


def test_without_noise_there_is_no_epsilon() -> None:
    assert composed_epsilon([poisson(100, 20, 1, noise=0.0)], 1e-5) == math.inf
    both = [poisson(100, 20, 1, noise=0.0), poisson(500, 20, 1)]
    assert composed_epsilon(both, 1e-5) == math.inf


def test_a_ledger_goes_on_from_its_state() -> None:
    ledger, other = (ExampleLedger(POISSON, [100], batch_size=20) for _ in range(2))
    ledger.note((0,), 3)
    other.restore(ledger.state())
    other.note((0,), 2)
    ledger.note((0,), 9)
    assert other.spent(0) == {poisson(100, 20, 5)}
