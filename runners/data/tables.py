"""Owns how users' tables come in: CSV and Parquet files, found below the working directory or among
those that ship with the project.

Rows keep the file that they come from and their number in it, from 1 below the header, so that a
message can name the cell. An empty cell of a CSV file is missing, any other text is itself.
Messages begin with the setting that names the files or the column.
"""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from runners.data.shipped import SHIPPED

if TYPE_CHECKING:
    import pandas as pd


def read_tables(files: Sequence[str], test_file: str | None) -> tuple["pd.DataFrame", np.ndarray]:
    """Return the rows of all files, and which of them are of the test file."""
    import pandas as pd

    if not files:
        raise ValueError("files must name a CSV or Parquet file, got none; try [people.csv]")
    settings = [("files", file) for file in files]
    if test_file is not None:
        settings.append(("test_file", test_file))
    frames = [_read(setting, file) for setting, file in settings]
    for (setting, file), frame in zip(settings[1:], frames[1:], strict=True):
        if set(frame.columns) != set(frames[0].columns):
            odd = ", ".join(map(str, sorted(set(frame.columns) ^ set(frames[0].columns))))
            raise ValueError(
                f"{setting} must have the columns of {files[0]}, got {file!r}, in which {odd} "
                "differ; rename or drop them"
            )
    frame = pd.concat(frames)
    num_test = 0 if test_file is None else len(frames[-1])
    return frame, np.arange(len(frame)) >= len(frame) - num_test


def require_columns(frame: "pd.DataFrame", setting: str, columns: Iterable[str]) -> None:
    """Raise ValueError unless the table has the columns that a setting names."""
    for column in columns:
        if column not in frame.columns:
            raise ValueError(
                f"{setting} must be a column of {file_of(frame)}, which are "
                f"{', '.join(map(str, frame.columns))}, got {column!r}; check the spelling"
            )


def file_of(frame: "pd.DataFrame | pd.Series[Any]") -> str:
    """Return the first file's name."""
    return str(frame.index[0][0])


def cell(column: "pd.Series[Any]", position: int) -> str:
    """Return the words for a cell, such as `people.csv, row 7, column age`."""
    file, row = column.index[position]
    return f"{file}, row {row}, column {column.name}"


def _read(setting: str, file: str) -> "pd.DataFrame":
    import pandas as pd

    path = _find(setting, file)
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path).reset_index(drop=True)
        else:
            frame = _read_csv(path)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:  # no table, or a broken line
        raise ValueError(
            f"{setting} must be a table, got {file!r} ({str(error).strip()}); correct the file"
        ) from error
    if frame.empty:
        raise ValueError(f"{setting} must have rows, got none in {file!r}; check the file")
    frame.index = pd.MultiIndex.from_product([[file], range(1, len(frame) + 1)])
    return frame


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # else it drops cells too many
        return pd.read_csv(
            path, index_col=False, keep_default_na=False, na_values=[""], low_memory=False
        )


def _find(setting: str, file: str) -> Path:
    for path in (Path(file), SHIPPED / file):
        if path.is_file() and path.suffix in (".csv", ".parquet"):
            return path
    shipped = sorted(path.name for path in SHIPPED.glob("*.parquet"))
    raise ValueError(
        f"{setting} must be a .csv or .parquet file, got {file!r}, which is neither below the "
        f"working directory nor one of {', '.join(shipped)}; check the path"
    )
