"""Owns what a merge sums over the ranks, and what of it travels in the open.

Updates, the line's control variate if there is one, the figures of privacy's mechanisms, and the
partners' loss moments and norms are one buffer, in float64. Under a secure sum nothing of that is
sent: figures are entries of the vectors that are summed securely, behind the updates', and losses
and norms of single partners stay where they are, so that all ranks have NaN for them.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import torch

from runners.learner.cohort import Summary
from runners.learner.horovod import Ranks
from runners.learner.local_training import LocalTraining
from runners.privacy import SumInProgress
from runners.privacy.chain import Chain


class MergeSums:
    """Hold a merge's sums, on this rank and then, after `start`, over all; `secure` hides single
    updates where it is not None.
    """

    def __init__(
        self,
        training: LocalTraining,
        privacy: Chain,
        secure: SumInProgress | None,
        *,
        has_control: bool,
    ) -> None:
        model = training.model
        num_controls = model.num_parameters if has_control else 0
        self._sizes = [privacy.num_sent(model.size), privacy.num_figures]
        num_partners = training.num_partners
        sizes = [*self._sizes, num_controls, 2 * num_partners, num_partners]
        self._buffer = torch.zeros(sum(sizes), dtype=torch.float64, device=training.data.device)
        self.update, self.figures, control, losses, self.norms = self._buffer.split(sizes)
        self.losses = losses.view(num_partners, 2)
        self.control = control if has_control else None
        self._secure = secure

    def add(
        self,
        rows: torch.Tensor,
        factors: torch.Tensor,
        figures: torch.Tensor,
        partners: Sequence[int],
        total: torch.Tensor,
    ) -> None:
        """Add up rows, each times its factor, in `total` or in the secure sum; and figures."""
        if self._secure is None:
            total += factors @ rows
            self.figures += figures.sum(dim=0)
        else:
            weighted = rows * factors[:, None]
            self._secure.add(torch.cat([weighted, figures.to(rows.dtype)], dim=1), partners)

    def note(self, partners: Sequence[int], summary: Summary) -> None:
        """Put down the partners' loss moments and norms."""
        self.losses[partners] = summary.losses.double()
        self.norms[partners] = summary.norms.double()

    def start(self, ranks: Ranks) -> Callable[[], None]:
        """Begin to add up what all ranks have; the returned call waits for the end."""
        if self._secure is None:
            return ranks.start_sum(self._buffer, "merge")
        return partial(self._open, self._secure)

    def _open(self, secure: SumInProgress) -> None:
        assert self.control is None, "control variates are not summed securely"
        update, figures = secure.finish().split(self._sizes)
        self.update += update
        self.figures += figures
        self.losses.fill_(math.nan)
        self.norms.fill_(math.nan)
