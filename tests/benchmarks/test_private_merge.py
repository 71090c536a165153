"""What hiding single partners costs in a merge: updates clipped by the norms that engine `low_rank`
knows, and Gaussian noise on their mean, against the plain merge of the same partners.

    make benchmarks ARGS="-k private_merge"

Both merge by the code that runs use, on one core, in turns: 100 partners of 1,000 a round, each 6
steps of 10 random samples through the 2NN. The clipping norm is below all updates' norms.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from runners.aggregation.mean import Mean
from runners.attack.none import Honest
from runners.data import Samples
from runners.learner.local_training import LocalTraining
from runners.learner.merging import Cohort, Merging
from runners.learner.rank_data import RankData
from runners.learner.version import Version
from runners.model.mlp import Mlp
from runners.partition import Assignment, Index
from runners.privacy import Mechanism
from runners.privacy.chain import Chain
from runners.privacy.clip import Clip
from runners.privacy.dp_central import DpCentral
from runners.privacy.none import Plain
from runners.stopwatch import Stopwatch
from runners.task.supervised import Supervised
from sim.learner import PLAIN, Work
from tests.benchmarks.cohort_case import (
    BATCH,
    COHORT,
    GREY,
    NUM_CLASSES,
    NUM_PARTNERS,
    NUM_STEPS,
    RATE,
    SAMPLES_EACH,
    SGD,
    random_samples,
)
from tests.runners.learner.one_rank import CPU, RECIPE, OneRank

CLIPPING_NORM = 0.1
PRIVATE = (
    Clip(clipping_norm=CLIPPING_NORM, numbers_per_s=1e9),
    DpCentral(
        noise_multiplier=1.0,
        epsilon=None,
        delta=1e-5,
        noise_source="system",
        numbers_per_s=1e8,
    ),
)
"""Partner-level privacy: a clip, and noise at the proxy."""
NUM_PAIRS = 31


@dataclass(frozen=True, kw_only=True)
class RandomImages:
    """The random samples of `num_partners`."""

    num_partners: int
    inputs: ClassVar[tuple[int, ...]] = GREY
    vocabulary: ClassVar[None] = None
    target: ClassVar[str] = "class"
    num_classes: ClassVar[int] = NUM_CLASSES
    num_values: ClassVar[int] = 0
    sample_bytes: ClassVar[int] = 3_137

    def index(self) -> Index:
        """Return no labels: each partner holds the next samples."""
        raise AssertionError("nothing is divided here")

    def samples(self) -> Samples:
        """Return the same ones each time."""
        return random_samples(GREY, self.num_partners * SAMPLES_EACH)


class Merges:
    """Merge one cohort after the other, each from the initial weights."""

    def __init__(self, num_partners: int, mechanisms: tuple[Mechanism, ...]) -> None:
        held = np.arange(num_partners * SAMPLES_EACH).reshape(num_partners, SAMPLES_EACH)
        self._num_partners = num_partners
        self.training = _training(num_partners, held)
        self._merging = Merging(
            ranks=OneRank(),
            training=self.training,
            privacy=Chain(mechanisms),
            aggregation=Mean(),
            attack=Honest(),
            stopwatch=Stopwatch(CPU),
            seed=0,
            secret=0,
        )
        self.initial = Version(version=0, owner=None, vector=self.training.model.initial)

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next cohort's merged update, and its partners' norms."""
        first = self._merging.num_merges * COHORT
        partners = [(first + number) % self._num_partners for number in range(COHORT)]
        update = self._merging.begin(
            Cohort(
                works=[_work(partner, self.initial) for partner in partners],
                weights=[1 / COHORT] * COHORT,
                rates=[RATE] * NUM_STEPS,
                wire_bytes_per_parameter=None,
                control=None,
                teachers=None,
            )
        )()
        return update.vector, update.norms[partners]


def _training(num_partners: int, held: np.ndarray) -> LocalTraining:
    task = Supervised(
        name="random_2nn",
        data=RandomImages(num_partners=num_partners),
        model=Mlp(hidden_units=(200, 200), batch_norm=False, dropout=0.0),
        loss="cross_entropy",
        batch_size=BATCH,
        optimizer=SGD,
    )
    return LocalTraining(
        task=task,
        training=RECIPE,
        data=RankData(task.data.samples(), CPU),
        assignment=Assignment(train=tuple(held), test=()),
        seed=0,
    )


def _work(partner: int, start: Version) -> Work:
    return Work(
        partner=partner, start=start, num_steps=NUM_STEPS, data_of=(partner,), part=None, rule=PLAIN
    )


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def wall_s(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_private_merge(benchmark, one_thread) -> None:
    """The benchmark's time is that of a private merge; the ratio is in the extra info."""
    num_partners = COHORT if benchmark.disabled else NUM_PARTNERS
    plain, private = Merges(num_partners, (Plain(),)), Merges(num_partners, PRIVATE)
    plain.next()
    update, norms = private.next()
    assert norms.min() > CLIPPING_NORM, "nothing would be clipped"
    # noise of 1.0 · 0.1 on the sum of 100; the mean of clipped updates is below 0.1 in all
    assert float(update.std()) == pytest.approx(CLIPPING_NORM / COHORT, rel=0.05)

    plain_wall_s, private_wall_s = [], []
    benchmark.pedantic(
        lambda: private_wall_s.append(wall_s(private.next)),
        setup=lambda: plain_wall_s.append(wall_s(plain.next)),
        rounds=1 if benchmark.disabled else NUM_PAIRS,
    )
    ratios = [mine / its for mine, its in zip(private_wall_s, plain_wall_s, strict=True)]
    benchmark.extra_info["ratio_to_plain"] = statistics.median(ratios)
    benchmark.extra_info["wanted_ratio"] = 1.1
    benchmark.extra_info["plain_merge_wall_s"] = statistics.median(plain_wall_s)
    (engine,) = private.training.engine_names()
    benchmark.extra_info["engine"] = engine
    assert engine.startswith("low_rank")
