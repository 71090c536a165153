"""Owns the lower bound on ε that an attack proves.

Under (ε, δ)-differential privacy an attack's rates obey TPR ≤ e^ε FPR + δ, and, with the roles of
the two worlds exchanged, 1 − FPR ≤ e^ε (1 − TPR) + δ (Kairouz et al. 2015). Rates measured on
finitely many trials are replaced by their Clopper-Pearson bounds (Jagielski et al. 2020; Nasr et
al. 2021), so that a smaller ε would be refuted at 95 % confidence.

The threshold is chosen on one half of the trials and judged by the other. The count takes trials
for independent, as Jagielski's are, who trained a model for each; those of one run share its model.
"""

from dataclasses import dataclass

import numpy as np

from runners.audit.trials import exact_bounds

MAX_THRESHOLDS = 100


@dataclass(frozen=True, kw_only=True)
class EpsilonBound:
    """Hold the ε that an attack proves to be spent at least, of examples, for this δ; 0 where it
    proves nothing. `ceiling` is what a faultless attack would prove with as many trials.
    """

    low: float
    ceiling: float
    delta: float


def epsilon_lower_bound(
    positives: np.ndarray, negatives: np.ndarray, delta: float, rng: np.random.Generator
) -> EpsilonBound:
    """Return what scores prove; `rng` divides the trials into halves."""
    ours, ours_judged = _halves(positives, rng)
    theirs, theirs_judged = _halves(negatives, rng)
    cuts = _thresholds(np.concatenate([ours, theirs]))
    best = cuts[[int(_proven_at(cuts, ours, theirs, delta).argmax())]]
    num_judged = len(ours_judged), len(theirs_judged)
    faultless = proven(np.array([num_judged[0]]), num_judged[0], np.zeros(1), num_judged[1], delta)
    return EpsilonBound(
        low=float(_proven_at(best, ours_judged, theirs_judged, delta)[0]),
        ceiling=float(faultless[0]),
        delta=delta,
    )


def proven(
    num_true: np.ndarray,
    num_positives: int,
    num_false: np.ndarray,
    num_negatives: int,
    delta: float,
) -> np.ndarray:
    """Return the largest of 0, ln((TPR − δ) / FPR) and ln((1 − FPR − δ) / (1 − TPR)) at the lower
    bound of TPR and the upper bound of FPR; each is missed with 2.5 %, so both hold with 95 %.
    """
    true, _ = exact_bounds(num_true, num_positives)
    _, false = exact_bounds(num_false, num_negatives)
    ratios = np.maximum((true - delta) / false, (1 - false - delta) / (1 - true))
    bounds: np.ndarray = np.log(np.maximum(ratios, 1.0))
    return bounds


def _proven_at(
    thresholds: np.ndarray, positives: np.ndarray, negatives: np.ndarray, delta: float
) -> np.ndarray:
    """Return what is proven if scores above each threshold say positive."""
    num_true = (positives > thresholds[:, None]).sum(axis=1)
    num_false = (negatives > thresholds[:, None]).sum(axis=1)
    return proven(num_true, len(positives), num_false, len(negatives), delta)


def _halves(scores: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    mixed = rng.permutation(scores)
    return mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]


def _thresholds(scores: np.ndarray) -> np.ndarray:
    """Return where to cut: half way between neighbouring scores, of all or of evenly many apart."""
    found = np.unique(scores)
    if len(found) == 1:
        return found
    middles = (found[:-1] + found[1:]) / 2
    if len(middles) <= MAX_THRESHOLDS:
        return middles
    return middles[np.linspace(0, len(middles) - 1, MAX_THRESHOLDS).round().astype(int)]
