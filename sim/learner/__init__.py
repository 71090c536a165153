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

from sim.decision import Decision


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
class LocalRule:
    """Say how local steps differ from plain ones.

    `proximal_weight` μ adds μ (w − start) to every gradient (FedProx, Li et al. 2020).
    `uses_controls` adds c − c_k, the line's and the partner's control variates, and updates both
    (SCAFFOLD, Karimireddy et al. 2020, option II).
    """

    proximal_weight: float = 0.0
    uses_controls: bool = False


PLAIN = LocalRule()


@dataclass(frozen=True, kw_only=True)
class Work:
    """Describe local training: `partner` takes `num_steps` batches of the data of `data_of`, from
    `start` on; `part` is what it trains of the model, None for all. `compression` is the level at
    which its update is sent, the same for all works of a merge.
    """

    partner: int
    start: Model
    num_steps: int
    data_of: tuple[int, ...]
    part: Part | None = None
    rule: LocalRule = PLAIN
    compression: int = 0


SERVER_OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam", "yogi")


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Hold the settings of an outer optimizer, which takes a merged update for a gradient.

    `sgd` scales the update by the learning rate, `momentum` is FedAvgM (Hsu et al. 2019),
    `nesterov` DiLoCo's (Douillard et al. 2023), `adam` and `yogi` are FedOpt's (Reddi et al. 2021),
    with `second_momentum` β₂ and `adaptivity` τ. Each partner's update is rounded to
    `wire_bytes_per_parameter` before it is summed; None rounds nothing.
    """

    optimizer: str
    learning_rate: float
    momentum: float = 0.0
    second_momentum: float = 0.0
    adaptivity: float = 0.0
    wire_bytes_per_parameter: float | None = None


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Say which runs of tensors, in forward order, the stages of a pipeline have, and in how many
    micro-batches a step's union batch passes through them.
    """

    tensors: tuple[range, ...]
    num_micro_batches: int


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """Say how trained models become one that is none of them: it takes `num_steps` batches of the
    data of `data_of`, without labels, towards the mean of what they predict (FedDF, Lin et al.
    2020).
    """

    num_steps: int
    data_of: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Tell of one partner's work: the mean of its batches' mean losses, the mean of the squares of
    these, and the Euclidean norm of its update.
    """

    partner: int
    train_loss: float
    mean_square_loss: float
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

    def step(self, model: Model, works: Sequence[Work], stages: Stages | None = None) -> Merged:
        """Average the works' gradients, weighted by their samples held, and take an optimizer step
        with them.

        The optimizer's state belongs to the model and goes on from version to version. A model with
        an owner takes the `num_steps` of its owner's single work; a shared model takes one step per
        call. With `stages` the layers are computed apart where there are ranks for it, which learns
        the same.
        """
        ...

    def merge(
        self,
        model: Model,
        works: Sequence[Work],
        weights: Sequence[float],
        outer: Outer | None = None,
        distillation: Distillation | None = None,
        dropped: Sequence[int] = (),
    ) -> Merged:
        """Train each work from its start, and add the weighted updates to `model`; weights are used
        as given.

        Works on parts are merged where they overlap: a weight of the model moves by the weighted
        mean of the works that hold it. `outer` steps with the merged update instead of adding it;
        its momentum belongs to the model and goes on from version to version. `distillation` goes
        on from there. `dropped` partners were to take part, but their updates did not arrive.
        """
        ...

    def combine(
        self,
        model: Model,
        replicas: Sequence[Model],
        weights: Sequence[float],
        outer: Outer,
        part: Part | None,
    ) -> Model:
        """Let `outer` step the shared `model` with the weighted mean of what the owned `replicas`
        have moved away from it; in `part` alone, None for all.
        """
        ...

    def adopt(self, replicas: Sequence[Model], model: Model, part: Part | None) -> list[Model]:
        """Return the next version of each owned replica, with the shared `model`'s weights in
        `part`, None for all. Optimizer states go on.
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

    def evaluate(self, models: Sequence[Model], jointly: bool = False) -> Evaluation | None:
        """Return the mean evaluation of `models` on the held-out test set, or that of the mean of
        what they predict, if they answer `jointly`; None where nothing is learned.
        """
        ...

    def agree(self, decision: Decision) -> Decision:
        """Return the decision that holds for all ranks, rank 0's: it rests on floats, which hosts
        may round differently.
        """
        ...
