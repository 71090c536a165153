"""Owns the discretised state of tabular agents: a few whole numbers that stand for a view.

With `subsets` to choose from: how much of the budget is spent, who is available, and for how long
each was not merged. With `orders`: how much is spent, and how unequal partners' losses and
durations are.
"""

import numpy as np

from sim.features import Floats, durations_sim_s
from sim.view import View

State = tuple[int, ...]

EDGES = (1.25, 2.0, 4.0)
"""How many times the mean the largest loss or duration is, in four classes."""


def coarse_state(kind: str, view: View, *, num_progress_bins: int, max_age_rounds: int) -> State:
    """Return the state of a view; ages are counted up to `max_age_rounds`, 0 leaves them out."""
    progress = min(num_progress_bins - 1, int(view.progress * num_progress_bins + 1e-9))
    if kind == "orders":
        return (progress, _spread(view.partners.train_loss), _spread(durations_sim_s(view)))
    available = sum(1 << one for one in view.available)
    ages = np.minimum(view.partners.age_rounds, max_age_rounds).tolist()
    return (progress, available, *ages)


def _spread(values: Floats) -> int:
    """Return the class of the largest over the mean; 0 where nothing is seen."""
    seen = values[~np.isnan(values)]
    if not len(seen) or seen.mean() <= 0:
        return 0
    return int(np.searchsorted(EDGES, seen.max() / seen.mean(), side="right"))
