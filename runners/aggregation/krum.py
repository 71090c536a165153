"""Aggregation `krum`: the update whose nearest others are nearest (Blanchard et al. 2017), or the
mean of several such (their multi-Krum).

The score of an update is the sum of its squared distances from its n − f − 2 nearest others, with f
bad updates among n; the `num_selected` lowest scores win: 1 is Krum, more is multi-Krum. Krum needs
n of at least 2 f + 3, and multi-Krum selects n − f − 2 at most (Damaskinos et al. 2019).

Each update has one vote; the mean of the selected is multiplied by the sum of all weights.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from runners.aggregation.rows import squared_distances, weighted_sum
from sim.bounds import at_least

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Krum:
    """Select `num_selected` updates, of which `num_byzantine` may be bad."""

    num_byzantine: int
    num_selected: int
    needs_rows: ClassVar[Literal[True]] = True

    def __post_init__(self) -> None:
        at_least("num_byzantine", self.num_byzantine, 0, remedy="1 is the least that protects")
        at_least("num_selected", self.num_selected, 1, remedy="1 is Krum, more is multi-Krum")

    def check(self, num_updates: int) -> None:
        """Raise ValueError for fewer than 2 f + 3 updates, and for more selected than n − f − 2."""
        if num_updates < 2 * self.num_byzantine + 3:
            most = (num_updates - 3) // 2
            remedy = f"aggregation.num_byzantine={most} or " if most >= 0 else ""
            raise ValueError(
                f"aggregation.num_byzantine={self.num_byzantine} needs at least "
                f"{2 * self.num_byzantine + 3} updates, got {num_updates}; "
                f"try {remedy}aggregation=median"
            )
        most = num_updates - self.num_byzantine - 2
        if self.num_selected > most:
            raise ValueError(
                f"aggregation.num_selected must be at most {most}, which is the {num_updates} "
                f"updates less aggregation.num_byzantine={self.num_byzantine} and 2, got "
                f"{self.num_selected}; try aggregation.num_selected={most}"
            )

    def merge_passes(self, num_updates: int) -> float:
        """Return n − 1, as each update is held against every other, and the selected once more."""
        return num_updates - 1 + self.num_selected / num_updates

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return the sum of the weights times the mean of the selected; of equal scores, the first
        row's wins.
        """
        self.check(len(updates))
        selected = self._scores(updates).argsort(stable=True)[: self.num_selected]
        share = weights.sum() / self.num_selected
        return weighted_sum(updates[selected], share.expand(self.num_selected)).to(updates.dtype)

    def _scores(self, updates: "torch.Tensor") -> "torch.Tensor":
        between = squared_distances(updates)
        between.fill_diagonal_(float("inf"))  # nobody is its own neighbour
        num_neighbours = len(updates) - self.num_byzantine - 2
        return between.sort(dim=1).values[:, :num_neighbours].sum(dim=1)
