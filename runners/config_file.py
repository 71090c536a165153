"""Owns what a run folder has before its record: config.yaml, the resolved config as any rank or
reader finds it, and the name of the folder of its checkpoint.
"""

from pathlib import Path
from typing import Any

import yaml

from runners.record import Config, write_atomically

NAME = "config.yaml"
CHECKPOINT = "checkpoint"


def write_config(folder: Path, config: Config) -> None:
    """Write the resolved config."""
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    write_atomically(folder / NAME, lambda path: path.write_text(text, encoding="utf-8"))


def read_config(folder: Path) -> dict[str, Any]:
    """Return the resolved config."""
    return yaml.safe_load((folder / NAME).read_text(encoding="utf-8"))


def has_checkpoint(folder: Path) -> bool:
    """Whether a run was interrupted after it had taken a checkpoint."""
    return (folder / CHECKPOINT / "latest").is_file()
