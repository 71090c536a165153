"""Privacy mechanisms: what happens to updates on their way from the partners into the model, and
what that guarantees.

`privacy=[clip,dp_central,secagg]` composes options in that order (`runners.privacy.chain`). Each
option is one frozen dataclass that is a `Mechanism` and overrides what it does: scale or change
updates at their partners, take part in their sum, change the sum at the proxy. Its docstring states
the guarantee and whom one has to trust. What it must remember from merge to merge is in
`Merge.memory`, which checkpoints save.

Tensors: updates are rows, float32 of shape (num_updates, size), norms of shape (num_updates,), sums
float64 of shape (size,); all on the rank's device. All ranks call `reveal` with the same numbers
and must return the same.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from runners.data import Data
from sim.streams import stream

if TYPE_CHECKING:
    import torch

    from runners.example_ledger import ExampleLedger
    from runners.example_rule import ExampleRule
    from sim.allowance import StepLimits

SAMPLINGS = ("everyone", "fixed", "poisson")


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Say how the partners of a merge are drawn: `everyone`, a `fixed` number without replacement,
    or each by itself (`poisson`); `num_chosen` of `num_partners`, with `poisson` in the mean.
    """

    kind: str
    num_partners: int
    num_chosen: float

    @property
    def rate(self) -> float:
        """The probability that a partner takes part, 0 to 1."""
        return self.num_chosen / self.num_partners


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Describe a merge: `number` of those before it, whose updates are summed (`partners`), and who
    was chosen but did not get through (`dropped`); partners in the order of the updates' weights.

    `compression` is the level that an agent has chosen (`runners.compression.adaptive`).

    `memory` is the mechanism's own: numbers, strings, tensors, and lists and dicts of them, which a
    rank's checkpoint saves. `secret` is a number that no seed gives away, the same on all ranks of
    a run; it is drawn anew when a run is resumed.

    What the chain tells a mechanism of the others: `norm_bound` is the largest norm that an update
    has where the mechanism stands, `figures_noise_multiplier` the least of all mechanisms, and
    `rounding_error` that of the secure sum.
    """

    number: int
    partners: tuple[int, ...]
    dropped: tuple[int, ...]
    num_partners: int
    seed: int
    secret: int
    norm_bound: float = math.inf
    figures_noise_multiplier: float = math.inf
    rounding_error: float = 0.0
    compression: int = 0
    memory: dict[str, Any] = field(default_factory=dict)

    def stream(self, *names: str | int) -> np.random.Generator:
        """Return a random stream of this merge alone, the same on all ranks."""
        return stream(self.seed, "privacy", *names, self.number)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Hold what a mechanism adds to a merge on the virtual clock: seconds of each partner and of
    the proxy, and messages to and fro before the update can be sent.
    """

    partner_sim_s: float = 0.0
    proxy_sim_s: float = 0.0
    num_round_trips: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        """Return what both add."""
        return Cost(
            partner_sim_s=self.partner_sim_s + other.partner_sim_s,
            proxy_sim_s=self.proxy_sim_s + other.proxy_sim_s,
            num_round_trips=self.num_round_trips + other.num_round_trips,
        )


@dataclass(frozen=True, kw_only=True)
class Load:
    """Say what passes in a merge: updates of `num_parameters` from `num_partners`."""

    num_parameters: int
    num_partners: int


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """State what a mechanism guarantees: whose data it hides (`unit`: partner, example, update, …),
    from whom, and on what it rests; (ε, δ) where it is differential privacy, else None.
    """

    mechanism: str
    unit: str
    hidden_from: str
    assumptions: str
    epsilon: float | None = None
    delta: float | None = None


class SumInProgress(Protocol):
    """Add up a merge's updates in a way that hides them; one for each merge and rank."""

    def add(self, updates: "torch.Tensor", partners: Sequence[int]) -> None:
        """Take rows of hosted partners, their weights multiplied in."""
        ...

    def finish(self) -> "torch.Tensor":
        """Return the sum over all ranks, float64 of shape (size,), the same on all ranks."""
        ...


class Mechanism:
    """Do nothing to updates; options override what they do."""

    is_about_updates: bool = True
    """Whether it does something to updates, and not to the steps behind them."""
    changes_labels: bool = False
    """Whether `labels` changes what partners train on."""
    needs_rows: bool = False
    """Whether `protect` does more than to scale updates by their norms. If nothing needs rows, no
    single update need ever exist.
    """
    is_secure_sum: bool = False
    """Whether `begin_sum` hides single updates from whoever adds them up."""
    has_equal_weights: bool = False
    """Whether every update counts the same, 1 / number of partners, whatever data a partner holds:
    what a bound on one partner's influence needs.
    """
    bounds_norms: bool = False
    """Whether no update is longer than `norm_bound` behind this mechanism."""
    needs_sum: bool = False
    """Whether the guarantee is about the sum of all updates, so that no rule of aggregation may
    pick among them.
    """
    step_factor: float = 1.0
    """How many times as long a training step takes at a partner."""
    num_figures: int = 0
    """Numbers of each update that are added up beside it."""

    @property
    def needs_proxy(self) -> bool:
        """Whether every partner's update has to come to the proxy by itself, and to no partner."""
        return self.needs_sum or self.is_secure_sum or self.num_figures > 0

    @property
    def figures_noise_multiplier(self) -> float:
        """Noise of the figures' sum, in multiples of what one partner changes; infinite without
        figures.
        """
        return math.inf

    @property
    def rounding_error(self) -> float:
        """By how much a secure sum rounds each number of an update, weight multiplied in, at
        most.
        """
        return 0.0

    @property
    def example_rule(self) -> "ExampleRule | None":
        """What every training step follows that hides single examples; None where steps are
        plain.
        """
        return None

    def check(self, before: "Sequence[Mechanism]", after: "Sequence[Mechanism]") -> None:
        """Raise ValueError where the order of mechanisms, of which these are before and after this
        one, breaks a guarantee; say why and what to do.
        """

    def check_data(self, data: Data) -> None:
        """Raise ValueError where the mechanism can do nothing for such data."""

    def labels(self, targets: NDArray[np.integer], data: Data, seed: int) -> NDArray[np.integer]:
        """Return the training labels (num_samples,) as partners tell them, in a new array where
        they differ; the same on all ranks.
        """
        return targets

    def check_merge(self, merge: Merge) -> None:
        """Raise `runners.secure_sum.SumNotRevealed` where a merge must not happen: too few are
        left. The same on all ranks.
        """

    def scales(self, norms: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return what updates with these norms are multiplied by at their partners."""
        return norms.new_ones(norms.shape)

    def norm_bound(self, merge: Merge) -> float:
        """Return the largest norm of an update behind this mechanism."""
        return merge.norm_bound

    def protect(
        self, updates: "torch.Tensor", partners: Sequence[int], merge: Merge
    ) -> "torch.Tensor":
        """Return the updates as they leave these partners; may overwrite them."""
        import torch

        norms = torch.linalg.vector_norm(updates, dim=1)
        return updates.mul_(self.scales(norms, merge)[:, None])

    def num_sent(self, size: int) -> int:
        """Return how many numbers `protect` makes of an update of `size`."""
        return size

    def figures(self, norms: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return what is added up beside the updates, (num_updates, num_figures), in a secure sum
        if there is one; the norms are those before `scales`.
        """
        return norms.new_zeros(len(norms), self.num_figures)

    def reveal(
        self, total: "torch.Tensor", figures: "torch.Tensor", merge: Merge
    ) -> "torch.Tensor":
        """Return the weighted sum of updates as the proxy publishes it; may overwrite it. `figures`
        are the sums of the partners' figures.
        """
        return total

    def lift(self, total: "torch.Tensor", merge: Merge) -> "torch.Tensor":
        """Return the update behind a sum of what `protect` returns, where that has fewer numbers
        (`num_sent`).
        """
        return total

    def begin_sum(self, size: int, merge: Merge, ranks: Any) -> SumInProgress:
        """Begin a secure sum among `runners.learner.horovod.Ranks`; only where `is_secure_sum`."""
        raise NotImplementedError

    def wire_bytes(self, num_bytes: int, load: Load) -> int:
        """Return what an update weighs on the wire behind this mechanism, of `num_bytes` before;
        with all other messages that a partner sends for it.
        """
        return num_bytes

    def cost(self, load: Load) -> Cost:
        """Return what the mechanism costs on the virtual clock in a merge."""
        return Cost()

    def max_merges(self, sampling: Sampling) -> float:
        """Return how many merges may happen before a budget is overspent."""
        return math.inf

    def step_limits(self, num_held: Sequence[int], batch_size: int) -> "StepLimits | None":
        """Return how many steps may draw from the examples that partners hold; None where steps
        are not limited.
        """
        return None

    def guarantee(self, sampling: Sampling, num_merges: int) -> Guarantee | None:
        """Return what holds after so many merges; None where nothing does."""
        return None

    def guarantee_of(self, ledger: "ExampleLedger") -> Guarantee | None:
        """Return what holds after the steps on the ledger; only with an `example_rule`."""
        raise NotImplementedError
