"""Owns how CSV files come in: which file is meant, which columns it must have, and where in it a
mistake is.

A file is looked for from the working directory, then among the files that ship with the project.
Lines that begin with # are comments. Cells stay text until they are asked for.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """Hold a row's cells by column, and where it stands, such as `links.csv, line 3`."""

    where: str
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        if not self.cells[column]:
            raise ValueError(f"{self.where}: {column} must be given, got nothing; fill the cell")
        return self.cells[column]

    def number(self, column: str, *, empty: float | None = None) -> float:
        """Return a cell as a number, or `empty` for an empty one where that is allowed."""
        if empty is not None and not self.cells.get(column):
            return empty
        text = self.text(column)
        try:
            return float(text)
        except ValueError as error:
            raise ValueError(
                f"{self.where}: {column} must be a number such as 125e6, got {text!r}; "
                "correct the cell"
            ) from error

    def whole(self, column: str) -> int:
        """Return a cell as a whole number above zero."""
        number = self.number(column)
        if not (number.is_integer() and number > 0):
            raise ValueError(
                f"{self.where}: {column} must be a whole number above 0, got "
                f"{self.text(column)!r}; correct the cell"
            )
        return int(number)


def read_table(
    file: str,
    *,
    setting: str,
    shipped: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...] | None,
) -> list[Row]:
    """Return the rows of the file that a setting names; empty lines are left out.

    Raises ValueError for a file, a column or a cell that is missing, and for a column that nobody
    reads, unless `optional` is None.
    """
    lines = _find(file, setting, shipped).read_text(encoding="utf-8-sig").splitlines()
    numbered = [
        (number, line)
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith("#")
    ]
    reader = csv.DictReader((line for _, line in numbered), skipinitialspace=True)
    _check_columns(file, reader.fieldnames or (), required, optional)
    return [
        _row(f"{file}, line {number}", cells)
        for (number, _), cells in zip(numbered[1:], reader, strict=True)
    ]


def _find(file: str, setting: str, shipped: Path) -> Path:
    for path in (Path(file), shipped / file):
        if path.is_file():
            return path
    raise ValueError(
        f"{setting} must be a CSV file, got {file!r}, which is neither below the working directory "
        f"nor one of {', '.join(sorted(path.name for path in shipped.glob('*.csv')))}; "
        "check the path"
    )


def _check_columns(
    file: str,
    columns: Sequence[str],
    required: tuple[str, ...],
    optional: tuple[str, ...] | None,
) -> None:
    missing = [column for column in required if column not in columns]
    known = columns if optional is None else (*required, *optional)
    unknown = [column for column in columns if column not in known]
    if missing or unknown or len(set(columns)) < len(columns):
        raise ValueError(
            f"{file}, line 1: the columns must be {', '.join(required)}"
            + (f" and may be {', '.join(optional)}" if optional else "")
            + f", got {', '.join(columns) or 'none'}; correct the first line"
        )


def _row(where: str, cells: Mapping[str, str | None]) -> Row:
    if None in cells or None in cells.values():
        raise ValueError(f"{where}: a line must have as many cells as the first; check the commas")
    return Row(where=where, cells={column: (text or "").strip() for column, text in cells.items()})
