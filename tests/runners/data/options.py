"""Every data option as its YAML describes it."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runners.data import Data
from runners.options import build_option

CONF = Path(__file__).parents[3] / "conf" / "data"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))


def option(name: str, **settings: Any) -> Data:
    """Return an option, some of its settings changed."""
    node = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    assert isinstance(node, dict)
    return build_option("data", node | settings, "task.data")
