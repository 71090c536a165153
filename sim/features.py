"""Owns what learned policies see of a view: numbers without units, near 0, that mean the same in
any consortium, however many partners it has.

A view comes in; a row of features for each partner and a row for the whole go out. Ratios to the
other partners are natural logarithms; what has not been seen yet is as the others are.
"""

import math

import numpy as np
import numpy.typing as npt

from sim.view import PartnerSight, View

Floats = npt.NDArray[np.float64]

PARTNER = (
    "is_seen",
    "duration",
    "availability",
    "age",
    "loss",
    "utility",
    "samples",
    "times_chosen",
    "times_dropped",
)
"""Of each partner: whether its duration is known, how long a round of it takes, how often it is up,
rounds since its last merge, training loss, Oort's utility, samples held, and how often it was
chosen and dropped.
"""
WHOLE = ("progress", "round", "mean_loss", "num_available", "num_chosen", "longest_chosen")
"""Of all: budget spent, rounds, mean training loss, the part that is available, the part of those
wanted that is chosen already, and how long the longest of these takes.
"""
_DURATION = PARTNER.index("duration")

LIMIT = 5.0
"""Features are cut off here, far from where they usually are."""


def durations_sim_s(view: View) -> Floats:
    """Return how long each partner's next round takes by what was seen; NaN where nothing was.

    `sim.forecast.expected_sim_s` differs: it has no round trip, and puts up with unseen messages.
    """
    sight = view.partners
    return (
        view.num_steps * sight.step_sim_s
        + view.down_bytes / sight.down_bytes_per_s
        + view.up_bytes / sight.up_bytes_per_s
        + sight.round_trip_sim_s
    )


def partner_features(view: View) -> Floats:
    """Return a row for each partner, of shape (num_partners, len(PARTNER))."""
    sight, duration = view.partners, durations_sim_s(view)
    columns = (
        ~np.isnan(duration),
        _log_ratio(duration),
        np.where(np.isnan(sight.availability), 1.0, sight.availability),
        np.log1p(sight.age_rounds) / 3,
        _log_ratio(sight.train_loss),
        _log_ratio(sight.utility),
        _log_ratio(sight.num_samples.astype(np.float64)),
        np.log1p(sight.num_chosen) - math.log1p(sight.num_chosen.sum() / len(sight.num_chosen)),
        np.log1p(sight.num_dropped),
    )
    return np.clip(np.column_stack(columns).astype(np.float64), -LIMIT, LIMIT)


def at_start(view: View) -> list[float]:
    """Return those features of the whole that no pick changes."""
    return [
        min(1.0, view.progress),
        math.log1p(view.round) / 3,
        _mean_loss(view.partners),
        len(view.available) / len(view.num_steps),
    ]


def whole_features(
    start: list[float], features: Floats, chosen: list[int], num_wanted: int
) -> Floats:
    """Return the row for the whole, once partners are `chosen` of `num_wanted` in this decision."""
    longest = float(features[chosen, _DURATION].max()) if chosen else -1.0
    return np.array([*start, len(chosen) / max(1, num_wanted), longest])


def _mean_loss(sight: PartnerSight) -> float:
    seen = sight.train_loss[~np.isnan(sight.train_loss)]
    if not len(seen):
        return 0.0
    return min(LIMIT, max(-LIMIT, math.log(float(seen.sum()) / len(seen) + 1e-6)))


def _log_ratio(values: Floats) -> Floats:
    """Return the logarithm of each value over the median of those seen (the upper one of two); 0
    where it is not seen.
    """
    is_seen = ~np.isnan(values)
    seen = np.sort(values[is_seen])
    if not len(seen):
        return np.zeros(len(values))
    ratios = np.log((values + 1e-9) / (seen[len(seen) // 2] + 1e-9))
    return np.where(is_seen, ratios, 0.0)
