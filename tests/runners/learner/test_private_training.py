"""Steps of shared and owned models hide examples: clipped where they are, noise once for the step,
the same on any number of ranks, and all of it on the ledger.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from runners.example_rule import ExampleRule
from runners.learner.example_batches import Taken
from runners.learner.local_training import LocalTraining
from runners.learner.owned_steps import OwnedSteps
from runners.learner.private_gradient import PrivateGradient
from runners.learner.rank_data import RankData
from runners.learner.rates import Rates
from runners.learner.shared_step import SharedStep
from runners.learner.under_way import UnderWay
from runners.learner.version import Version
from runners.partition import Assignment
from runners.stopwatch import Stopwatch
from runners.task.supervised import Supervised
from sim.learner import Stages, Work
from tests.runners.learner.one_rank import CPU, RECIPE, Little, OneRank, mlp, sgd
from tests.runners.learner.ranks_in_threads import ThreadRank, on_ranks

HELD = (12, 8, 4)  # of batches of 4
RULE = ExampleRule(clipping_norm=0.3, noise_multiplier=1.2, sampling="poisson")
SILENT = ExampleRule(clipping_norm=0.3, noise_multiplier=0.0, sampling="shuffled")
NOTHING = ExampleRule(clipping_norm=math.inf, noise_multiplier=0.0, sampling="shuffled")


def training(
    *,
    example_rule: ExampleRule | None = None,
    model: Any = None,
    held: tuple[int, ...] = HELD,
) -> LocalTraining:
    """Return what computes on little data; partner k holds the next `held[k]` samples; batches of
    4.
    """
    task = Supervised(
        name="little",
        data=Little(),
        model=model or mlp(6),
        loss="cross_entropy",
        batch_size=4,
        optimizer=sgd(),
    )
    parts = np.split(np.arange(sum(held)), np.cumsum(held)[:-1])
    return LocalTraining(
        task=task,
        training=RECIPE,
        data=RankData(task.samples(), CPU),
        assignment=Assignment(train=tuple(parts), test=()),
        seed=0,
        example_rule=example_rule,
    )


class SummingRank:
    """A rank in a thread that can add up."""

    device = CPU

    def __init__(self, rank: ThreadRank) -> None:
        self.rank, self.size = rank.rank, rank.size
        self._exchange = rank.exchange

    def start_sum(self, tensor: torch.Tensor, name: str) -> Callable[[], None]:
        received = self._exchange([tensor] * self.size, [tensor.shape] * self.size)
        total = torch.stack(received).sum(dim=0)

        def wait() -> None:
            tensor.copy_(total)

        return wait


def learner(ranks: Any, mine: LocalTraining) -> tuple[SharedStep, OwnedSteps]:
    rates = Rates(RECIPE, mine.task.optimizer.learning_rate, 1000)
    both = ranks, mine, rates, Stopwatch(CPU)
    return SharedStep(*both, UnderWay()), OwnedSteps(*both)


def works(start: Version, partners: tuple[int, ...] = (0, 1, 2)) -> list[Work]:
    return [Work(partner=n, start=start, num_steps=1, data_of=(n,)) for n in partners]


def steps(
    ranks: Any, mine: LocalTraining, num_steps: int, stages: Stages | None = None
) -> tuple[torch.Tensor, list[float]]:
    """Return the weights after steps that all partners take together, and the last losses."""
    shared, _ = learner(ranks, mine)
    version = Version(version=0, owner=None, vector=mine.model.initial)
    for _ in range(num_steps):
        merged = shared.begin(version, works(version), stages)
        losses = [one.train_loss for one in merged.feedback()]
        version = merged.model
    return version.weights(), losses


@pytest.mark.parametrize("num_ranks", [2, 3])
@pytest.mark.parametrize("sampling", ["poisson", "shuffled"])
def test_any_number_of_ranks_learns_the_same(num_ranks: int, sampling: str) -> None:
    rule = ExampleRule(clipping_norm=0.3, noise_multiplier=1.2, sampling=sampling)
    alone, losses = steps(OneRank(), training(example_rule=rule), 5)
    trainings = [training(example_rule=rule) for _ in range(num_ranks)]
    for weights, its_losses in on_ranks(
        num_ranks, lambda rank: steps(SummingRank(rank), trainings[rank.rank], 5)
    ):
        torch.testing.assert_close(weights, alone, rtol=1e-5, atol=1e-6)
        assert its_losses == pytest.approx(losses, rel=1e-5)
    for mine in trainings:
        assert mine.ledger is not None and mine.ledger.state() == {
            # weights 12/24, 8/24, 4/24 over batches of 4: the first one's weighs most
            "num_steps": {((0,), 1.2): 5, ((1,), 1.2 * 1.5): 5, ((2,), 1.2 * 3): 5}
        }


def test_a_rule_that_asks_for_nothing_changes_nothing() -> None:
    """4 batches a pass of 12 divide by 4: nobody is left out."""
    plain, losses = steps(OneRank(), training(), 7)
    ruled, its_losses = steps(OneRank(), training(example_rule=NOTHING), 7)
    torch.testing.assert_close(ruled, plain, rtol=1e-5, atol=1e-6)
    assert its_losses == pytest.approx(losses, rel=1e-5)


def test_a_step_is_the_weighted_clipped_sum() -> None:
    mine, same = (training(example_rule=SILENT) for _ in range(2))
    end, _ = steps(OneRank(), mine, 1)
    model, total = same.model, torch.zeros_like(same.model.gradient)
    start = model.initial.clone()
    version = Version(version=0, owner=None, vector=start)
    same.note_steps(works(version))
    for work, weight in zip(works(version), (12 / 24, 8 / 24, 4 / 24), strict=True):
        job = same.job(work, start, None)
        model.at(start)
        for number in job.samples[0]:
            model.backward(*same.data.batch(number[None]), None)
            norm = float(model.gradient.norm())
            total += weight / 4 * min(1, 0.3 / norm) * model.gradient
    wanted = start - 0.1 * total
    torch.testing.assert_close(end, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("held", [(8, 8, 8), (16, 4, 4)])
def test_noise_is_added_once_for_the_example_that_weighs_most(held: tuple[int, ...]) -> None:
    """Weights 1/3 (2/3) over batches of 4 are 1/12 (1/6); times 1.2 × 0.3, at rate 0.1. What is
    looked at are the biases of a layer to 40,000 classes.
    """
    num_ranks, wide = 2, 40_000
    deviation = 0.1 * 1.2 * 0.3 * max(held) / sum(held) / 4
    ends = []
    for rule in (RULE, ExampleRule(clipping_norm=0.3, noise_multiplier=0.0, sampling="poisson")):
        trainings = [
            training(held=held, example_rule=rule, model=Wide(units=wide)) for _ in range(num_ranks)
        ]
        results = on_ranks(
            num_ranks, lambda rank, its=trainings: steps(SummingRank(rank), its[rank.rank], 1)
        )
        ends.append(results[0][0])
    noise = (ends[0] - ends[1])[-wide:].double()
    assert float(noise.std()) == pytest.approx(deviation, rel=4.5 / math.sqrt(2 * wide) + 0.002)
    assert abs(float(noise.mean())) < 4.5 * deviation / math.sqrt(wide)


class Wide:
    """A linear layer to many classes."""

    def __init__(self, units: int) -> None:
        self._units = units

    def check(self, form: Any) -> None:
        """Allow everything."""

    def hidden_axes(self, form: Any) -> None:
        """Can't be cut."""

    def build(self, form: Any) -> nn.Sequential:
        return nn.Sequential(nn.Flatten(), nn.Linear(4, self._units))


def test_every_step_has_noise_of_its_own() -> None:
    loud = ExampleRule(clipping_norm=1e-6, noise_multiplier=3e5, sampling="poisson")
    start = training().model.initial
    first, second = (steps(OneRank(), training(example_rule=loud), number)[0] for number in (1, 2))
    cosine = torch.nn.functional.cosine_similarity(first - start, second - first, dim=0)
    assert abs(float(cosine)) < 0.5


def test_stages_are_computed_whole() -> None:
    """No rank that has a stage alone could clip; what is learned is the same without stages."""
    stages = Stages(tensors=(range(2), range(2, 4)), num_micro_batches=2)
    alone, _ = steps(OneRank(), training(example_rule=RULE), 2)
    trainings = [training(example_rule=RULE) for _ in range(2)]
    for weights, _ in on_ranks(
        2, lambda rank: steps(SummingRank(rank), trainings[rank.rank], 2, stages)
    ):
        torch.testing.assert_close(weights, alone, rtol=1e-5, atol=1e-6)


def owned_end(mine: LocalTraining, nums: tuple[int, ...]) -> torch.Tensor:
    """Return partner 1's weights after works of so many steps."""
    _, owned = learner(OneRank(), mine)
    version = Version(version=0, owner=1, vector=mine.model.initial)
    for num_steps in nums:
        work = Work(partner=1, start=version, num_steps=num_steps, data_of=(1,))
        version, _ = owned.add(version, work)
    owned.compute()
    return version.weights()


def test_owned_steps_are_private_and_counted() -> None:
    mine, silent = (training(example_rule=rule) for rule in (RULE, SILENT))
    assert not torch.allclose(owned_end(mine, (2, 3)), owned_end(silent, (2, 3)), atol=1e-3)
    assert mine.ledger is not None
    assert mine.ledger.state() == {"num_steps": {((1,), 1.2): 5}}
    assert mine.engine_names() == ["private: example-level privacy, clipped by factors"]


def test_a_resumed_run_goes_on_with_its_own_draws_noise_and_ledger() -> None:
    whole, first, rest = (training(example_rule=RULE) for _ in range(3))
    end = owned_end(whole, (2, 3))
    middle = owned_end(first, (2,))
    rest.restore(first.state(), first.engine_names())
    _, owned = learner(OneRank(), rest)
    version = Version(version=1, owner=1, vector=middle)
    after, _ = owned.add(version, Work(partner=1, start=version, num_steps=3, data_of=(1,)))
    owned.compute()
    torch.testing.assert_close(after.weights(), end)
    assert rest.ledger is not None and whole.ledger is not None
    assert rest.ledger.state() == whole.ledger.state()


def test_every_job_has_a_seed_of_its_own_for_its_noise() -> None:
    mine = training(example_rule=RULE)
    version = Version(version=0, owner=None, vector=mine.model.initial)
    all_works = works(version) * 2
    mine.note_steps(all_works)
    seeds = {mine.job(work, version.weights(), None).seed for work in all_works}
    assert len(seeds) == 6


def test_losses_are_means_over_those_who_take_part() -> None:
    mine = training()
    private = PrivateGradient(mine.model, RULE, 0)
    numbers, taken = np.arange(5), []
    for count in (3, 2):
        row = np.zeros((1, 4), np.int64)
        taken.append(Taken(samples=row, counts=np.array([count]), expected=4))
    inputs, targets = batch = mine.data.batch(numbers)
    losses = private.add(mine.model.initial, batch, taken, [1.0, 1.0])
    mine.model.at(mine.model.initial)
    outputs = mine.model.outputs(inputs)
    each = torch.nn.functional.cross_entropy(outputs, targets, reduction="none")
    assert losses == pytest.approx([float(each[:3].mean()), float(each[3:].mean())])


def test_steps_that_are_not_on_the_ledger_are_not_taken() -> None:
    mine = training(example_rule=RULE)
    version = Version(version=0, owner=None, vector=mine.model.initial)
    (work,) = works(version, (1,))
    mine.note_steps([work])
    mine.job(work, version.weights(), None)
    with pytest.raises(AssertionError, match="note_steps comes before"):
        mine.job(work, version.weights(), None)


def test_distillation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mode\.fusion must not be distillation"):
        training(example_rule=RULE).inputs((0,), 1)


@pytest.mark.parametrize("settings", [{"batch_norm": True}, {"dropout": 0.5}])
def test_models_that_mix_samples_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="batch norm or dropout"):
        training(example_rule=RULE, model=mlp(6, **settings))


def test_a_step_in_which_nobody_takes_part_adds_nothing() -> None:
    mine = training()
    private = PrivateGradient(mine.model, RULE, 0)
    nobody = Taken(samples=np.zeros((1, 1), np.int64), counts=np.array([0]), expected=4)
    mine.model.buffer.zero_()
    batch = mine.data.batch(np.zeros(0, np.int64))
    assert private.add(mine.model.initial, batch, [nobody, nobody], [1.0, 1.0]) == [0.0, 0.0]
    assert not mine.model.buffer.any()
