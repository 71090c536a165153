"""Owns how published tables come in: CSV files whose lines beginning with # are comments.

A file is looked for from the working directory, then in `runners/published/data`, so that more rows
of the same columns can be tried without a change here. Cells stay text until they are asked for.
"""

import csv
from pathlib import Path

from runners.published import DATA
from sim.csv_table import Row


def read_rows(file: str, *, required: tuple[str, ...]) -> list[Row]:
    """Return a table's rows; raises ValueError where the file, a column or all rows are missing."""
    lines = _find(file).read_text(encoding="utf-8-sig").splitlines()
    numbered = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.DictReader((line for _, line in numbered), skipinitialspace=True)
    missing = [column for column in required if column not in (reader.fieldnames or ())]
    if missing:
        raise ValueError(
            f"{file} must have the columns {', '.join(required)}, got none named "
            f"{', '.join(missing)}; correct its first line"
        )
    rows = []
    for (number, _), cells in zip(numbered[1:], reader, strict=True):
        if None in cells or None in cells.values():
            raise ValueError(
                f"{file}, line {number}: a line must have as many cells as the first; "
                "check the commas"
            )
        texts = {column: text.strip() for column, text in cells.items()}
        rows.append(Row(where=f"{file}, line {number}", cells=texts))
    if not rows:
        raise ValueError(f"{file} must have at least 1 row below its header, got none; add one")
    return rows


def whole(row: Row, column: str) -> int:
    """Return a cell as a whole number above zero."""
    number = row.number(column)
    if not (number.is_integer() and number > 0):
        raise ValueError(
            f"{row.where}: {column} must be a whole number above 0, got {row.text(column)!r}; "
            "correct the cell"
        )
    return int(number)


def _find(file: str) -> Path:
    for path in (Path(file), DATA / file):
        if path.is_file():
            return path
    raise ValueError(
        f"published.file must be a CSV file, got {file!r}, which is neither below the working "
        f"directory nor one of {', '.join(sorted(path.name for path in DATA.glob('*.csv')))}; "
        "check the path"
    )
