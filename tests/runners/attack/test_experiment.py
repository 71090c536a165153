"""The experiment `robustness` has all attacks and rules, and partners enough for each of them."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runners.options import build_option
from tests.runners.attack.options import CONF, NAMES, attack
from tests.runners.compose import compose

PATH = CONF / "experiment" / "robustness.yaml"
NUM_PARTNERS = 12


def swept(group: str) -> list[str]:
    return OmegaConf.load(PATH).hydra.sweeper.params[group].split(",")


def rules() -> list[Path]:
    return sorted((CONF / "aggregation").glob("*.yaml"))


def test_it_composes() -> None:
    config = compose("+experiment=robustness")
    assert config["scenario"]["num_partners"] == NUM_PARTNERS
    assert config["mode"]["_target_"].startswith("sim.mode.proxy.federated.")
    assert config["task"]["name"] == "digits_mlp"


def test_every_attack_is_in_it() -> None:
    assert sorted(swept("attack")) == NAMES


def test_every_rule_is_in_it_or_has_its_command() -> None:
    commands = "aggregation=krum aggregation.num_byzantine=3"
    assert commands in PATH.read_text()
    assert sorted([*swept("aggregation"), "krum"]) == [path.stem for path in rules()]


@pytest.mark.parametrize("path", rules(), ids=lambda path: path.stem)
def test_partners_suffice_for_the_rules(path: Path) -> None:
    """Krum needs 2 · 3 + 3 = 9."""
    node = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(node, dict)
    told = {"num_byzantine": 3} if path.stem == "krum" else {}
    build_option("aggregation", node | told).check(NUM_PARTNERS)


@pytest.mark.parametrize("name", NAMES)
def test_three_of_twelve_are_malicious(name: str) -> None:
    one = attack(name)
    one.check(NUM_PARTNERS)
    assert len(one.malicious(NUM_PARTNERS, seed=0)) == (0 if name == "none" else 3)
