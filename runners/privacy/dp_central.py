"""Privacy `dp_central`: the proxy adds Gaussian noise to the sum of clipped updates (McMahan et al.
2018, Learning Differentially Private Recurrent Language Models).

A merge publishes Σ u_i / m + N(0, (z C / m)²) with noise multiplier z, clipping norm C and m the
updates that came. All count the same, so that one moves the mean by C / m at most. The noise is
made for the sum, so who drops out takes none of it away, and m is public. What a secure sum rounds
is added to C.

Guarantee: (ε, δ) for all that one partner sends in the run, against everyone who sees models, but
not against the proxy: had it sent zeros, the models would look alike. ε is that of
`runners.accountant`. Where a fixed number is drawn, amplification needs that nobody but the proxy
learns who took part. Partners drawn each by itself count as not drawn: m gives away their number,
and given that, the theorem for such draws does not hold.

Trust: the proxy sees the updates (the sum, behind a secure sum), adds the noise and forgets them.
Who drops out does not depend on updates. What a run says beside the model (losses, norms) is not
covered, nor what floating point gives away (Mironov 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

from runners import accountant
from runners.noise import SOURCES, gaussian, words_of
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.privacy.clip import check_clipped
from sim.bounds import not_negative, one_of, positive

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class DpCentral(Mechanism):
    """Add noise of `noise_multiplier` times C; a run ends before it spends more than `epsilon`
    (None is no limit) at `delta`.
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
        """Refuse updates without a bound, and bits that the noise does not cover."""
        check_clipped("dp_central", before, after)
        for one in before:
            if one.is_secure_sum:
                name = type(one).__module__.rpartition(".")[2]
                raise ValueError(
                    f"privacy.{name} must come after dp_central: a secure sum is what updates pass "
                    f"last, and noise is added once it is opened; "
                    f"try 'privacy=[clip,dp_central,{name}]'"
                )
            self._check_bits(one)
        if any(one.figures_noise_multiplier < inf for one in after):
            raise ValueError(
                "privacy.adaptive_clip must come before dp_central, whose noise covers its bits; "
                "try 'privacy=[adaptive_clip,dp_central]'"
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
        """Return the noise's standard deviation on the mean of updates of this size."""
        multiplier = accountant.rest_of(self.noise_multiplier, merge.figures_noise_multiplier)
        return multiplier * (
            merge.norm_bound / len(merge.partners) + merge.rounding_error * sqrt(size)
        )

    def cost(self, load: Load) -> Cost:
        """Return the proxy's seconds for the noise."""
        return Cost(proxy_sim_s=load.num_parameters / self.numbers_per_s)

    def max_merges(self, sampling: Sampling) -> float:
        """Return how many merges are within the budget."""
        return accountant.max_merges(lambda num: self._spent(sampling, num), self.epsilon)

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee | None:
        """Return ε; None without noise."""
        if self.noise_multiplier == 0:
            return None
        who = "; nobody learns who took part" if sampling.kind == "fixed" else ""
        return Guarantee(
            mechanism="dp_central",
            unit="partner",
            hidden_from="everyone who sees models, but not the proxy",
            assumptions=f"the proxy adds the noise ({self.noise_source} source); who drops out "
            f"does not depend on updates; losses and norms stay inside{who}",
            epsilon=self._spent(sampling, num_merges),
            delta=self.delta,
        )

    def _spent(self, sampling: Sampling, num_merges: int) -> float:
        if sampling.kind == "poisson":
            num = sampling.num_partners
            sampling = Sampling(kind="everyone", num_partners=num, num_chosen=num)
        return accountant.epsilon(self.noise_multiplier, sampling, num_merges, self.delta)

    def _check_bits(self, one: Mechanism) -> None:
        """Raise ValueError where figures beside the sum spend more than all may spend."""
        if one.figures_noise_multiplier <= self.noise_multiplier > 0:
            raise ValueError(
                f"privacy.adaptive_clip.bits_noise_std must be above {self.noise_multiplier / 2}, "
                f"half of privacy.dp_central.noise_multiplier={self.noise_multiplier}, or the bits "
                f"alone would spend more than is meant for all, got "
                f"{one.figures_noise_multiplier / 2}; "
                f"try privacy.adaptive_clip.bits_noise_std={self.noise_multiplier}"
            )
