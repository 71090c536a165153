"""Owns what a proxy can see of a run: what an agent decides from.

Plain numbers, made anew for each decision by `sim.monitor`; nothing in a view leads back to the
simulation. Partners are elements of arrays, so that an agent's decision costs as little among a
thousand as it can. What has not been seen yet is NaN.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PartnerSight:
    """Hold what has been seen of the partners; all arrays have one element each, and are read-only.

    `step_sim_s` (compute time of a step), `down_bytes_per_s` and `up_bytes_per_s` (of its messages,
    the proxy's own load included), the same of direct messages with whichever partners it has gone
    by way of, `merge_sim_s` (from an update's arrival at the proxy to the end of its merge) and
    `round_trip_sim_s` are smoothed. `availability` is the
    smoothed fraction (0 to 1) of decisions at which the partner was up. `age_rounds` counts rounds
    since its update was last merged (or since the start). `train_loss` is the mean loss of its last
    work; `utility` is Oort's statistical utility of it, n √(mean of its batches' squared losses)
    (Lai et al. 2021). `num_chosen` counts decisions it was part of, `num_dropped` those that came
    to nothing.
    """

    step_sim_s: Floats
    down_bytes_per_s: Floats
    up_bytes_per_s: Floats
    direct_down_bytes_per_s: Floats
    direct_up_bytes_per_s: Floats
    merge_sim_s: Floats
    round_trip_sim_s: Floats
    availability: Floats
    age_rounds: Whole
    train_loss: Floats
    utility: Floats
    num_samples: Whole
    num_chosen: Whole
    num_dropped: Whole
    in_flight: npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Hold the parts of what may be spent that are spent, NaN where there is no limit: time, bytes,
    money, and the merges or training steps that a limit of ε allows (`Ending.privacy_fraction`),
    which ε does not grow in proportion to.
    """

    time_fraction: float
    bytes_fraction: float
    cost_fraction: float
    privacy_fraction: float


@dataclass(frozen=True, kw_only=True)
class View:
    """Hold what the proxy can see when it needs partners.

    `available` are the partners that are up and free, in rising order; `num_wanted` is how many are
    needed, None where that is the agent's to decide. `progress` is the fraction of the training
    budget that is spent, `cost_usd` what has been paid so far. `num_steps` are the steps each
    partner would take, and `down_bytes` and `up_bytes` what it would be sent and would send, if the
    agent does not say otherwise; `up_bytes_at` is the latter at each level of compression.
    `queue_length` counts updates that wait at the proxy, which is `num_replicas` machines, or are
    being merged. Partners in one of `direct_groups` can exchange directly with each other; it is
    empty where nobody decides on that, or protection needs the proxy.
    """

    round: int
    now_sim_s: float
    available: tuple[int, ...]
    num_wanted: int | None
    progress: float
    sent_bytes: float
    cost_usd: float
    spent: Spent
    queue_length: int
    num_steps: Whole
    down_bytes: float
    up_bytes: float
    up_bytes_at: tuple[float, ...]
    num_replicas: int
    direct_groups: tuple[tuple[int, ...], ...]
    partners: PartnerSight
