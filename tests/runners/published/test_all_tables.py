"""Every published table: its tolerance holds for all rows, and its module, YAML and experiment go
together.
"""

import dataclasses
import importlib

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from runners.job import CONF
from runners.published import DATA
from tests.runners.published.tables import NAMES, table

TRAINED = {"mcmahan2017"}
"""Tables whose rows are trainings of minutes; tests/parallel has a small version."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TRAINED])
def test_all_figures_are_held(name: str) -> None:
    figures = list(table(name).figures())
    assert figures
    assert [figure for figure in figures if not figure.is_held] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_a_module_with_one_frozen_dataclass(name: str) -> None:
    path = CONF / "published" / f"{name}.yaml"
    node = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(node, dict)
    module_name, _, class_name = node["_target_"].rpartition(".")
    module = importlib.import_module(module_name)
    mine = [
        one
        for one in vars(module).values()
        if dataclasses.is_dataclass(one) and getattr(one, "__module__", "") == module_name
    ]
    assert module_name == f"runners.published.{name}"
    assert mine == [getattr(module, class_name)]
    assert set(node) - {"_target_"} == {field.name for field in dataclasses.fields(mine[0])}
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_reproduces_it(name: str) -> None:
    text = (CONF / "experiment" / f"{name}.yaml").read_text()
    assert f"# python -m runners.reproduce +experiment={name}\n" in text
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("reproduce", [f"+experiment={name}"])
    assert config.published == OmegaConf.load(CONF / "published" / f"{name}.yaml")


def test_there_are_the_tables_that_must_be_reproduced() -> None:
    assert set(NAMES) == {
        *("collectives", "diloco_bandwidth", "goyal2017", "horovod_512gpu", "intellect1"),
        *("secagg", "tf_p100", "mcmahan2017"),
    }


def test_data_have_a_source_and_a_licence() -> None:
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    listed = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert set(listed) == {path.name for path in DATA.glob("*.csv")}
    assert all("facts" in line or "Apache-2.0" in line for line in listed.values())
