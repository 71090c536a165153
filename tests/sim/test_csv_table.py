"""CSV files as other programs write them are read, and broken ones are not."""

from pathlib import Path

import pytest

from sim.csv_table import Row, read_table


def read(path: Path) -> list[Row]:
    return read_table(
        str(path), setting="topology.file", shipped=path.parent, required=("a", "b"), optional=()
    )


def test_byte_order_mark_spaces_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"\xef\xbb\xbfa, b\r\n x , 1.5\r\n")
    (row,) = read(path)
    assert (row.text("a"), row.number("b")) == ("x", 1.5)
    assert row.where == f"{path}, line 2"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"topology\.file must be a CSV file, got"):
        read(tmp_path)


def test_an_empty_cell_is_an_error_only_where_nothing_stands_for_it(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\nx,\n")
    (row,) = read(path)
    assert row.number("b", empty=7.0) == 7.0
    with pytest.raises(ValueError, match=r"table\.csv, line 2: b must be given, got nothing"):
        row.number("b")
