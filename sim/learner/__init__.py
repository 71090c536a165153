"""The Learner protocol: where learning happens inside a protocol that is written once.

A mode describes *work* (who trains, from which version of which model, for how long, on whose
data), and asks for results only when it merges: `step` and `merge` are the only calls that compute.
So a batch engine sees a whole cohort at once, work that is dropped in virtual time is never paid
for in wall time, and nothing is computed at all with `learner=none`.

Asynchronous and stale merges: `Work.start` is the version the partner really had, `merge(model,
...)` adds its change to a newer one. One model per partner (gossip): `initial_model(owner=...)`,
then `step` each and `mix` them. Sub-models: `Work.part` belongs to the work, since it is what the
partner was given. Agents: `Merged.feedback` has each partner's loss and update norm. Privacy: an
update passes through the mechanism between the work and the sum, inside `merge`.

SPMD: every rank makes the same calls in the same order (design: `runners/learner/horovod.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


class Model(Protocol):
    """A version of a model: a handle that modes pass around, its weights are the learner's
    business.
    """

    @property
    def version(self) -> int:
        """The number of merges behind it; staleness is a difference of versions."""
        ...


@dataclass(frozen=True, kw_only=True)
class Part:
    """Name a part of a model: number `index` of `count`, cut by `kind`.

    `layers` are runs of whole tensors of about equal size, in forward order; `width` is the first
    `index + 1` of `count` equal slices of every hidden layer (HeteroFL, Diao et al. 2021);
    `independent` is one of `count` disjoint sets of hidden units (independent subnet training, Yuan
    et al. 2022).
    """

    kind: str
    index: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Work:
    """Describe local training: `partner` takes `num_steps` batches of the data of `data_of`, from
    `start` on; `part` is what it trains of the model, None for all.
    """

    partner: int
    start: Model
    num_steps: int
    data_of: tuple[int, ...]
    part: Part | None = None


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Hold the settings of an outer optimizer, which takes a merged update for a gradient.

    Nesterov momentum as in DiLoCo (Douillard et al. 2023); 1 and 0 add the update as it is. Each
    partner's update is rounded to `wire_bytes_per_parameter` before it is summed; None rounds
    nothing.
    """

    learning_rate: float
    momentum: float
    wire_bytes_per_parameter: float | None = None


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Tell of one partner's work: mean batch loss, and Euclidean norm of its update."""

    partner: int
    train_loss: float
    update_norm: float


@dataclass(frozen=True, kw_only=True)
class Merged:
    """Hold a merge's new model, and a way to ask for the feedback (asking waits for the
    computation).
    """

    model: Model
    feedback: Callable[[], tuple[Feedback, ...]]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Hold the held-out test set's mean loss and accuracy (0 to 1)."""

    loss: float
    accuracy: float


class Learner(Protocol):
    """Do the learning that a mode asks for."""

    def initial_model(self, owner: int | None) -> Model:
        """Return the untrained model; `owner` is the partner that keeps it, None means that all
        share it.

        All calls with one seed return the same weights.
        """
        ...

    def step(self, model: Model, works: Sequence[Work]) -> Merged:
        """Average the works' gradients, weighted by their samples held, and take an optimizer step
        with them.

        The optimizer's state belongs to the model and goes on from version to version. A model with
        an owner takes the `num_steps` of its owner's single work; a shared model takes one step per
        call.
        """
        ...

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
    ) -> Merged:
        """Train each work from its start, and add the weighted updates to `model`; weights are used
        as given.

        Works on parts are merged where they overlap: a weight of the model moves by the weighted
        mean of the works that hold it. `outer` steps with the merged update instead of adding it;
        its momentum belongs to the model and goes on from version to version.
        """
        ...

    def mix(self, models: Sequence[Model], weights: Sequence[Sequence[float]]) -> list[Model]:
        """Return, for each of the owned `models`, the next version: the mean of all of them with
        its row of `weights`.
        """
        ...

    def average(self, models: Sequence[Model], weights: Sequence[float]) -> Model:
        """Return the weighted mean of shared `models`, as the version after the newest of them.

        Their lines of versions began at one model and end here (regional models at a root).
        """
        ...

    def evaluate(self, models: Sequence[Model]) -> Evaluation | None:
        """Return the mean evaluation of `models` on the held-out test set; None where nothing is
        learned.
        """
        ...
