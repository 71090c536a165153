"""Owns one run from checked parts to files; the parent process does it for `learner=none` and
`learner=curve`, every rank for `learner=horovod`.

All ranks simulate and learn; rank 0 writes.
"""

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.build import Run, assemble, build, sampling_of
from runners.fairness.participation import CountingLearner, jain_index
from runners.record import SCHEMA_VERSION, config_hash, describe, write_record, write_table
from runners.transport.logs import access_of
from runners.virtual_learner import virtual_learner
from sim.learner import Learner
from sim.outcome import Outcome
from sim.setting import Setting
from sim.world import World

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks
    from runners.learner.rank_learner import RankLearner
    from runners.partition import Assignment

OnProgress = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Job:
    """Hold a run that is ready to go: where it writes, its config, and its checked parts."""

    folder: Path
    config: Mapping[str, Any]
    run: Run
    setting: Setting
    assignment: "Assignment"
    submitted_at: float

    @property
    def budget_samples(self) -> float:
        """The samples that all partners together train on."""
        return self.run.budget.num_epochs * self.setting.workload.total_samples


def prepare(folder: Path, config: Mapping[str, Any], submitted_at: float) -> Job:
    """Return the job of a resolved config; raises ConfigError where it can't be run."""
    run = build(config)
    setting, assignment = assemble(run)
    return Job(
        folder=folder,
        config=config,
        run=run,
        setting=setting,
        assignment=assignment,
        submitted_at=submitted_at,
    )


def simulate(job: Job, on_progress: OnProgress) -> None:
    """Run a job without training, and write its files."""
    counting = _counting(job, virtual_learner(job.run, job.assignment, job.setting.workload))
    with without_garbage_collector():
        outcome, total_wall_s = _timed(job, counting, on_progress)
    wall = _wall(num_ranks=0, total_wall_s=total_wall_s)
    _write(job, outcome, counting.num_times, wall=wall, metrics=_told_by_curve(outcome))


def _told_by_curve(outcome: Outcome) -> dict[str, Any] | None:
    """Return a record's `metrics` as far as a learning curve has any; None where nothing is
    learned. Other figures, and those of single partners, need predictions.
    """
    told = [one.evaluation for one in outcome.rounds if one.evaluation is not None]
    if not told:
        return None
    return {"overall": {"loss": told[-1].loss, "accuracy": told[-1].accuracy}}


def train(
    job: Job,
    ranks: "Ranks",
    learner: "RankLearner",
    on_progress: OnProgress,
    anonymised: Mapping[str, Any] | None,
) -> None:
    """Run a job on this rank, with all other ranks, from its checkpoint on if it has one; rank 0
    writes the files, with the figures of how the learner's data were anonymised.
    """
    from runners.final_metrics import final_metrics
    from runners.learner.checkpoint import Checkpoints
    from runners.learner.replay import ReplayingLearner
    from runners.learner.saved_models import save_models

    code_and_config = f"{SCHEMA_VERSION}-{config_hash(job.config)}"
    checkpoints = Checkpoints(job.folder, code_and_config, ranks)
    replaying = ReplayingLearner(learner, checkpoints)
    counting = _counting(job, replaying)
    outcome, _ = _timed(job, counting, on_progress)
    history = replaying.history()
    # Ranks train side by side, and in some modes one trains alone: the busiest tells the time.
    phases = max(
        ranks.gather(learner.stopwatch.phases(), "phases"), key=lambda one: one.train_wall_s
    )
    wall = _wall(num_ranks=ranks.size, total_wall_s=history.total_wall_s) | {
        "start_wall_s": None if history.num_resumes else phases.first_train_at - job.submitted_at,
        "warm_up_wall_s": phases.warm_up_wall_s,
        "train_wall_s": phases.train_wall_s,
        "communicate_wall_s": phases.communicate_wall_s,
        "evaluate_wall_s": phases.evaluate_wall_s,
        "checkpoint_wall_s": phases.checkpoint_wall_s,
        "samples_per_wall_s": outcome.rounds[-1].num_samples
        / (history.total_wall_s - phases.evaluate_wall_s - phases.checkpoint_wall_s),
        "num_resumes": history.num_resumes,
        "engines": learner.training.engine_names(),
    }
    metrics = final_metrics(job, ranks, learner, outcome)
    save_models(job.folder, ranks, learner, outcome.models)
    _write(
        job,
        outcome,
        counting.num_times,
        wall=wall,
        metrics=metrics,
        learner=learner,
        anonymised=anonymised,
        writes=ranks.rank == 0,
    )
    checkpoints.drop()


def _counting(job: Job, learner: Learner) -> CountingLearner:
    return CountingLearner(learner, len(job.setting.consortium.partners))


def _timed(job: Job, learner: Learner, on_progress: OnProgress) -> tuple[Outcome, float]:
    started = time.perf_counter()
    outcome = World(job.setting, learner, on_progress).run()
    return outcome, time.perf_counter() - started


def _wall(*, num_ranks: int, total_wall_s: float) -> dict[str, Any]:
    """Return a record's `wall` part with what every learner has; the rest is None, not zero."""
    measured = ("start", "warm_up", "train", "communicate", "evaluate", "checkpoint")
    return {
        "num_ranks": num_ranks,
        "total_wall_s": total_wall_s,
        **{f"{name}_wall_s": None for name in measured},
        "samples_per_wall_s": None,
        "num_resumes": 0,
        "engines": [],
    }


def _write(
    job: Job,
    outcome: Outcome,
    num_times: Sequence[int],
    *,
    wall: Mapping[str, Any],
    metrics: Mapping[str, Any] | None,
    learner: "RankLearner | None" = None,
    anonymised: Mapping[str, Any] | None = None,
    writes: bool = True,
) -> None:
    from runners.tables import rounds_table, spans_table, virtual_summary, write_timeline

    rounds = rounds_table(
        outcome
    )  # asks the other ranks for losses, so it comes before rank 0 goes on alone
    if not writes:
        return
    record = describe(job.config, "finished") | {
        "virtual": virtual_summary(
            outcome,
            rounds,
            num_partners=len(job.setting.consortium.partners),
            target_accuracy=job.run.budget.target_accuracy,
            tariff=job.run.tariff,
        )
        | {"participation_jain": jain_index(num_times)},
        "wall": wall,
        "privacy": privacy_summary(job, outcome, learner, anonymised),
        "metrics": metrics,
        "access": access_of(job.folder, job.config),
    }
    write_table(job.folder / "rounds.parquet", rounds)
    write_table(job.folder / "trace.parquet", spans_table(outcome.spans))
    write_timeline(job.folder / "timeline.json", outcome.spans, record["names"]["mode"])
    write_record(job.folder, record)


def privacy_summary(
    job: Job,
    outcome: Outcome,
    learner: "RankLearner | None",
    anonymised: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a record's `privacy` part: how partners were drawn, as far as a guarantee rests on it,
    how many merges there were, what is guaranteed after them and of data that moved, what secure
    sums cut off, and figures of how data were anonymised.
    """
    chain, ledger = job.run.privacy, learner.training.ledger if learner else None
    sampling = sampling_of(job.run, len(job.setting.consortium.partners))
    num_merges = sum(len(one.feedback) for one in outcome.rounds)
    guarantees = chain.guarantees(sampling, num_merges, ledger)
    of_data = job.run.anonymisation.guarantee()
    guarantees = [*guarantees, *([of_data] if of_data else [])]
    return {
        "sampling": vars(sampling),
        "num_merges": num_merges,
        "guarantees": [vars(guarantee) for guarantee in guarantees],
        "num_clipped": chain.num_clipped(learner.merging.memories) if learner else None,
        "anonymisation": anonymised,
    }


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Let reference counts free the events: a simulation has no cycles, and
    looking for them in vain takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
