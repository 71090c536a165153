"""conf/ mirrors the packages: one option, one module, one frozen dataclass; every option composes
and builds.
"""

import dataclasses
import importlib
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runners.build import GROUPS, build, option_name
from tests.runners.compose import compose

ROOT = Path(__file__).parents[2]
OPTIONS = sorted(path for group in GROUPS for path in (ROOT / "conf" / group).rglob("*.yaml"))


def group_of(path: Path) -> str:
    return path.relative_to(ROOT / "conf").parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "conf" / group_of(path)).with_suffix(""))


def frozen_dataclasses(path: Path) -> list[type]:
    """Return the frozen dataclasses that a module defines."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    mine = [
        value
        for value in vars(module).values()
        if getattr(value, "__module__", None) == module.__name__
    ]
    return [
        value
        for value in mine
        if dataclasses.is_dataclass(value) and value.__dataclass_params__.frozen
    ]


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: str(path.relative_to(ROOT / "conf")))
def test_an_option_is_a_module_with_one_frozen_dataclass(path: Path) -> None:
    node = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(node, dict)
    module_name, _, class_name = node["_target_"].rpartition(".")
    option = getattr(importlib.import_module(module_name), class_name)
    assert option_name(group_of(path), node) == name_of(path)
    assert frozen_dataclasses(Path(importlib.import_module(module_name).__file__)) == [option]
    assert all(field.kw_only for field in dataclasses.fields(option))
    assert set(node) - {"_target_"} == {field.name for field in dataclasses.fields(option)}


def test_every_frozen_dataclass_of_a_group_has_its_yaml() -> None:
    in_conf = {(group_of(path), name_of(path)) for path in OPTIONS}
    in_code = {
        (group, str(path.relative_to(ROOT / package / group).with_suffix("")))
        for group in GROUPS
        for package in ("sim", "runners")
        for path in (ROOT / package / group).rglob("*.py")
        if path.stem != "__init__" and frozen_dataclasses(path)
    }
    assert in_code == in_conf


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: str(path.relative_to(ROOT / "conf")))
def test_every_option_builds(path: Path) -> None:
    assert build(compose(f"{group_of(path)}={name_of(path)}"))


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: str(path.relative_to(ROOT / "conf")))
def test_every_option_says_what_it_is(path: Path) -> None:
    assert path.read_text().startswith("# ")
