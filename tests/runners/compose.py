"""Composed configs for tests, as the command line would compose them."""

from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from runners.job import CONF


def compose(*overrides: str) -> dict[str, Any]:
    """Return the resolved config of `python -m runners.run <overrides>`."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = OmegaConf.to_container(hydra_compose("run", list(overrides)), resolve=True)
    assert isinstance(config, dict)
    return {str(key): value for key, value in config.items()}
