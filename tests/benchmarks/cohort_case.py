"""The work of the cohort benchmarks: rounds of federated averaging on random tensors, and how this
project's engines do them.

The partners of a round come in turn. Each takes SGD steps through its own samples, batch by batch
in their order, so that two programs can do the same work. Updates are averaged without weights.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from runners.data import Samples
from runners.learner.cohort import Job
from runners.learner.engines import Engines
from runners.learner.flat_model import FlatModel
from runners.learner.rank_data import RankData
from runners.model import Form
from runners.model.cnn import Cnn
from runners.model.mlp import Mlp
from runners.optimizer import State
from runners.optimizer.sgd import Sgd

NUM_PARTNERS, COHORT, NUM_STEPS, BATCH, RATE = 1000, 100, 6, 10, 0.1
PARTNERS_PER_CHOSEN = NUM_PARTNERS // COHORT
SAMPLES_EACH = NUM_STEPS * BATCH
NUM_CLASSES = 10
GREY, COLOUR = (1, 28, 28), (3, 32, 32)
SGD = Sgd(learning_rate=RATE, momentum=0.0, nesterov=False, weight_decay=0.0, l1=0.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Name a model, the shape of its inputs, and how many times as fast as pfl issue 4 wants it."""

    name: str
    inputs: tuple[int, ...]
    num_parameters: int
    wanted_ratio: float
    build: Callable[[], nn.Sequential]

    def samples(self, num_partners: int) -> Samples:
        """Return the random samples of all partners, partner by partner."""
        return random_samples(self.inputs, num_partners * SAMPLES_EACH)


@functools.lru_cache(maxsize=1)
def random_samples(inputs: tuple[int, ...], num_samples: int) -> Samples:
    """Return normal inputs and uniform classes, of which 1 is the test set."""
    rng = np.random.default_rng(0)
    train = rng.standard_normal((num_samples, *inputs), dtype=np.float32)
    targets = rng.integers(NUM_CLASSES, size=num_samples)
    return Samples(train=train, test=train[:1], train_targets=targets, test_targets=targets[:1])


def mlp(*hidden_units: int) -> nn.Sequential:
    """Return 784-...-10; without hidden layers it is logistic regression."""
    form = Form(inputs=GREY, vocabulary=None, num_outputs=NUM_CLASSES, per_token=False)
    return Mlp(hidden_units=hidden_units, batch_norm=False, dropout=0.0).build(form)


def small_cnn() -> nn.Sequential:
    """Return two convolutions of 8 and 16 channels, 5×5, each halved, and a dense layer."""
    return cnn(GREY, channels=(8, 16), width=5, pools=(2, 2), padded=True, hidden_units=())


def large_cnn() -> nn.Sequential:
    """Return the CNN of pfl-research's own CIFAR-10 benchmark: 14 × 14 places of 64 channels."""
    return cnn(COLOUR, channels=(32, 64), width=3, pools=(1, 2), padded=False, hidden_units=(128,))


def cnn(inputs: tuple[int, ...], **settings: Any) -> nn.Sequential:
    form = Form(inputs=inputs, vocabulary=None, num_outputs=NUM_CLASSES, per_token=False)
    return Cnn(dropout=0.0, **settings).build(form)


LOGISTIC = Case(
    name="logistic regression",
    inputs=GREY,
    num_parameters=7_850,  # 784 × 10 + 10
    wanted_ratio=15,
    build=mlp,
)
TWO_NN = Case(
    name="2NN",
    inputs=GREY,
    num_parameters=199_210,  # 785 × 200 + 201 × 200 + 201 × 10
    wanted_ratio=4,
    build=functools.partial(mlp, 200, 200),
)
SMALL_CNN = Case(
    name="CNN 8/16",
    inputs=GREY,
    num_parameters=11_274,  # 26 × 8 + 201 × 16 + 785 × 10
    wanted_ratio=1.5,
    build=small_cnn,
)
LARGE_CNN = Case(
    name="CNN 1.6M",
    inputs=COLOUR,
    num_parameters=1_626_442,  # 28 × 32 + 289 × 64 + 12,545 × 128 + 129 × 10
    wanted_ratio=1.0,
    build=large_cnn,
)


class CohortRounds:
    """Do rounds through this project's engines, from the weights of `module` on."""

    def __init__(self, samples: Samples, module: nn.Sequential) -> None:
        device = torch.device("cpu")
        model = FlatModel(module, "cross_entropy", device, tail=0)
        self._engines = Engines(model, RankData(samples, device), SGD)
        self.weights = model.initial.double()

    @property
    def engines(self) -> str:
        """The engines that have done jobs so far, each with its reason."""
        return "; ".join(sorted(self._engines.used))

    def round(self, sample_numbers: Sequence[np.ndarray]) -> None:
        """Train one partner for each element, whose rows are its batches, and add the mean of the
        updates.
        """
        start = self.weights.float()
        jobs = [Job(start=start, samples=numbers, state=State()) for numbers in sample_numbers]
        rates = [RATE] * max(len(numbers) for numbers in sample_numbers)
        engine = self._engines.choose(jobs)
        engine.add_updates(jobs, rates, _mean(len(jobs)), self.weights)


def _mean(num_jobs: int) -> Callable[[Sequence[int], torch.Tensor], torch.Tensor]:
    return lambda numbers, norms: torch.full((len(numbers),), 1 / num_jobs)


class InTurn:
    """Do a case's rounds, `cohort` of ten times as many partners each, from `module` on."""

    def __init__(self, case: Case, module: nn.Sequential, cohort: int) -> None:
        self._num_partners = PARTNERS_PER_CHOSEN * cohort
        self._rounds = CohortRounds(case.samples(self._num_partners), module)
        self._cohort = cohort
        self._next = 0

    def run(self, num_rounds: int) -> None:
        """Do the next rounds."""
        for _ in range(num_rounds):
            partners = (self._next + np.arange(self._cohort)) % self._num_partners
            numbers = partners[:, None] * SAMPLES_EACH + np.arange(SAMPLES_EACH)
            self._rounds.round(list(numbers.reshape(-1, NUM_STEPS, BATCH)))
            self._next += self._cohort

    @property
    def engines(self) -> str:
        """The engines that have done jobs so far, each with its reason."""
        return self._rounds.engines

    def weights(self) -> torch.Tensor:
        """Return the weights as one vector, in the order of `module.parameters()`."""
        return self._rounds.weights.float()
