"""Privacy `clip`: no update is longer than a bound (McMahan et al. 2018, Learning Differentially
Private Recurrent Language Models).

u min(1, C / |u|): the direction stays. C is the Euclidean norm of the whole update.

Guarantee: none about data. One partner's update moves the sum by its weight times C at most, which
is what noise needs to hide it, and what a bad partner is held to. Trust: partners clip, or whoever
adds up sees updates and does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.privacy import Cost, Load, Mechanism, Merge
from sim.bounds import positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Clip(Mechanism):
    """Scale updates to at most `clipping_norm`, C."""

    clipping_norm: float
    numbers_per_s: float

    bounds_norms = True

    def __post_init__(self) -> None:
        check_clipping_norm(self.clipping_norm)
        positive("numbers_per_s", self.numbers_per_s, remedy="measure it on one core")

    def scales(self, norms: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return min(1, C / norm)."""
        return clipping_scales(norms, self.clipping_norm)

    def norm_bound(self, merge: Merge) -> float:
        """Return C."""
        return self.clipping_norm

    def cost(self, load: Load) -> Cost:
        """Return the seconds of a norm and a scaling."""
        return Cost(partner_sim_s=load.num_parameters / self.numbers_per_s)


def clipping_scales(norms: "torch.Tensor", clipping_norm: float) -> "torch.Tensor":
    """Return what makes updates no longer than the clipping norm; 1 where they aren't anyway."""
    return (clipping_norm / norms).clamp(max=1)


def check_clipping_norm(clipping_norm: float) -> None:
    """Raise ValueError unless the norm is above 0; infinite clips nothing."""
    if not clipping_norm > 0:
        raise ValueError(
            f"clipping_norm must be above 0, got {clipping_norm}; try the median of the updates' "
            "norms, or .inf, which clips nothing"
        )


def check_clipped(name: str, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
    """Raise ValueError unless all updates are bounded before `name` adds noise for that bound, and
    stay so until they are added up.
    """
    last = max((at for at, one in enumerate(before) if one.bounds_norms), default=None)
    if last is None:
        raise ValueError(
            f"privacy.{name} must come after clip or adaptive_clip: no noise hides an update "
            f"that may have any norm; try 'privacy=[clip,{name}]'"
        )
    for one in (*before[last + 1 :], *after):
        if one.needs_rows and not one.is_secure_sum:
            other = type(one).__module__.rpartition(".")[2]
            raise ValueError(
                f"privacy.{other} must come before the clipping that {name} needs: it may make an "
                f"update longer than the norm that {name}'s noise is made for; "
                f"try 'privacy=[{other},clip,{name}]'"
            )
