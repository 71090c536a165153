"""Small runs as games."""

import time
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runners.contribution.command import samples_of_run
from runners.contribution.federation import Federation
from runners.job import CONF
from runners.perform import Job, prepare
from tests.runners.compose import compose

DIGITS = (
    *("mode=proxy/federated", "mode.local_steps=3", "task=digits_mlp", "learner.num_ranks=1"),
    *("scenario=uniform", "scenario.num_partners=3", "budget.num_epochs=1"),
)
FLIPPED = ("attack=label_flip", "attack.fraction=null", "attack.partners=[2]")


def node_of(*overrides: str, **settings: Any) -> dict[str, Any]:
    """Return a config as the command composes it."""
    shipped = OmegaConf.load(CONF / "contribution.yaml").contribution
    changed = OmegaConf.merge(shipped, {"device": "cpu", "max_orders": 16} | settings)
    return compose(*DIGITS, *overrides) | {"contribution": OmegaConf.to_container(changed)}


def job_of(*overrides: str, folder: Path = Path("unused")) -> Job:
    """Return a small run."""
    return prepare(folder, compose(*DIGITS, *overrides), time.time())


def federation(*overrides: str) -> Federation:
    """Return a small run's partners."""
    job = job_of(*overrides)
    return Federation(job, samples_of_run(job, "cpu"))
