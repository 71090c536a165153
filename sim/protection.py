"""Owns what the protection of updates (privacy, compression) adds to a merge on the virtual clock.

Sizes and seconds only; they come from the options of the groups that protect.
"""

import math
from dataclasses import dataclass

from sim.allowance import StepLimits


@dataclass(frozen=True, kw_only=True)
class Protection:
    """Hold what a partner's update weighs on the wire, the seconds that a partner (of speed 1) and
    the proxy spend on it in a merge, and the messages to and fro before it can be sent.

    `coarser_bytes` are what it weighs at the levels of compression behind the first, if an agent
    can choose among several.

    `needs_proxy` names the setting because of which every update has to come to the proxy by
    itself, if there is one.

    A training step takes `step_factor` times as long. After `max_merges` a run has to end,
    and before a step that goes over `step_limits`, if there are any.
    """

    wire_bytes: int
    coarser_bytes: tuple[int, ...] = ()
    partner_sim_s: float = 0.0
    proxy_sim_s: float = 0.0
    num_round_trips: int = 0
    step_factor: float = 1.0
    max_merges: float = math.inf
    step_limits: StepLimits | None = None
    needs_proxy: str | None = None

    @property
    def bytes_at(self) -> tuple[int, ...]:
        """What an update weighs at each level of compression."""
        return (self.wire_bytes, *self.coarser_bytes)
