"""conf/ mirrors the packages: one option, one module, one frozen dataclass; every option composes
and builds.
"""

import dataclasses
import importlib
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from runners.build import GROUPS, build
from runners.options import option_name
from tests.runners.compose import compose
from tests.runners.knobs import chain_with

ROOT = Path(__file__).parents[2]
PARTS = ("data", "model", "optimizer")
"""Groups whose options stand inside a task."""

ALL_GROUPS = (*GROUPS, *PARTS)
OPTIONS = sorted(path for group in ALL_GROUPS for path in (ROOT / "conf" / group).rglob("*.yaml"))

FITTING = {
    "data": {
        "spam": "spam_cnn",
        "topics": "topic_cnn",
        "text_table": "text_table_cnn",
        "stdlib": "stdlib_gpt",
        "factors": "autoencoder",
        "regression": "regression",
        "image_folder": "images_cnn",
    },
    "model": {
        "text_cnn": "spam_cnn",
        "text_lstm": "spam_lstm",
        "gpt": "stdlib_gpt",
        "autoencoder": "autoencoder",
    },
}
"""Tasks that an option of a part fits into; the others fit into mnist_mlp or mnist_cnn."""

EXAMPLE = {
    "aggregation/krum": ("scenario=uniform", "scenario.num_partners=5"),
    "aggregation/trimmed_mean": ("scenario=uniform", "scenario.num_partners=10"),
}
"""What an option needs beside the defaults."""

MACHINERY = {"learner"}
"""Groups whose packages hold more than options."""

each_option = pytest.mark.parametrize(
    "path", OPTIONS, ids=lambda path: str(path.relative_to(ROOT / "conf"))
)


def group_of(path: Path) -> str:
    return path.relative_to(ROOT / "conf").parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "conf" / group_of(path)).with_suffix(""))


def composed(path: Path) -> dict[str, Any]:
    """Return the config of a run with this option."""
    group, name = group_of(path), name_of(path)
    if group == "privacy":
        return compose(*chain_with(name))
    if group not in PARTS:
        return compose(f"{group}={name}", *EXAMPLE.get(f"{group}/{name}", ()))
    usual = "mnist_cnn" if name in ("cnn", "resnet") else "mnist_mlp"
    task = FITTING.get(group, {}).get(name, usual)
    return compose(f"task={task}", f"{group}@task.{group}={name}")


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


@each_option
def test_an_option_is_a_module_with_one_frozen_dataclass(path: Path) -> None:
    node = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(node, dict)
    module_name, _, class_name = node["_target_"].rpartition(".")
    option = getattr(importlib.import_module(module_name), class_name)
    names = {field.name for field in dataclasses.fields(option)}
    assert option_name(group_of(path), node) == name_of(path)
    assert frozen_dataclasses(Path(importlib.import_module(module_name).__file__)) == [option]
    assert all(field.kw_only for field in dataclasses.fields(option))
    parts = set(PARTS) & names  # a preset composes them
    assert set(node) - {"_target_", "defaults"} - parts == names - parts


def test_every_frozen_dataclass_of_a_group_has_its_yaml() -> None:
    in_conf = {
        (group_of(path), target_of(path)) for path in OPTIONS if group_of(path) not in MACHINERY
    }
    in_code = {
        (group, str(path.relative_to(ROOT / package / group).with_suffix("")))
        for group in ALL_GROUPS
        for package in ("sim", "runners")
        for path in (ROOT / package / group).rglob("*.py")
        if group not in MACHINERY and path.stem != "__init__" and frozen_dataclasses(path)
    }
    assert in_code == in_conf


def target_of(path: Path) -> str:
    """Return the module of an option, below its group's package: its own, or a preset's."""
    modules = OmegaConf.load(path)["_target_"].split(".")[1:-1]
    return "/".join(modules[1:])


@each_option
def test_every_option_builds(path: Path) -> None:
    assert build(composed(path))


@each_option
def test_every_option_says_what_it_is(path: Path) -> None:
    assert path.read_text().startswith("# ")
