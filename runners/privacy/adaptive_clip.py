"""Privacy `adaptive_clip`: updates are clipped at a quantile of their own norms, which follows them
from merge to merge (Andrew et al. 2021, Differentially Private Learning with Adaptive Clipping).

Each partner sends one bit more: whether its norm is within the current C. With b the mean of the
bits, C ← C exp(−η (b − γ)). Bits are sent less a half, so that one partner changes their sum by at
most 1/2; the proxy adds noise of standard deviation σ_b to it. To hide both sums as well as one
with noise multiplier z would be hidden, `dp_central` makes that of the updates (z^−2 − (2 σ_b)^−2)
^(−1/2) (their theorem 1).

Guarantee: none without `dp_central`; with it, the bits are in its ε. Trust: the proxy sees the bits
(their exact sum alone, behind a secure sum, of whose vectors they are entries) and adds the noise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners.noise import SOURCES, gaussian, words_of
from runners.privacy import Cost, Load, Mechanism, Merge
from runners.privacy.clip import clipping_scales
from sim.bounds import not_negative, one_of, positive

if TYPE_CHECKING:
    import torch

SENSITIVITY = 0.5


@dataclass(frozen=True, kw_only=True)
class AdaptiveClip(Mechanism):
    """Let C, first `initial_clipping_norm`, approach the norms' `quantile` γ at `learning_rate` η;
    `bits_noise_std` is σ_b.
    """

    initial_clipping_norm: float
    quantile: float
    learning_rate: float
    bits_noise_std: float
    noise_source: str
    numbers_per_s: float

    bounds_norms = True
    num_figures = 1

    def __post_init__(self) -> None:
        positive(
            "initial_clipping_norm", self.initial_clipping_norm, remedy="0.1 is Andrew et al.'s"
        )
        if not 0 < self.quantile < 1:
            raise ValueError(
                f"quantile must be above 0 and below 1, got {self.quantile}; 0.5 is the median"
            )
        positive("learning_rate", self.learning_rate, remedy="0.2 is Andrew et al.'s")
        not_negative(
            "bits_noise_std", self.bits_noise_std, remedy="try a twentieth of the partners' number"
        )
        one_of("noise_source", self.noise_source, SOURCES)
        positive("numbers_per_s", self.numbers_per_s, remedy="measure it on one core")

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Refuse a secure sum that would round or cut off the bits: then one partner could change
        their sum by more.
        """
        for one in (*before, *after):
            step, max_abs = getattr(one, "step", SENSITIVITY), getattr(one, "max_abs", math.inf)
            if one.is_secure_sum and (SENSITIVITY % step or max_abs < SENSITIVITY):
                name = type(one).__module__.rpartition(".")[2]
                raise ValueError(
                    f"privacy.{name}.step must divide 0.5, and max_abs be at least that, for "
                    f"adaptive_clip, which sends bits as 0.5 and -0.5, got {step} and {max_abs}; "
                    f"try privacy.{name}.step={2.0**-20} privacy.{name}.max_abs=8.0"
                )

    @property
    def figures_noise_multiplier(self) -> float:
        """The noise on the bits' sum over the most that a partner changes in it."""
        return self.bits_noise_std / SENSITIVITY

    def scales(self, norms: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return min(1, C / norm)."""
        return clipping_scales(norms, self.norm_bound(merge))

    def norm_bound(self, merge: Merge) -> float:
        """Return C of this merge."""
        return merge.memory.get("clipping_norm", self.initial_clipping_norm)

    def figures(self, norms: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return 1/2 for norms within C and −1/2 for others, (num_updates, 1)."""
        return (norms <= self.norm_bound(merge)).to(norms.dtype)[:, None] - SENSITIVITY

    def reveal(
        self, total: "torch.Tensor", figures: "torch.Tensor", merge: Merge
    ) -> "torch.Tensor":
        """Move C for the next merge; the sum of the updates stays as it is."""
        words = words_of(self.noise_source, merge, "adaptive_clip")
        noise = gaussian(words, 1, figures.device) * self.bits_noise_std
        fraction = (figures + noise).item() / len(merge.partners) + SENSITIVITY
        step = self.learning_rate * (fraction - self.quantile)
        merge.memory["clipping_norm"] = self.norm_bound(merge) * math.exp(-step)
        return total

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return a byte more, for the bit."""
        return num_bytes + 1

    def cost(self, load: Load) -> Cost:
        """Return the seconds of a norm and a scaling."""
        return Cost(partner_sim_s=load.num_parameters / self.numbers_per_s)
