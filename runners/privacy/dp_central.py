"""Privacy `dp_central`: the proxy adds Gaussian noise to the sum of clipped updates (McMahan et al.
2018; Geyer, Klein and Nabi 2017).

A merge publishes Σ u_i / m + N(0, (z C / m)²) with noise multiplier z, clipping norm C and m the
updates that came. All count the same, so that one changes the mean by C / m at most; who drops out
takes no noise away, as it is made for the sum, and m is public. What a secure sum rounds is added
to C.

Guarantee: (ε, δ) for all of one partner's data over the whole run: all it sends could be zeros, and
the models would look alike. Against everyone who sees models, after any number of merges; not
against the proxy. ε is that of `runners.accountant`. With a fixed number drawn, amplification needs
that nobody but the proxy learns who took part. Drawing each by itself is taken as no drawing: m
gives away how many were drawn, and its theorem does not hold given that number.

Trust: the proxy sees updates (without a secure sum), adds the noise and forgets it. Who drops out
must not depend on the updates. What a run says beside the model (losses, norms) is not covered, nor
what floating point gives away (Mironov 2012).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners import accountant
from runners.noise import SOURCES, gaussian, words_of
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.privacy.budget import check_budget
from runners.privacy.clip import check_clipped
from sim.bounds import not_negative, one_of, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class DpCentral(Mechanism):
    """Add noise of `noise_multiplier` times C; stop before `epsilon` (None is no limit) is
    overspent at `delta`.
    """

    noise_multiplier: float
    epsilon: float | None
    delta: float
    noise_source: str
    numbers_per_s: float

    has_equal_weights = True
    needs_sum = True

    def __post_init__(self) -> None:
        not_negative("noise_multiplier", self.noise_multiplier, remedy="1.0 is common, 0 is none")
        accountant.check_budget(self.epsilon, self.delta)
        one_of("noise_source", self.noise_source, SOURCES)
        positive("numbers_per_s", self.numbers_per_s, remedy="measure it on one core")

    def check(self, before: Sequence[Mechanism], after: Sequence[Mechanism]) -> None:
        """Refuse a sum that one update can move without bound, or bits with too little noise."""
        check_clipped("dp_central", before, after)
        for one in before:
            if one.is_secure_sum:
                name = type(one).__module__.rpartition(".")[2]
                raise ValueError(
                    f"privacy.{name} must come after dp_central, as what updates pass last; its "
                    f"sum is opened first, then noise is added; try 'privacy=[clip,dp_central,{name}]'"
                )
        if any(one.figures_noise_multiplier < math.inf for one in after):
            raise ValueError(
                "privacy.adaptive_clip must come before dp_central, whose noise covers its bits; "
                "try 'privacy=[adaptive_clip,dp_central]'"
            )
        for one in before:
            if 0 < self.noise_multiplier and self._share(one.figures_noise_multiplier) is None:
                raise ValueError(
                    f"privacy.adaptive_clip.bits_noise_std must be above {self.noise_multiplier / 2}"
                    f", half of privacy.dp_central.noise_multiplier={self.noise_multiplier}, got "
                    f"{one.figures_noise_multiplier / 2}: the bits alone would spend more than all; "
                    f"try privacy.adaptive_clip.bits_noise_std={self.noise_multiplier}"
                )

    def reveal(
        self, total: "torch.Tensor", figures: "torch.Tensor", merge: Merge
    ) -> "torch.Tensor":
        """Return the mean with noise."""
        if self.noise_multiplier == 0:
            return total
        words = words_of(self.noise_source, merge, "dp_central")
        noise = gaussian(words, len(total), total.device)
        return total.add_(noise, alpha=self.noise_std(merge, len(total)))

    def noise_std(self, merge: Merge, size: int) -> float:
        """Return the standard deviation of the noise on the mean of updates of this size."""
        multiplier = self._share(merge.figures_noise_multiplier)
        assert multiplier is not None, "check refuses this"
        return multiplier * sensitivity
