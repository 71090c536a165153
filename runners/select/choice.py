"""Owns a choice from settings to its consequences: who ranks how, which sets are enough, and what
the chosen one costs beside the best and the worst.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from runners.select.candidates import Candidate, read_candidates
from runners.select.consequences import Consequence, simulate_sets
from runners.select.criteria import matrix_of
from runners.select.minimal_sets import by_score, minimal_sets
from runners.select.scores import topsis, weighted_scores
from runners.select.settings import Settings

Members = tuple[int, ...]

METHODS = {"topsis": "TOPSIS", "weighted": "the weighted sum"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Hold candidates, their scores by method, how many minimal sets there are, what the simulated
    ones came to, and which one the ranking chooses; None where that breaks the target's limits.
    """

    candidates: list[Candidate]
    scores: dict[str, np.ndarray]
    method: str
    num_sets: int
    consequences: dict[Members, Consequence]
    chosen: Members | None

    def extremes(self) -> dict[str, Members]:
        """Return the simulated sets that stand out."""
        found = list(self.consequences.values())
        by_time = sorted(found, key=lambda one: one.total_sim_s)
        by_cost = sorted(found, key=lambda one: one.cost_usd)
        return {
            "fastest": by_time[0].members,
            "slowest": by_time[-1].members,
            "cheapest": by_cost[0].members,
            "dearest": by_cost[-1].members,
        }

    @property
    def verdict(self) -> str:
        """Return in words what choosing by rank costs, and what the worst choice would."""
        at = {name: self.consequences[one] for name, one in self.extremes().items()}
        worst = (
            f"The slowest minimal set takes {_times(at['slowest'], at['fastest'])} the time of the "
            f"fastest, and the dearest costs {_more(at['dearest'], at['cheapest'])} that of the "
            "cheapest."
        )
        if self.chosen is None:
            return f"Who goes by {METHODS[self.method]} alone breaks the target's limits. {worst}"
        chosen = self.consequences[self.chosen]
        return (
            f"Who goes by {METHODS[self.method]} takes {_times(chosen, at['fastest'])} the time of "
            f"the fastest minimal set and pays {_more(chosen, at['cheapest'])} the cost of the "
            f"cheapest. {worst}"
        )


def choose(
    settings: Settings, config: Mapping[str, Any], on_progress: Callable[[float], None]
) -> Choice:
    """Rank, find minimal sets and simulate them; raises ValueError for what can't be."""
    candidates = read_candidates(settings.file)
    matrix = matrix_of(candidates, settings.criteria)
    scores = {"topsis": topsis(matrix), "weighted": weighted_scores(matrix)}
    sets = minimal_sets(candidates, settings.target)
    chosen = by_score(candidates, settings.target, scores[settings.method].tolist())
    simulated = sets[: settings.max_simulated]
    if chosen is not None and chosen not in simulated:
        simulated.append(chosen)
    return Choice(
        candidates=candidates,
        scores=scores,
        method=settings.method,
        num_sets=len(sets),
        consequences=simulate_sets(simulated, candidates, config, on_progress),
        chosen=chosen,
    )


def _times(one: Consequence, other: Consequence) -> str:
    return f"{one.total_sim_s / other.total_sim_s:.2f}×" if other.total_sim_s else "–×"


def _more(one: Consequence, other: Consequence) -> str:
    return f"{one.cost_usd / other.cost_usd:.2f}×" if other.cost_usd else "–×"
