"""The sweep of mechanisms: each has a file, fits, and changes nothing but what protects updates."""

from typing import Any

import pytest
from omegaconf import OmegaConf

from runners.build import assemble, build
from runners.job import CONF
from tests.runners.compose import compose

EXPERIMENT = CONF / "experiment" / "privacy_cost.yaml"
FILES = sorted(path.stem for path in EXPERIMENT.with_suffix("").glob("*.yaml"))
PROTECTS = ("privacy", "compression")


def composed(name: str) -> dict[str, Any]:
    return compose("+experiment=privacy_cost", f"+experiment/privacy_cost={name}")


def test_the_sweep_has_every_file_once() -> None:
    sweep = OmegaConf.load(EXPERIMENT).hydra.sweeper.params
    named = [one.strip() for one in sweep["+experiment/privacy_cost"].split(",")]
    assert sorted(named) == FILES
    assert named[0] == "none"
    assert sweep.seed == "0,1,2,3,4"


@pytest.mark.parametrize("name", FILES)
def test_a_mechanism_fits_and_only_it_differs(name: str) -> None:
    config, plain = composed(name), composed("none")
    assert assemble(build(config))
    others = {key: value for key, value in config.items() if key not in PROTECTS}
    assert others == {key: value for key, value in plain.items() if key not in PROTECTS}
    assert name == "none" or any(config[key] != plain[key] for key in PROTECTS)
