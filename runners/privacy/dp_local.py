"""Privacy `dp_local`: each partner clips its update and adds noise before it leaves (Duchi, Jordan
and Wainwright 2013).

`gaussian`: clipped to Euclidean norm C, and N(0, (z C)²) on each number. Any two updates are up to
2 C apart, so ε is that of noise multiplier z / 2, exactly (Balle and Wang 2018).
`laplace`: clipped to C in the sum of absolute values, and Laplace noise of scale z C. A merge
spends ε = 2 / z, with δ = 0; several spend less together than their sum at some δ > 0.

Guarantee: (ε, δ) for all of one partner's data over the run, against everyone else: any other data
would have made what it sends look alike. Each partner counts as if in every merge, and nothing is
amplified: the proxy sees who sends. Trust: each partner in itself only. Weights by amounts of data
are not covered, nor what floating point gives away (Mironov 2012).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runners import accountant
from runners.noise import SOURCES, gaussian, laplace, words_of
from runners.privacy import Cost, Guarantee, Load, Mechanism, Merge, Sampling
from runners.privacy.clip import check_clipping_norm, clipping_scales
from sim.bounds import not_negative, one_of, positive

if TYPE_CHECKING:
    import torch

DISTRIBUTIONS = ("gaussian", "laplace")


@dataclass(frozen=True, kw_only=True)
class DpLocal(Mechanism):
    """Clip to `clipping_norm` C and add noise of `noise_multiplier` z times it; a run ends before
    it spends more than `epsilon` (None is no limit) at `delta`.
    """

    distribution: str
    clipping_norm: float
    noise_multiplier: float
    epsilon: float | None
    delta: float
    noise_source: str
    numbers_per_s: float

    needs_rows = True

    def __post_init__(self) -> None:
        one_of("distribution", self.distribution, DISTRIBUTIONS)
        check_clipping_norm(self.clipping_norm)
        not_negative("noise_multiplier", self.noise_multiplier, remedy="1.0 is common, 0 is none")
        if self.noise_multiplier > 0:
            positive("clipping_norm", self.clipping_norm, remedy="noise is made for a finite one")
        accountant.check_budget(self.epsilon, self.delta)
        one_of("noise_source", self.noise_source, SOURCES)
        positive("numbers_per_s", self.numbers_per_s, remedy="measure it on one core")

    def protect(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Clip rows and add each partner's own noise to its row, in place."""
        import torch

        order = 2 if self.distribution == "gaussian" else 1
        norms = torch.linalg.vector_norm(updates, ord=order, dim=1)
        updates.mul_(clipping_scales(norms, self.clipping_norm)[:, None])
        if self.noise_multiplier > 0:
            draw = gaussian if self.distribution == "gaussian" else laplace
            for row, partner in zip(updates, partners, strict=True):
                words = words_of(self.noise_source, merge, "dp_local", partner)
                noise = draw(words, len(row), row.device)
                row.add_(noise, alpha=self.noise_multiplier * self.clipping_norm)
        return updates

    def cost(self, load: Load) -> Cost:
        """Return a partner's seconds for the noise."""
        return Cost(partner_sim_s=load.num_parameters / self.numbers_per_s)

    def max_merges(self, sampling: Sampling) -> float:
        """Return how many merges are within the budget."""
        return accountant.max_merges(self._spent, self.epsilon)

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee | None:
        """Return ε; None without noise."""
        if self.noise_multiplier == 0:
            return None
        return Guarantee(
            mechanism="dp_local",
            unit="partner",
            hidden_from="the proxy and all other partners",
            assumptions=f"the partner adds its noise ({self.noise_source} source)",
            epsilon=self._spent(num_merges),
            delta=self.delta,
        )

    def _spent(self, num_merges: int) -> float:
        if num_merges == 0:
            return 0.0
        if self.noise_multiplier == 0:
            return math.inf
        relative = self.noise_multiplier / 2
        if self.distribution == "laplace":
            return accountant.pure_epsilon(1 / relative, num_merges, self.delta)
        return accountant.gaussian_epsilon(relative / math.sqrt(num_merges), self.delta)
