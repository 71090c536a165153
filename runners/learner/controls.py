"""Owns SCAFFOLD's control variates (Karimireddy et al. 2020, option II): one for each partner, here
on the rank that hosts it, and one for the model's line, with its versions.

Vectors are float32 of shape (num_parameters,). A partner's variate is an estimate of its gradient,
(start − end) / Σ rates, which holds for plain SGD.
"""

from collections.abc import Sequence

import torch

from runners.optimizer import Optimizer
from runners.optimizer.sgd import Sgd


class Controls:
    """Hold the hosted partners' control variates; zero before a partner's first work."""

    def __init__(self, num_partners: int) -> None:
        self.of_partner: dict[int, torch.Tensor] = {}
        self._num_partners = num_partners

    def drift(self, partner: int, line: torch.Tensor) -> torch.Tensor:
        """Return what is added to each of a partner's gradients, c − c_k."""
        own = self.of_partner.get(partner)
        return line if own is None else line - own

    def change(
        self, partner: int, line: torch.Tensor, update: torch.Tensor, rates: Sequence[float]
    ) -> torch.Tensor:
        """Move on the partner's variate, and return what the line's moves by for it.

        c_k' = c_k − c − update / Σ rates, and c moves by the mean over all partners of c_k' − c_k.
        """
        moved = -line - update / sum(rates)
        own = self.of_partner.get(partner)
        self.of_partner[partner] = moved if own is None else own + moved
        return moved / self._num_partners


def check_controls(optimizer: Optimizer) -> None:
    """Raise ValueError unless local steps are plain SGD's."""
    if not isinstance(optimizer, Sgd) or optimizer.momentum:
        raise ValueError(
            f"mode.algorithm=scaffold needs plain SGD at the partners, got {optimizer}; "
            "try optimizer@task.optimizer=sgd task.optimizer.momentum=0.0"
        )
