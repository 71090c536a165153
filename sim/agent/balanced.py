"""Agent `balanced`: partners drawn at random, each sent to the replica of the proxy that has the
least to carry.

The partners that a replica serves share its lines. The chosen are routed in falling order of the
bytes a second that have been seen of them, each to the replica with the least so far (longest
processing time first, Graham 1969, on rates instead of seconds). Who has not been seen yet counts
as the mean of those who have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sim.agent.choosing import check_consortium
from sim.agent.static import Static, StaticDecider
from sim.decision import Decision
from sim.view import View


@dataclass(frozen=True, kw_only=True)
class Balanced:
    """Choose `num_participants` partners uniformly without replacement; None means everyone."""

    actions: ClassVar[frozenset[str]] = frozenset({"routes"})
    needs_losses: ClassVar[bool] = False

    num_participants: int | None

    def __post_init__(self) -> None:
        Static(num_participants=self.num_participants)

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        check_consortium(self.num_participants, num_partners)

    def decider(self, num_partners: int, rng: np.random.Generator) -> "BalancedDecider":
        """Return who decides in one run."""
        return BalancedDecider(StaticDecider(self.num_participants, rng))


class BalancedDecider:
    """Route those that a static agent would draw."""

    def __init__(self, drawing: StaticDecider) -> None:
        self._drawing = drawing

    def decide(self, view: View) -> Decision:
        """Return partners, with the replica of each."""
        chosen = self._drawing.decide(view).partners
        rates = _bytes_per_s(view)[list(chosen)]
        routes = balanced_routes(rates.tolist(), view.num_replicas)
        return Decision(partners=chosen, routes=dict(zip(chosen, routes, strict=True)))


def balanced_routes(loads: Sequence[float], num_replicas: int) -> list[int]:
    """Return the replica for each load: the heaviest first, to the replica with the least."""
    carried = [0.0] * num_replicas
    routes = [0] * len(loads)
    for place in sorted(range(len(loads)), key=lambda one: (-loads[one], one)):
        replica = min(range(num_replicas), key=lambda one: (carried[one], one))
        carried[replica] += loads[place]
        routes[place] = replica
    return routes


def _bytes_per_s(view: View) -> np.ndarray:
    """Return the rate at which each partner's messages have come, 1 for all where none have."""
    rates = view.partners.up_bytes_per_s
    if np.isnan(rates).all():
        return np.ones(len(rates))
    return np.where(np.isnan(rates), np.nanmean(rates), rates)
