"""Attacks as conf/ describes them, with some settings changed."""

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from runners.attack import Attack
from runners.options import build_option

CONF = Path(__file__).parents[3] / "conf"
NAMES = sorted(path.stem for path in (CONF / "attack").glob("*.yaml"))
OWN = ("backdoor", "free_rider", "gaussian_noise", "sign_flip")
"""Those that change a partner's update by itself."""
OMNISCIENT = ("alie", "ipm", "min_max")
DATA = ("backdoor", "label_flip")


def attack(name: str, **settings: Any) -> Attack:
    """Return the option of this name."""
    node = OmegaConf.to_container(OmegaConf.load(CONF / "attack" / f"{name}.yaml"))
    assert isinstance(node, dict)
    built = build_option("attack", {str(key): value for key, value in node.items()} | settings)
    assert isinstance(built, Attack)
    return built
