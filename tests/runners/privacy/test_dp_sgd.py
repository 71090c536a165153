"""Option `dp_sgd`: its ε is Opacus's for the same steps, and it comes first in a chain."""

import math
from typing import Any

import pytest

from runners.accountant import epsilon_by_rdp
from runners.example_ledger import ExampleLedger, Spent, composed_epsilon
from runners.example_rule import ExampleRule
from runners.privacy import Sampling
from runners.privacy.chain import Chain
from runners.privacy.clip import Clip
from runners.privacy.dp_sgd import DpSgd
from runners.privacy.none import Plain

EVERYONE = Sampling(kind="everyone", num_partners=4, num_chosen=4)
NUM_HELD, BATCH, NUM_STEPS = 2000, 100, 40


def dp_sgd(**changes: Any) -> DpSgd:
    settings = {
        "clipping_norm": 1.0,
        "noise_multiplier": 1.0,
        "sampling": "poisson",
        "delta": 1e-5,
        "max_epsilon": None,
        "step_factor": 2.0,
    }
    return DpSgd(**(settings | changes))


def clip() -> Clip:
    return Clip(clipping_norm=1.0, numbers_per_s=1e8)


def ledger(mechanism: DpSgd, num_steps: int = NUM_STEPS) -> ExampleLedger:
    """Return a ledger of one partner's steps."""
    one = ExampleLedger(mechanism.example_rule, [NUM_HELD], BATCH)
    one.note((0,), num_steps)
    return one


def test_opacus_has_the_same_epsilon() -> None:
    accountants = pytest.importorskip("opacus.accountants")
    rate = BATCH / NUM_HELD
    prv, rdp = accountants.PRVAccountant(), accountants.RDPAccountant()
    prv.history = rdp.history = [(1.0, rate, NUM_STEPS)]
    held = dp_sgd().guarantee_of(ledger(dp_sgd()))
    assert held.epsilon == pytest.approx(prv.get_epsilon(1e-5, eps_error=2e-4), abs=1e-3)
    sampling = Sampling(kind="poisson", num_partners=NUM_HELD, num_chosen=BATCH)
    by_rdp = epsilon_by_rdp(1.0, sampling, NUM_STEPS, 1e-5)
    assert by_rdp == pytest.approx(rdp.get_epsilon(1e-5), abs=1e-3)
    assert (held.unit, held.delta) == ("example", 1e-5)


def test_chance_is_credited_to_poisson_batches_only() -> None:
    """40 steps of 100 of 2,000 are two passes: two Gaussians of σ 1, one of 1/√2. Its exact δ at ε
    is Φ(1/2σ − εσ) − e^ε Φ(−1/2σ − εσ).
    """
    shuffled = dp_sgd(sampling="shuffled")
    epsilon = shuffled.guarantee_of(ledger(shuffled)).epsilon
    assert epsilon is not None
    noise = 1 / math.sqrt(2)
    low, high = (
        0.5 * math.erfc(-(sign / (2 * noise) - epsilon * noise) / math.sqrt(2)) for sign in (1, -1)
    )
    assert low - math.exp(epsilon) * high == pytest.approx(1e-5, rel=1e-3)
    poisson = dp_sgd().guarantee_of(ledger(dp_sgd())).epsilon
    assert poisson is not None and epsilon > 2 * poisson


@pytest.mark.parametrize("sampling", ["poisson", "shuffled"])
def test_the_last_step_within_the_limit(sampling: str) -> None:
    mechanism = dp_sgd(sampling=sampling, max_epsilon=7.5)
    most = mechanism.max_steps(NUM_HELD, BATCH)
    assert mechanism.guarantee_of(ledger(mechanism, int(most))).epsilon <= 7.5  # type: ignore
    assert mechanism.guarantee_of(ledger(mechanism, int(most) + 1)).epsilon > 7.5  # type: ignore
    if sampling == "shuffled":
        assert most % (NUM_HELD / BATCH) == 0  # whole passes


def test_without_a_limit_there_is_none() -> None:
    assert dp_sgd().max_steps(NUM_HELD, BATCH) == math.inf


def test_without_noise_nothing_is_guaranteed() -> None:
    silent = dp_sgd(noise_multiplier=0.0, clipping_norm=math.inf)
    held = silent.guarantee_of(ledger(silent))
    assert (held.epsilon, held.delta) == (None, None)
    assert silent.example_rule == ExampleRule(
        clipping_norm=math.inf, noise_multiplier=0.0, sampling="poisson"
    )


def test_the_learner_gets_the_rule_and_the_clock_the_factor() -> None:
    mechanism = dp_sgd(clipping_norm=0.5, noise_multiplier=1.5, sampling="shuffled")
    assert mechanism.example_rule == ExampleRule(
        clipping_norm=0.5, noise_multiplier=1.5, sampling="shuffled"
    )
    assert Chain((mechanism, clip())).step_factor == 2.0
    assert not mechanism.is_about_updates and not Chain((mechanism,)).needs_rows


def test_it_comes_first_and_once() -> None:
    Chain((Plain(), dp_sgd(), clip()))
    for chain in ((clip(), dp_sgd()), (dp_sgd(), dp_sgd())):
        with pytest.raises(ValueError, match=r"privacy must name dp_sgd first and once"):
            Chain(chain)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clipping_norm": 0.0}, "clipping_norm must be finite and above 0"),
        ({"clipping_norm": math.inf}, "clipping_norm must be finite and above 0"),
        ({"noise_multiplier": -1.0}, "noise_multiplier must be finite and at least 0"),
        ({"sampling": "fixed"}, "sampling must be one of poisson, shuffled"),
        ({"delta": 0.0}, "delta must be above 0 and below 1"),
        ({"delta": 1.0}, "delta must be above 0 and below 1"),
        ({"max_epsilon": 0.0}, "max_epsilon must be finite and above 0"),
        ({"step_factor": 0.0}, "step_factor must be finite and above 0"),
    ],
)
def test_settings_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dp_sgd(**changes)


def test_abadi_2016_on_60_000_examples() -> None:
    """q = 0.01, σ = 4, 10,000 steps at δ = 1e-5: PLD 0.947, below the moments accountant's 1.26."""
    rule = ExampleRule(clipping_norm=1.0, noise_multiplier=4.0, sampling="poisson")
    spent = Spent.of(rule, num_held=60_000, batch_size=600, num_steps=10_000)
    assert composed_epsilon([spent], 1e-5) == pytest.approx(0.947, abs=1e-3)
