"""Owns one rank: it meets the other ranks once, then runs the jobs its parent sends, or the one run
folder it was given.

    horovodrun -np 4 python -m runners.worker <run folder>      with a launcher of your own
"""

import argparse
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.anonymisation.none import Unchanged
from runners.anonymisation.passage import providers_of, release
from runners.config_file import read_config
from runners.learner.horovod import Horovod, Ranks, check_num_ranks
from runners.perform import Job, OnProgress, prepare, train
from runners.record import Failure, write_failure
from runners.task.supervised import Supervised

if TYPE_CHECKING:
    from runners.learner.rank_data import RankData
    from runners.task import Task
    from runners.training import Training
    from runners.transport import Credentials
    from runners.transport.admission import Admissions
    from runners.transport.sealed_ranks import SealedRanks

PROGRESS_INTERVAL_WALL_S = 0.1


def main() -> None:
    """Run as a rank of the launcher that started this process."""
    parser = argparse.ArgumentParser(
        prog="python -m runners.worker", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        help="run folder with the config.yaml that learner.launcher=external wrote",
    )
    parser.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--device", default="auto", help=argparse.SUPPRESS)
    parser.add_argument("--cycle-time-ms", type=float, default=1.0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.parent is not None:
        connection = Connection(arguments.parent)
        _serve(connection, arguments.device, arguments.cycle_time_ms)
    elif arguments.folder is None or not (arguments.folder / "config.yaml").is_file():
        parser.error(
            f"needs a run folder with a config.yaml, got {arguments.folder}; "
            "compose one with `python -m runners.run … learner.launcher=external`"
        )
    else:
        _run_folder(arguments.folder)


def _serve(parent: Connection, device: str, cycle_time_ms: float) -> None:
    """Run jobs until the parent hangs up; whatever goes wrong is told to the parent and ends this
    process.
    """
    try:
        ranks = Ranks(device, cycle_time_ms)
        _warm_up(is_first=ranks.rank == 0)
        parent.send(("ready", None))
        while True:
            folder, submitted_at, credentials = parent.recv()
            on_progress = (
                _throttled(lambda fraction: parent.send(("progress", fraction)))
                if ranks.rank == 0
                else _ignore
            )
            _run(ranks, Path(folder), submitted_at, on_progress, credentials)
            parent.send(("done", None))
    except EOFError:
        os._exit(0)  # the parent is gone; other ranks are told so too, and none waits for this one
    except BaseException:  # noqa: BLE001  whatever it is, the parent must hear of it
        parent.send(("failed", traceback.format_exc()))
        os._exit(1)


def _warm_up(*, is_first: bool) -> None:
    """Load now what would take seconds in the first run."""
    import torch

    if is_first:  # the metrics at a run's end are the first rank's work
        import scipy.stats  # noqa: F401

    # With its first optimizer, torch loads its compiler.
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    # What is loaded now stays; the garbage collector need not look through it again and again.
    gc.freeze()


def _run_folder(folder: Path) -> None:
    """Run one folder's job among ranks that someone else started."""
    from rich.console import Console

    learner = read_config(folder)["learner"]
    ranks = Ranks(learner["device"], learner["cycle_time_ms"])
    console = Console(stderr=True, quiet=ranks.rank != 0)
    try:
        with console.status(f"training on {ranks.size} ranks") as status:
            _run(
                ranks,
                folder,
                time.time(),
                _throttled(lambda f: status.update(f"training on {ranks.size} ranks: {f:.0%}")),
            )
    except Exception as error:  # noqa: BLE001  it is told, put on record, and ends this rank
        if ranks.rank == 0:
            failure = Failure(rank=0, message=str(error), traceback=traceback.format_exc())
            write_failure(folder, read_config(folder), "failed", failure)
        print(f"rank {ranks.rank}: error: {error}", file=sys.stderr)
        sys.exit(1)
    console.print(f"Record: {folder / 'record.json'}")
    ranks.leave()


def _run(
    ranks: Ranks,
    folder: Path,
    submitted_at: float,
    on_progress: OnProgress,
    credentials: "Credentials | None" = None,
) -> None:
    from runners.compression.stage import compressed
    from runners.learner.gated_learner import GatedLearner
    from runners.learner.local_training import LocalTraining
    from runners.learner.rank_learner import RankLearner
    from runners.learner.rates import Rates

    job = prepare(folder, read_config(folder), submitted_at)
    run, assignment = job.run, job.assignment
    check_num_ranks(ranks.size, len(assignment.train))
    data, anonymised = _data_of(job, str(ranks.device))
    new_learner: Callable[..., RankLearner] = RankLearner
    if isinstance(run.learner, Horovod) and run.learner.sealed:
        ranks, admissions = _sealed(ranks, folder, credentials, run.mode.merges_in_one_place)
        new_learner = partial(GatedLearner, admissions=admissions)
    training = LocalTraining(
        task=run.task,
        training=run.training,
        data=data,
        assignment=assignment,
        seed=run.seed,
        example_rule=run.privacy.example_rule,
    )
    learner = new_learner(
        ranks=ranks,
        training=training,
        rates=Rates(run.training, run.task.optimizer.learning_rate, job.budget_samples),
        privacy=compressed(run.privacy, run.compression, training.model.layout),
        aggregation=run.aggregation,
        attack=run.attack,
        seed=run.seed,
    )
    train(job, ranks, learner, on_progress, anonymised)


def _data_of(job: Job, device: str) -> "tuple[RankData, Mapping[str, Any] | None]":
    """Return the samples as the run's partners train on them: those that passed a data proxy as it
    made them, honest ones with the labels that privacy lets them tell, malicious ones with what
    their attack makes of theirs; and figures of anonymisation. Runs that change nothing share them.
    """
    run, assignment = job.run, job.assignment
    is_changed = run.attack.changes_data or run.privacy.changes_labels
    if isinstance(run.anonymisation, Unchanged) and not is_changed:
        return _data(run.task, run.training, device), None
    import torch

    from runners.learner.rank_data import RankData

    assert isinstance(run.task, Supervised), "assemble lets no other task train"
    partners = job.setting.consortium.partners
    providers = providers_of(partners, assignment, run.task, run.training)
    made = release(run.anonymisation, run.task, run.training, providers, run.seed)
    data = run.task.data
    told = run.privacy.labels(made.samples.train_targets, data, run.seed)
    samples = replace(made.samples, train_targets=told)
    poisoned = run.attack.poison(samples, data, assignment, run.seed)
    triggered = run.attack.triggered(poisoned, data)
    return RankData(poisoned, torch.device(device), triggered), made.figures


def _sealed(
    ranks: Ranks, folder: Path, credentials: "Credentials | None", has_proxy: bool
) -> "tuple[SealedRanks, Admissions]":
    """Return the ranks as seen over sealed channels, and who decides on merges; raises ValueError
    where this rank was given no keys, as nothing of a sealed run goes out plainly.
    """
    from runners.transport.admission import Admissions
    from runners.transport.sealed_ranks import joined

    if credentials is None:
        raise ValueError(
            "learner.sealed must be false for ranks that get no keys from the process that starts "
            "them, got true; try python -m runners.run … learner.launcher=own"
        )
    sealed = joined(ranks, credentials)
    return sealed, Admissions(sealed, credentials, folder, has_proxy=has_proxy)


@cache
def _data(task: "Task", training: "Training", device: str) -> "RankData":
    import torch

    from runners.folds import samples_of
    from runners.learner.rank_data import RankData

    return RankData(samples_of(task, training), torch.device(device))


def _throttled(tell: Callable[[float], None]) -> OnProgress:
    """Return a call that passes on at most ten fractions a second."""
    last = 0.0

    def on_progress(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_INTERVAL_WALL_S:
            last = now
            tell(fraction)

    return on_progress


def _ignore(_fraction: float) -> None:
    pass


if __name__ == "__main__":
    main()
