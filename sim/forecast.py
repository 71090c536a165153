"""Owns what can be told of a round before it happens, from what a proxy sees: seconds per partner.

Arrays have an element for each partner; seconds are virtual.
"""

import numpy as np

from sim.view import Floats, View, Whole


def expected_sim_s(view: View, num_steps: Whole | None = None) -> Floats:
    """Return how long each partner is expected to take from fetching the model to having sent its
    update, with its usual steps or `num_steps`: d/r_down + n t_step + u/r_up.

    NaN for those whose steps have not been seen. Who has not got to its upload is taken to send as
    fast as it receives; messages that took no time take none.
    """
    seen = view.partners
    steps = view.num_steps if num_steps is None else num_steps
    down_sim_s = _transfer_sim_s(view.down_bytes, seen.down_bytes_per_s)
    rates = np.where(np.isnan(seen.up_bytes_per_s), seen.down_bytes_per_s, seen.up_bytes_per_s)
    up_sim_s = _transfer_sim_s(view.up_bytes, rates)
    expected: Floats = down_sim_s + steps * seen.step_sim_s + up_sim_s
    return expected


def _transfer_sim_s(num_bytes: float, bytes_per_s: Floats) -> Floats:
    took: Floats = np.nan_to_num(num_bytes / bytes_per_s, nan=0.0)
    return took
