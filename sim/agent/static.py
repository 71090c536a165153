"""Agent `static`: everyone, or the same number of partners drawn at random each round."""

from dataclasses import dataclass

import numpy as np

from sim.agent import Observation
from sim.bounds import at_least


@dataclass(frozen=True, kw_only=True)
class Static:
    """Choose `num_participants` partners uniformly without replacement; None means everyone."""

    num_participants: int | None

    def __post_init__(self) -> None:
        if self.num_participants is not None:
            at_least(
                "num_participants",
                self.num_participants,
                1,
                remedy="agent.num_participants=null takes everyone",
            )

    def check(self, num_partners: int) -> None:
        """Raise ValueError when more participants are wanted than there are partners."""
        if self.num_participants is not None and self.num_participants > num_partners:
            raise ValueError(
                f"agent.num_participants must be at most the {num_partners} partners, "
                f"got {self.num_participants}; try agent.num_participants={num_partners}"
            )

    def choose(self, observation: Observation, rng: np.random.Generator) -> tuple[int, ...]:
        """Return the partners that begin now; all that are available where more are wanted."""
        available = observation.available
        wanted = observation.num_wanted or self.num_participants or len(available)
        if wanted >= len(available):
            return available
        drawn = rng.choice(len(available), size=wanted, replace=False)
        return tuple(sorted(available[number] for number in drawn.tolist()))
