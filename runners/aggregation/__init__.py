"""Aggregation: how the updates of a merge become one. Each option is a frozen dataclass.

Updates are what weights of the model move by, so zero is the current model. Weights are positive,
and their sum S need not be 1: `mean` and `norm_bound` add up, and every other rule returns S times
its centre of the updates, so that a rule takes the mean's place under any mode's weights. `median`,
`trimmed_mean` and `krum` give each update one vote, since a weight is what a partner says of
itself; `geometric_median` and `centred_clipping` weigh.

A rule is linear (`ByFactors`: updates are added up as they come in) or must see all rows at once
(`ByRows`); `needs_rows` tells which, and mypy narrows an `Aggregation` by it.

To the rules on rows, a row that is not finite is a bad row like others: `median` and `trimmed_mean`
take NaN for the largest number, `krum` for infinitely far, and the other two leave the row out. In
a sum it shows.
"""

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import torch


class Rule(Protocol):
    """Say what holds for all rules; arithmetic, with no tensor library."""

    def check(self, num_updates: int) -> None:
        """Raise ValueError where the rule can't merge this many updates; with the number of
        partners, where it never will.
        """
        ...

    def merge_passes(self, num_updates: int) -> float:
        """Return how often a server goes through each update's bytes, where adding it up is 1."""
        ...


class ByFactors(Rule, Protocol):
    """Multiply each update by a factor, and add up."""

    @property
    def needs_rows(self) -> Literal[False]:
        """Updates need not be kept."""
        ...

    def factors(self, weights: "torch.Tensor", norms: "torch.Tensor") -> "torch.Tensor":
        """Return what each update is multiplied by, from the weights and Euclidean norms of some of
        the updates; all of shape (n,). A factor does not depend on the other updates.
        """
        ...


class ByRows(Rule, Protocol):
    """Make one update from all rows."""

    @property
    def needs_rows(self) -> Literal[True]:
        """All updates must be there."""
        ...

    def merge(self, updates: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
        """Return what the model moves by, (size,), from updates (n, size), float32 or float64 as
        the result, and weights (n,), all on one device. Changes neither; raises ValueError as
        `check` does.
        """
        ...


Aggregation = ByFactors | ByRows
