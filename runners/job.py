"""Owns what all commands (`run`, `compare`, `simulate`) do with one composed config, and how errors
reach the person who typed it.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from runners.config_file import has_checkpoint, write_config
from runners.launch import RankFailure, fleet, stop_all
from runners.learner.horovod import Horovod
from runners.options import ConfigError, option_name
from runners.perform import Job, prepare, simulate
from runners.progress import progress
from runners.record import Failure, write_failure
from runners.report.units import format_value
from sim.ledger import NoProgress

if TYPE_CHECKING:
    from runners.transport import Credentials

CONF = Path(__file__).parents[1] / "conf"
EXIT_FAILED = 1
EXIT_CONFIG = 2
EXIT_INTERRUPTED = 130


def command(config_name: str, conclude: Callable[[Job], None] | None = None) -> Callable[[], None]:
    """Return the main function of a command that runs what `conf/<config_name>.yaml` describes.

    `conclude` prints what a single run came to, in place of the usual summary.
    """
    return main_of(config_name, lambda config: run_composed(config, conclude or print_summary))


def main_of(config_name: str, act: Callable[[DictConfig], None]) -> Callable[[], None]:
    """Return a main function that composes `conf/<config_name>.yaml` and tells mistakes in a
    sentence.
    """

    def main() -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as gentle an end as Ctrl-C
        os.environ["HYDRA_FULL_ERROR"] = (
            "1"  # errors come here instead of being printed with half a traceback
        )
        try:
            hydra.main(version_base="1.3", config_path=str(CONF), config_name=config_name)(act)()
        except KeyboardInterrupt:
            _leave("interrupted; runs that had finished are whole", EXIT_INTERRUPTED)
        except MissingConfigException as error:
            _leave(f"error: {_explain_missing(error)}", EXIT_CONFIG)
        except (HydraException, OmegaConfBaseException, ConfigError) as error:
            _leave(f"error: {error}", EXIT_CONFIG)
        except OSError as error:
            _leave(
                f"error: {error}; is the results folder writable? try another: hydra.run.dir=…",
                EXIT_FAILED,
            )

    return main


def run_composed(config: DictConfig, conclude: Callable[[Job], None]) -> None:
    """Run one composed config in Hydra's output folder; a failure ends a single run, and is one row
    of a sweep.
    """
    container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    resolved = {str(key): value for key, value in container.items()}
    folder = Path(HydraConfig.get().runtime.output_dir)
    is_sweep = HydraConfig.get().mode is RunMode.MULTIRUN
    status = run_in(folder, resolved, None if is_sweep else conclude)
    if status and not is_sweep:
        sys.exit(status)


def run_in(folder: Path, config: dict[str, Any], conclude: Callable[[Job], None] | None) -> int:
    """Run a resolved config in a folder, from its checkpoint on if it has one; return the exit
    status. A failure is put on record.
    """
    try:
        _run(folder, config, conclude)
        return 0
    except (ConfigError, RankFailure, NoProgress) as error:
        rank, trace = (
            (error.rank, error.traceback) if isinstance(error, RankFailure) else (None, None)
        )
        stop_all()
        write_failure(
            folder, config, "failed", Failure(rank=rank, message=str(error), traceback=trace)
        )
        if trace:
            print(trace, file=sys.stderr)
        print(f"error: {error}", file=sys.stderr)
        return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED
    except BaseException as error:
        stop_all()
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        write_failure(
            folder,
            config,
            status,
            Failure(rank=None, message=repr(error), traceback=traceback.format_exc()),
        )
        if has_checkpoint(folder):
            print(f"Go on with: python -m runners.resume {folder}", file=sys.stderr)
        raise


def _run(folder: Path, config: dict[str, Any], conclude: Callable[[Job], None] | None) -> None:
    job = prepare(folder, config, time.time())
    run = job.run
    write_config(folder, config)
    if isinstance(run.learner, Horovod) and run.learner.launcher == "external":
        print(
            f"Composed. Run it with: horovodrun -np {run.learner.num_ranks} "
            f"python -m runners.worker {folder}"
        )
        return
    label = f"{option_name('mode', config['mode'])} seed={run.seed}"
    with progress.run(label) as on_progress:
        if isinstance(run.learner, Horovod):
            fleet(run.learner).run(folder, on_progress, credentials_of(job))
        else:
            simulate(job, on_progress)
    if conclude is not None:
        conclude(job)


def credentials_of(job: Job) -> "list[Credentials] | None":
    """Return new keys and tokens for a run whose messages are sealed; None for another."""
    learner = job.run.learner
    if not isinstance(learner, Horovod) or not learner.sealed:
        return None
    from runners.transport.session import new_credentials

    partners = [partner.name for partner in job.setting.consortium.partners]
    return new_credentials(learner.num_ranks, partners, learner.roles or {})


def print_summary(job: Job) -> None:
    """Print what a single run came to, and where its record is."""
    record = json.loads((job.folder / "record.json").read_text())
    virtual, metrics = record["virtual"], record["metrics"]
    rate = virtual["samples_per_sim_s"]
    print(
        f"{record['names']['mode']}: {format_value(virtual['total_sim_s'], 'seconds')} of virtual "
        f"time, {'no throughput' if rate is None else format_value(rate, 'samples_per_s')}, "
        f"{format_value(virtual['num_bytes'], 'bytes')} moved"
    )
    if metrics:
        reached = virtual["time_to_target_sim_s"]
        when = "missed" if reached is None else f"reached after {format_value(reached, 'seconds')}"
        accuracy = metrics["overall"]["accuracy"]
        print(
            f"accuracy {'unknown' if accuracy is None else f'{accuracy:.4f}'} on what is held out; "
            f"target {virtual['target_accuracy']:g} {when}"
        )
    print(f"Record: {job.folder / 'record.json'}")


def _explain_missing(error: MissingConfigException) -> str:
    """Return Hydra's message about an unknown option, with the options of all folders below its
    group.
    """
    group = str(error.missing_cfg_file).split("/")[0]
    options = sorted(
        str(path.relative_to(CONF / group).with_suffix(""))
        for path in (CONF / group).rglob("*.yaml")
    )
    if not options:
        return str(error)
    choices = ", ".join(f"{group}={option}" for option in options)
    return f"{error.missing_cfg_file} is no option; try one of {choices}"


def _leave(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)
