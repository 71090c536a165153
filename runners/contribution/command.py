"""Owns what `python -m runners.contribution` does with one composed config."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from runners.config_file import write_config
from runners.job import EXIT_CONFIG
from runners.options import ConfigError, checked
from runners.perform import Job, prepare
from runners.progress import progress
from runners.record import config_hash

if TYPE_CHECKING:
    from runners.contribution.files import Told
    from runners.contribution.settings import Settings
    from runners.learner.rank_data import RankData


def contribute(config: DictConfig) -> None:
    """Study one composed config in Hydra's output folder."""
    container = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    assert isinstance(container, dict)
    node = {str(key): value for key, value in container.items()}
    try:
        study_in(Path(HydraConfig.get().runtime.output_dir), node)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)


def study_in(folder: Path, node: dict[str, Any]) -> None:
    """Study a config's run in a folder, from the coalitions on that are valued there."""
    from runners.contribution.settings import Settings

    if "contribution" not in node:
        raise ConfigError("contribution must be given, got nothing; conf/contribution.yaml has it")
    settings = checked(Settings, node["contribution"], "contribution")
    config = {key: value for key, value in node.items() if key != "contribution"}
    job = _prepared(folder, config)
    write_config(folder, config)
    with progress.run(f"contributions, seed={job.run.seed}") as on_progress:
        try:
            told = _told(job, settings, on_progress)
        except KeyboardInterrupt:
            print(
                f"what was trained is kept in {folder}; go on with the same command there "
                "(hydra.run.dir=…, of a sweep hydra.sweep.dir=…)",
                file=sys.stderr,
            )
            raise
    _show(folder, told)


def _prepared(folder: Path, config: dict[str, Any]) -> Job:
    from runners.contribution.checks import check_game

    job = prepare(folder, config, time.time())
    check_game(job.run)
    return job


def _told(job: Job, settings: "Settings", on_progress: Any) -> "Told":
    from runners.contribution.federation import Federation
    from runners.contribution.files import Told
    from runners.contribution.kept_values import KeptValues
    from runners.contribution.study import study

    partners = tuple(partner.name for partner in job.setting.consortium.partners)
    try:
        kept = KeptValues(job.folder, config_hash(job.config))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    federation = Federation(job, samples_of_run(job, settings.device))
    malicious = job.run.attack.malicious(len(partners), job.run.seed)
    return Told(
        study=study(federation, kept, settings, on_progress),
        settings=settings,
        config=dict(job.config),
        partners=partners,
        num_samples=job.setting.workload.num_samples,
        malicious=tuple(partners[one] for one in malicious),
    )


def samples_of_run(job: Job, device: str) -> "RankData":
    """Return the samples as the run's partners train on them: with the labels that privacy lets
    them tell, and what an attack makes of them.
    """
    from dataclasses import replace

    import torch

    from runners.folds import samples_of
    from runners.learner.rank_data import RankData
    from runners.task.supervised import Supervised

    run = job.run
    assert isinstance(run.task, Supervised), "check_game lets no other task pass"
    samples, data = samples_of(run.task, run.training), run.task.data
    told = run.privacy.labels(samples.train_targets, data, run.seed)
    samples = replace(samples, train_targets=told)
    samples = run.attack.poison(samples, data, job.assignment, run.seed)
    chosen = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    return RankData(samples, torch.device(chosen))


def _show(folder: Path, told: "Told") -> None:
    """Write the files, and print the tables."""
    from rich.console import Console

    from runners.contribution.files import write_files
    from runners.contribution.picture import NAME, write_picture
    from runners.contribution.tables import methods_table, partners_table, payouts_table
    from runners.report.files import write_text
    from runners.report.markdown import section
    from runners.report.table import print_table

    tables = (partners_table(told), payouts_table(told), methods_table(told))
    write_files(folder, told)
    write_picture(folder, told)
    parts = ["# Contributions", *map(section, tables), f"![Contributions and payouts]({NAME})"]
    write_text(folder / "report.md", "\n\n".join(parts) + "\n")
    for table in tables:
        print_table(Console(), table)
    print(f"Report: {folder / 'report.md'}")
