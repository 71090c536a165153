"""Tables come in with comments, and mistakes are named."""

from pathlib import Path

import pytest

from runners.published.rows import read_rows
from tests.runners.published.tables import csv_file


def test_comments_and_empty_lines_are_left_out(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "# a note", "a,b", "", "1,two", "# another", "3,four")
    rows = read_rows(file, required=("a",))
    assert [(row.whole("a"), row.text("b")) for row in rows] == [(1, "two"), (3, "four")]
    assert [row.where for row in rows] == [f"{file}, line 4", f"{file}, line 6"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("a,b", "1"), "line 2: a line must have as many cells"),
        (("a,b", "1,2,3"), "line 2: a line must have as many cells"),
        (("b", "1"), "the columns must be a, got b"),
        (("a",), "must have at least 1 row"),
        (("a", "0"), "line 2: a must be a whole number above 0"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        [row.whole("a") for row in read_rows(csv_file(tmp_path, *lines), required=("a",))]


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"'nowhere.csv'.*collectives.csv"):
        read_rows("nowhere.csv", required=())
