"""Records have the figures of fairness: of a run that trains, and of one on the virtual clock."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runners.final_metrics import final_metrics
from runners.learner.local_training import LocalTraining
from runners.learner.rank_learner import RankLearner
from runners.learner.rates import Rates
from runners.perform import Job, prepare, simulate
from sim.world import World
from tests.runners.compose import compose
from tests.runners.contribution.studies import samples_of_run
from tests.runners.learner.one_rank import OneRank

TINY = ("learner.num_ranks=1", "budget.num_evaluations=1", "partition=iid")


def metrics_of(*overrides: str) -> tuple[Job, dict[str, Any]]:
    """Return a record's metrics after a tiny training on one rank."""
    job = prepare(Path("unused"), compose(*TINY, *overrides), time.time())
    training = LocalTraining(
        task=job.run.task,
        training=job.run.training,
        data=samples_of_run(job, "cpu"),
        assignment=job.assignment,
        seed=job.run.seed,
    )
    ranks: Any = OneRank()
    learner = RankLearner(
        ranks=ranks,
        training=training,
        rates=Rates(job.run.training, 0.01, job.budget_samples),
        privacy=job.run.privacy,
        aggregation=job.run.aggregation,
        attack=job.run.attack,
        seed=job.run.seed,
    )
    outcome = World(job.setting, learner, lambda fraction: None).run()
    metrics = final_metrics(job, ranks, learner, outcome)
    assert metrics is not None
    return job, metrics


@pytest.mark.parametrize("mode", ["proxy/federated", "solo"])
def test_a_training_on_adult_tells_its_gaps(mode: str) -> None:
    job, metrics = metrics_of("task=adult_mlp", f"mode={mode}", "budget.num_epochs=0.05")
    fairness, partners = metrics["fairness"], metrics["partners"]
    accuracies = [partners[one.name]["accuracy"] for one in job.setting.consortium.partners]
    assert fairness["accuracy_gap"] == pytest.approx(max(accuracies) - min(accuracies))
    assert partners[fairness["worst_partner"]]["accuracy"] == min(accuracies)
    for attribute, num_groups in (("sex", 2), ("race", 5)):
        figures = fairness["attributes"][attribute]
        assert len(figures["groups"]) == num_groups
        # every test sample is in one group, so the groups' right ones are all right ones
        right = sum(one["num_samples"] * one["accuracy"] for one in figures["groups"].values())
        num_samples = sum(one["num_samples"] for one in figures["groups"].values())
        assert right / num_samples == pytest.approx(metrics["overall"]["accuracy"])
        assert 0 < figures["accuracy_gap"] < 1


def test_other_data_have_no_groups() -> None:
    _, metrics = metrics_of("task=digits_mlp", "mode=solo", "budget.num_epochs=0.5")
    assert metrics["fairness"]["attributes"] is None
    assert metrics["fairness"]["accuracy_gap"] > 0


def test_a_simulation_tells_who_took_part(tmp_path: Path) -> None:
    small = ("learner=none", "task=digits_mlp", "mode=proxy/federated", "budget.num_epochs=1")
    config = compose(*small, "agent.num_participants=1")
    simulate(prepare(tmp_path, config, time.time()), lambda fraction: None)
    virtual = json.loads((tmp_path / "record.json").read_text())["virtual"]
    # 1,438 samples, 640 a round of one partner: 3 rounds; of 4 partners at most 3 took part
    assert virtual["participation_jain"] in (1 / 4, pytest.approx(9 / 20), pytest.approx(3 / 4))
