"""Users' tables are read as they are, and messages name file, row and column."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from runners.data.table import Table
from runners.options import ConfigError
from tests.runners.data.options import option

USUAL: dict[str, Any] = {
    "test_file": None,
    "label": "bought",
    "target": "class",
    "key": None,
    "sensitive_columns": (),
    "features": None,
}
ROWS = [
    f"{20 + row},{'north' if row % 3 else 'south'},{'no' if row < 7 else 'yes'}"
    for row in range(14)
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *lines: str, header: str = "age,region,bought") -> str:
    Path(name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return name


def table(name: str, **settings: Any) -> Table:
    """Return a table of a file that no other test has read: options are cached by settings."""
    return Table(**{"files": (str(Path(name).resolve()),)} | USUAL | settings)


def test_a_fifth_of_each_class_is_held_out() -> None:
    data = table(write("people.csv", *ROWS))
    index = data.index()
    # 7 no (0) and 7 yes (1), sorted: every fifth of 14 is 0, 5, 10, two of no and one of yes
    assert np.bincount(index.train_labels).tolist() == [5, 6]
    assert np.bincount(index.test_labels).tolist() == [2, 1]
    assert data.num_classes == 2 and data.num_values == 0
    assert data.inputs == (3,)  # age, north, south
    # 8 for age, 5 for a region, 7 × 2 + 7 × 3 over 14 = 2.5 for bought; rounded up
    assert data.sample_bytes == 16


def test_a_test_file_is_held_out_as_it_is() -> None:
    train, test = write("train.csv", *ROWS), write("test.csv", "30,south,yes", "31,north,no")
    data = table(train, test_file=str(Path(test).resolve()))
    assert data.index().test_labels.tolist() == [1, 0]
    # ages 20 to 33: mean 26.5, deviation √((14² − 1) / 12) = 4.0311; (30 − 26.5) / 4.0311 = 0.8682
    assert data.samples().test[0].tolist() == pytest.approx([0.8682, 0, 1], abs=1e-4)


def test_several_files_are_one_table() -> None:
    files = [write("a.csv", *ROWS[:9]), write("b.csv", *ROWS[9:])]
    both = table("a.csv", files=tuple(str(Path(file).resolve()) for file in files))
    one = table(write("all.csv", *ROWS))
    assert np.array_equal(both.samples().train, one.samples().train)


def test_a_parquet_file_is_the_same_as_a_csv_file() -> None:
    csv = table(write("people.csv", *ROWS))
    pd.read_csv("people.csv").to_parquet("people.parquet")
    parquet = table("people.parquet")
    assert np.array_equal(csv.samples().train, parquet.samples().train)
    assert np.array_equal(csv.index().test_labels, parquet.index().test_labels)


def test_keys_say_whose_a_row_is() -> None:
    rows = [*ROWS[:13], "33,,yes"]
    index = table(write("people.csv", *rows), key="region").index()
    assert index.train_keys is not None and index.test_keys is not None
    keys = [*index.train_keys, *index.test_keys]
    assert sorted(set(keys)) == ["", "north", "south"] and keys.count("") == 1


def test_values_are_standardised_by_the_training_rows() -> None:
    data = table(write("people.csv", *ROWS), label="age", target="values")
    samples = data.samples()
    assert (data.num_values, data.num_classes) == (1, 1)
    assert samples.train_targets.shape == (11, 1) and samples.train_targets.dtype == np.float32
    assert samples.train_targets.mean() == pytest.approx(0, abs=1e-6)
    assert samples.train_targets.std() == pytest.approx(1, abs=1e-6)
    assert not data.index().train_labels.any()


def test_none_and_na_are_words_and_only_an_empty_cell_is_missing() -> None:
    rows = [*ROWS, "30,NA,no", "30,None,no", "30,,no"]
    test = write("test.csv", "30,NA,no")
    data = table(write("people.csv", *rows), test_file=str(Path(test).resolve()))
    assert data.inputs == (1 + 4 + 1,)  # age, NA, None, north, south, missing
    assert data.samples().test[0, 1:].tolist() == [1, 0, 0, 0, 0]


def test_a_mistake_is_an_error_of_the_setting() -> None:
    with pytest.raises(ConfigError, match=r"^task\.data\.label must be a column of"):
        option("table", label="wages")


@pytest.mark.parametrize(
    ("lines", "settings", "words"),
    [
        (
            ["x,north,yes"],
            {},
            r"features: \S+bad\.csv, row 15, column age must be a number, got 'x'",
        ),
        (["inf,north,yes"], {}, r"row 15, column age must be finite, got inf; correct the cell"),
        (
            ["30,north,"],
            {},
            r"label: \S+bad\.csv, row 15, column bought must be given, got nothing",
        ),
        (["30,north,yes,4"], {}, r"files must be a table, got \S+bad\.csv' \(.*line 16"),
        (["30,north,often"], {}, r"label must have 5 rows of each class .* got 1 of 'often'"),
        (
            [],
            {"label": "sold"},
            r"label must be a column of \S+bad\.csv, which are age, region, bo",
        ),
        ([], {"key": "owner"}, r"key must be a column of \S+bad\.csv, .* got 'owner'"),
        ([], {"features": ("age", "size")}, r"features must be a column of .* got 'size'"),
        ([], {"features": ("age", "bought")}, r"features must be columns other than the label"),
        ([], {"features": ()}, r"features must be columns other than .* got none"),
        ([], {"target": "values"}, r"label: \S+bad\.csv, row 1, column bought must be a number"),
        ([], {"target": "numbers"}, r"target must be one of class, values, got 'numbers'"),
        ([], {"files": ()}, r"files must name a CSV or Parquet file, got none"),
        ([], {"files": ("gone.csv",)}, r"files must be a \.csv or \.parquet file, got 'gone\.csv'"),
        ([], {"test_file": "gone.csv"}, r"test_file must be a \.csv or \.parquet file, got 'gone"),
    ],
)
def test_what_is_wrong_is_said(lines: list[str], settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        table(write("bad.csv", *ROWS, *lines), **settings)


def test_a_class_of_the_test_file_alone_is_refused() -> None:
    write("people.csv", *ROWS)
    test = str(Path(write("test.csv", "30,south,yes", "31,north,often")).resolve())
    with pytest.raises(
        ValueError, match=r"test_file: \S+test\.csv, row 2, column bought must be a"
    ):
        table("people.csv", test_file=test)


def test_files_with_other_columns_are_refused() -> None:
    write("people.csv", *ROWS)
    other = str(Path(write("other.csv", "1,2,3", header="age,area,bought")).resolve())
    with pytest.raises(ValueError, match=r"files must have the columns of .* area, region differ"):
        table("people.csv", files=(str(Path("people.csv").resolve()), other))


def test_a_column_of_names_is_no_category() -> None:
    rows = [f"20,name {row},{'yes' if row % 2 else 'no'}" for row in range(1001)]
    with pytest.raises(ValueError, match=r"at most 1000 different words .* 1001 in column region"):
        table(write("names.csv", *rows))


def test_one_class_is_nothing_to_learn() -> None:
    with pytest.raises(ValueError, match="label must have two classes at least, got 'no' in all"):
        table(write("one.csv", *ROWS[:7]))


def test_a_file_that_is_no_table_is_refused() -> None:
    Path("bytes.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"files must be a table, got \S+bytes\.parquet"):
        table("bytes.parquet")
    with pytest.raises(ValueError, match="files must have rows, got none in"):
        table(write("empty.csv"))
