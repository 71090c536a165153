"""Sensitive columns of users' tables tell rows apart, and the model does not see them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runners.data.holdout import stratified_fifth
from runners.data.table import Table
from runners.data.text_table import TextTable
from runners.options import ConfigError
from tests.runners.data.options import option
from tests.runners.data.test_table import USUAL

SEXES = ["f", "m", "f", ""] * 5
LINES = [
    f"{20 + row},{sex},{row % 7},{'no' if row < 10 else 'yes'}" for row, sex in enumerate(SEXES)
]


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "people.csv"
    path.write_text("\n".join(["age,sex,ward,bought", *LINES]) + "\n")
    return str(path)


def table(file: str, **settings: Any) -> Table:
    return Table(**{"files": (file,)} | USUAL | settings)


def test_groups_are_in_the_order_of_the_index(file: str) -> None:
    is_test = stratified_fifth("table", np.array([0] * 10 + [1] * 10))
    sexes = np.array([sex or "missing" for sex in SEXES], dtype=object)
    groups = table(file, sensitive_columns=("sex",)).groups()
    assert list(groups) == ["sex"]
    assert groups["sex"].tolist() == [*sexes[~is_test], *sexes[is_test]]
    assert table(file).groups() == {}


def test_the_model_sees_them_only_where_features_name_them(file: str) -> None:
    assert table(file).inputs == (1 + 3 + 1,)  # age, two sexes and a missing one, ward
    assert table(file, sensitive_columns=("sex",)).inputs == (2,)
    named = table(file, sensitive_columns=("sex",), features=("age", "sex"))
    assert named.inputs == (1 + 3,)
    assert table(file, sensitive_columns=("sex",)).sample_bytes < table(file).sample_bytes
    assert list(table(file, sensitive_columns=("sex",)).rows().frame) == ["age", "ward"]


def test_numbers_of_few_kinds_are_groups_too(file: str) -> None:
    groups = table(file, sensitive_columns=("ward", "sex")).groups()
    assert set(groups["ward"]) == set("0123456")


def test_texts_have_groups(file: str) -> None:
    usual = {name: value for name, value in USUAL.items() if name != "features"}
    texts = TextTable(
        **usual
        | {"files": (file,), "text": "age", "sensitive_columns": ("sex",)}
        | {"vocabulary": 5, "length": 2}
    )
    assert set(texts.groups()["sex"]) == {"f", "m", "missing"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sensitive_columns": ("race",)}, r"sensitive_columns must be a column of .* got 'race'"),
        ({"sensitive_columns": ("bought",)}, r"columns other than the label 'bought', .* bought;"),
        ({"sensitive_columns": ("sex", "sex")}, r"each named once, got sex, sex"),
        (
            {"sensitive_columns": ("sex",), "label": "age", "target": "values"},
            r"sensitive_columns must be empty with target=values, .* got sex",
        ),
    ],
)
def test_what_is_wrong_is_said(file: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        table(file, **settings)


@pytest.mark.parametrize("number", [1, 21])
def test_groups_are_neither_one_nor_many(tmp_path: Path, number: int) -> None:
    rows = [f"{row % number},{row},{row % 2}" for row in range(42)]
    path = tmp_path / f"{number}.csv"
    path.write_text("\n".join(["group,size,bought", *rows]) + "\n")
    words = rf"must have 2 to 20 different values each, got {number} in column group of \S+\.csv"
    with pytest.raises(ValueError, match=words):
        table(str(path), sensitive_columns=("group",))


def test_images_have_no_columns() -> None:
    with pytest.raises(ConfigError, match=r"sensitive_columns"):
        option("image_folder", sensitive_columns=["sex"])
