"""Users' texts become word numbers."""

from pathlib import Path
from typing import Any

import pytest

from runners.data.text_table import TextTable

LINES = ["text,mood,who", *(["good good day,up,a"] * 5), *(["bad day,down,b"] * 4), ",down,b"]


def texts(file: Path, **settings: Any) -> TextTable:
    usual = {
        "files": (str(file),),
        "test_file": None,
        "text": "text",
        "label": "mood",
        "target": "class",
        "key": "who",
        "sensitive_columns": (),
        "vocabulary": 5,
        "length": 4,
    }
    return TextTable(**usual | settings)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "texts.csv").write_text("\n".join(LINES) + "\n")
    return tmp_path / "texts.csv"


def test_words_are_numbered_by_how_often_training_texts_use_them(file: Path) -> None:
    data = texts(file)
    samples, index = data.samples(), data.index()
    # one of each mood is held out; of good 8, of day 7 or 8, of bad 3 or 4 are left
    assert {tuple(row) for row in samples.train[index.train_labels == 1]} == {(2, 2, 3, 0)}
    others = {tuple(row) for row in samples.train[index.train_labels == 0]}
    assert (4, 3, 0, 0) in others and others <= {(4, 3, 0, 0), (0, 0, 0, 0)}
    assert (data.inputs, data.vocabulary, data.num_classes) == ((4,), 5, 2)


def test_keys_are_a_columns(file: Path) -> None:
    index = texts(file).index()
    assert index.train_keys is not None
    assert sorted(index.train_keys) == ["a"] * 4 + ["b"] * 4


def test_a_rows_bytes_are_those_of_text_and_label(file: Path) -> None:
    # texts 5 × 13 + 4 × 7 + 0, moods 5 × 2 + 5 × 4, over 10 rows: 9.3 + 3 = 12.3, rounded up
    assert texts(file).sample_bytes == 13


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"text": "body"}, r"text must be a column of \S+texts\.csv, which are .* got 'body'"),
        ({"text": "mood"}, "text must be a column other than the label, got 'mood'"),
        ({"vocabulary": 2}, "vocabulary must be at least 3, got 2"),
        ({"length": 0}, "length must be at least 1, got 0"),
    ],
)
def test_what_is_wrong_is_said(file: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        texts(file, **settings)
