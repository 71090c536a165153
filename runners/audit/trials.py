"""Owns what attacks are judged by: how well scores tell positives from negatives, with intervals.

A trial is a score that an attack gave: of a positive (a member, a sample that was in the batch, a
partner with the property) or of a negative; a higher score says positive. Arrays of scores are
float64 of shape (num_positives,) and (num_negatives,). Intervals are 95 %.

Chance gives positives and negatives scores from one distribution, so that every order of all trials
is as likely as any other: AUC 0.5, and as many true positives as `chance` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
FALSE_POSITIVE_RATES = (0.01, 0.001)
MAX_POINTS = 200
"""Points of a stored curve."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Hold an estimate and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Detection:
    """Say how many positives are found where at most `false_positive_rate` of the negatives are
    taken for positives; `rate` is that part of the positives, by Clopper and Pearson (1934).

    `chance_low` to `chance_high` has the rates that chance gives in 95 % of all cases; `p_value` is
    the probability that it gives this one or a higher one. With fewer negatives than 1 / rate the
    rate means that none is taken for a positive.
    """

    false_positive_rate: float
    num_true_positives: int
    num_false_positives: int
    rate: Interval
    chance_low: float
    chance_high: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Hold points of an ROC curve, from (0, 0) to (1, 1)."""

    false_positive_rate: list[float]
    true_positive_rate: list[float]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Hold what an attack's scores are worth."""

    num_positives: int
    num_negatives: int
    auc: Interval
    detections: tuple[Detection, ...]
    curve: Curve


def judge(positives: np.ndarray, negatives: np.ndarray) -> Judgement:
    """Return what the scores are worth; needs two of each at least."""
    if min(len(positives), len(negatives)) < 2:
        raise ValueError(
            f"an attack needs at least 2 positives and 2 negatives to be judged, got "
            f"{len(positives)} and {len(negatives)}; give it more trials"
        )
    return Judgement(
        num_positives=len(positives),
        num_negatives=len(negatives),
        auc=area_under_curve(positives, negatives),
        detections=tuple(detection(positives, negatives, rate) for rate in FALSE_POSITIVE_RATES),
        curve=_curve(positives, negatives),
    )


def area_under_curve(positives: np.ndarray, negatives: np.ndarray) -> Interval:
    """Return the probability that a positive scores higher than a negative, a tie counting half,
    with the interval of DeLong et al. (1988).

    Where all pairs are right or all are wrong, DeLong's variance is 0. The interval is then that of
    min(num_positives, num_negatives) disjoint pairs, which are independent (Clopper & Pearson).
    """
    from scipy.stats import norm, rankdata

    num_positives, num_negatives = len(positives), len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    # Of each positive the part of the negatives below it, of each negative of the positives above.
    below = (ranks[:num_positives] - rankdata(positives)) / num_negatives
    above = 1 - (ranks[num_positives:] - rankdata(negatives)) / num_positives
    area = float(below.mean())
    if area in (0.0, 1.0):
        num_pairs = min(num_positives, num_negatives)
        return proportion(round(area * num_pairs), num_pairs)
    variance = below.var(ddof=1) / num_positives + above.var(ddof=1) / num_negatives
    half = float(norm.ppf(1 - TAIL) * np.sqrt(variance))
    return Interval(value=area, low=max(0.0, area - half), high=min(1.0, area + half))


def detection(positives: np.ndarray, negatives: np.ndarray, rate: float) -> Detection:
    """Return how many positives score above all but a part `rate` of the negatives."""
    allowed = int(rate * len(negatives) * (1 + 1e-12))  # 0.001 * 3000 is a hair below 3
    threshold = np.sort(negatives)[::-1][allowed]
    num_found = int((positives > threshold).sum())
    low, high, p_value = chance(num_found, len(positives), len(negatives), allowed)
    return Detection(
        false_positive_rate=rate,
        num_true_positives=num_found,
        num_false_positives=int((negatives > threshold).sum()),
        rate=proportion(num_found, len(positives)),
        chance_low=low,
        chance_high=high,
        p_value=p_value,
    )


def chance(
    num_found: int, num_positives: int, num_negatives: int, allowed: int
) -> tuple[float, float, float]:
    """Return the bounds of the rate that chance gives, and the probability of at least `num_found`.

    How many positives come before negative number `allowed` + 1 in a random order of all trials is
    negative hypergeometric. So the threshold's own chance, of being drawn from negatives, counts.
    """
    from scipy.stats import nhypergeom

    counts = np.arange(num_positives + 1)
    total = num_positives + num_negatives
    probabilities = nhypergeom.pmf(counts, total, num_positives, allowed + 1)
    cumulated = np.cumsum(probabilities)
    low, high = (int(np.searchsorted(cumulated, tail)) for tail in (TAIL, 1 - TAIL))
    p_value = min(1.0, float(probabilities[num_found:].sum()))
    return low / num_positives, min(high, num_positives) / num_positives, p_value


def proportion(num_hits: int, num_trials: int) -> Interval:
    """Return a part with its exact interval (Clopper & Pearson 1934)."""
    low, high = (float(one) for one in exact_bounds(np.array(num_hits), num_trials))
    return Interval(value=num_hits / num_trials, low=low, high=high)


def exact_bounds(num_hits: np.ndarray, num_trials: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both ends of the exact intervals of many counts: quantiles of beta distributions, and
    0 and 1 at the counts that have none.
    """
    from scipy.special import betaincinv

    some, most = np.maximum(num_hits, 1), np.minimum(num_hits, num_trials - 1)
    low = betaincinv(some, num_trials - some + 1, TAIL)
    high = betaincinv(most + 1, num_trials - most, 1 - TAIL)
    return np.where(num_hits == 0, 0.0, low), np.where(num_hits == num_trials, 1.0, high)


def mean_of(values: Sequence[float]) -> Interval:
    """Return a mean with its t interval; that of a single value is the value."""
    from scipy.stats import t

    array = np.asarray(values, dtype=np.float64)
    mean, half = float(array.mean()), 0.0
    if len(array) > 1:
        half = float(t.ppf(1 - TAIL, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(value=mean, low=mean - half, high=mean + half)


def _curve(positives: np.ndarray, negatives: np.ndarray) -> Curve:
    """Return the curve at its lowest false positive rates, and at ever wider steps above."""
    from sklearn.metrics import roc_curve

    labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
    false, true, _ = roc_curve(labels, np.r_[positives, negatives])
    kept = np.arange(len(false))
    if len(false) > MAX_POINTS:
        spaced = np.geomspace(1, len(false), MAX_POINTS).round().astype(int) - 1
        kept = np.unique(spaced)
    return Curve(false_positive_rate=false[kept].tolist(), true_positive_rate=true[kept].tolist())
