"""Owns what can be told of a round before it happens, from what a proxy sees.

Arrays have an element for each partner; seconds are virtual.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.view import Floats, View, Whole


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Hold how long a round will take from `since_sim_s`, when partners were chosen, the interval
    that this is in 9 times of 10, and its mean loss; None is not known.
    """

    since_sim_s: float
    took_sim_s: float | None
    low_sim_s: float | None
    high_sim_s: float | None
    train_loss: float | None


def expected_sim_s(
    view: View, num_steps: Whole | None = None, up_bytes: float | None = None
) -> Floats:
    """Return how long each partner is expected to take from fetching the model to having sent its
    update, with its usual steps and bytes or these: d/r_down + n t_step + u/r_up.

    NaN for those whose steps have not been seen. Who has not got to its upload is taken to send as
    fast as it receives; messages that took no time take none. (`sim.features.durations_sim_s`, that
    learned policies see, adds the round trip and is NaN where anything has not been seen.)
    """
    seen = view.partners
    steps = view.num_steps if num_steps is None else num_steps
    down_sim_s = _transfer_sim_s(view.down_bytes, seen.down_bytes_per_s)
    rates = np.where(np.isnan(seen.up_bytes_per_s), seen.down_bytes_per_s, seen.up_bytes_per_s)
    up_sim_s = _transfer_sim_s(view.up_bytes if up_bytes is None else up_bytes, rates)
    expected: Floats = down_sim_s + steps * seen.step_sim_s + up_sim_s
    return expected


def expected_direct_sim_s(
    view: View,
    head: int,
    followers: Sequence[int],
    num_steps: Whole | None = None,
    up_bytes: float | None = None,
) -> float:
    """Return how long a party is expected to take (`sim.protocol.party`), from the head's fetching
    the model to its having sent the sum, which weighs what the model does; adding up takes no time
    here.

    NaN where a member's steps, or a follower's direct messages, have not been seen.
    """
    seen, those = view.partners, list(followers)
    steps = view.num_steps if num_steps is None else num_steps
    up_rate = seen.up_bytes_per_s[[head]]
    rates = np.where(np.isnan(up_rate), seen.down_bytes_per_s[[head]], up_rate)
    to_and_fro = _transfer_sim_s(view.down_bytes, seen.down_bytes_per_s[[head]])
    to_and_fro += _transfer_sim_s(view.down_bytes, rates)
    back = (view.up_bytes if up_bytes is None else up_bytes) / seen.direct_up_bytes_per_s[those]
    direct = view.down_bytes / seen.direct_down_bytes_per_s[those] + back
    direct += steps[those] * seen.step_sim_s[those]
    slowest: Floats = np.maximum(direct.max(), steps[head] * seen.step_sim_s[head])
    return float(to_and_fro[0] + slowest)


def _transfer_sim_s(num_bytes: float, bytes_per_s: Floats) -> Floats:
    took: Floats = np.nan_to_num(num_bytes / bytes_per_s, nan=0.0)
    return took
