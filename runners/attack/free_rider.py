"""Attack `free_rider`: malicious partners get the model and give nothing for it (Lin et al. 2019;
Fraboni et al. 2021).

They send no change (`zero`), or what the model moved by in the last merge (`last`), which passes
for an update; with normal noise on it, `noise_ratio` times as long as that last move, so that no
two free riders send the same. Before the first merge there is no last move, and they send zeros. In
the simulation they train all the same: what they save in time and energy is not counted.
"""

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

from runners.attack import OwnUpdates
from runners.attack.noise import normal_numbers
from runners.privacy import Merge
from sim.bounds import not_negative, one_of

if TYPE_CHECKING:
    import torch

SENT = ("last", "zero")


@dataclass(frozen=True, kw_only=True)
class FreeRider(OwnUpdates):
    """Send what costs nothing: `sends` the last move, or zeros, with noise."""

    sends: str
    noise_ratio: float
    observes = True

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("sends", self.sends, SENT)
        not_negative("noise_ratio", self.noise_ratio, remedy="0 is no noise, 0.1 a disguise")

    def sent(self, update: "torch.Tensor", partner: int, merge: Merge) -> "torch.Tensor":
        """Return the last move, or zeros, and the noise."""
        moved = merge.memory.get("moved")
        if moved is None:
            return update.new_zeros(update.shape)
        moved = moved.to(update)
        std = self.noise_ratio * moved.norm() / sqrt(len(moved))
        noise = std * normal_numbers(update, partner, merge)
        return moved + noise if self.sends == "last" else noise

    def observe(self, moved: "torch.Tensor", memory: dict[str, Any]) -> None:
        """Keep the move for the next merge."""
        memory["moved"] = moved.detach().clone()
