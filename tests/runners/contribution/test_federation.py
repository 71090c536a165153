"""Coalitions train as federated runs do, each as if it were alone."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch

from runners.contribution.federation import Federation, evaluation_of
from runners.learner.local_training import LocalTraining
from runners.learner.rank_learner import RankLearner
from runners.learner.rates import Rates
from sim.learner import Evaluation
from sim.world import World
from tests.runners.contribution.studies import FLIPPED, federation, job_of, samples_of_run
from tests.runners.learner.one_rank import OneRank

SERVER = ("mode.server.optimizer=momentum", "mode.server.learning_rate=0.5")
EPOCHS = ("mode.local_steps=null", "mode.local_epochs=0.3", "partition=iid")
PROXIMAL = ("mode.algorithm=fedprox", "mode.proximal_weight=0.5", "training.schedule=cosine")


def run(*overrides: str) -> tuple[Evaluation, int]:
    """Return how the run itself ends, of everyone, and its rounds."""
    job = job_of(*overrides)
    training = LocalTraining(
        task=job.run.task,
        training=job.run.training,
        data=samples_of_run(job, "cpu"),
        assignment=job.assignment,
        seed=job.run.seed,
    )
    learning_rate = job.run.task.optimizer.learning_rate
    learner = RankLearner(
        ranks=OneRank(),
        training=training,
        rates=Rates(job.run.training, learning_rate, job.budget_samples),
        privacy=job.run.privacy,
        aggregation=job.run.aggregation,
        attack=job.run.attack,
        seed=job.run.seed,
    )
    outcome = World(job.setting, learner, lambda fraction: None).run()
    evaluation = learner.evaluate(outcome.models)
    assert evaluation is not None
    return evaluation, len(outcome.rounds) - 1


def losses(found: Federation, coalitions: Sequence[int]) -> list[float]:
    return [one.loss for one in found.evaluate(coalitions)]


@pytest.mark.parametrize("overrides", [(), SERVER, EPOCHS, PROXIMAL, FLIPPED])
def test_everyone_together_is_the_run_itself(overrides: tuple[str, ...]) -> None:
    expected, num_rounds = run(*overrides)
    found = federation(*overrides)
    (evaluation,) = found.evaluate([0b111])
    assert found.num_rounds == num_rounds > 2
    assert evaluation.loss == pytest.approx(expected.loss, rel=1e-5)
    assert evaluation.accuracy == pytest.approx(expected.accuracy, abs=1 / 359 + 1e-9)


def test_what_is_trained_beside_a_coalition_makes_no_difference() -> None:
    found = federation()
    together = losses(found, range(8))
    assert together == pytest.approx([losses(found, [one])[0] for one in range(8)], rel=1e-5)
    assert len({round(loss, 6) for loss in together}) == 8


def test_nobody_has_the_untrained_model() -> None:
    found = federation()
    assert found.evaluate([0]) == federation("seed=0", *FLIPPED).evaluate([0])
    first = next(found.rounds_of_all()).before
    assert found.evaluate([0]) == [evaluation_of(found.testing(), first)]


def test_who_is_alone_is_not_changed_by_what_others_hold() -> None:
    honest, flipped = federation(), federation(*FLIPPED)
    assert losses(honest, [0b011]) == losses(flipped, [0b011])
    assert losses(honest, [0b100])[0] < losses(flipped, [0b100])[0]


def test_rounds_of_all_lead_from_the_first_model_to_the_last() -> None:
    found = federation()
    rounds = list(found.rounds_of_all())
    assert len(rounds) == found.num_rounds
    for one, following in pairwise(rounds):
        assert one.after is following.before
    for one in rounds:
        merged = torch.tensor(one.weights, dtype=torch.float64) @ one.updates.double()
        assert one.after == pytest.approx((one.before + merged).to(torch.float32), abs=1e-6)
        assert sum(one.weights) == pytest.approx(1)
