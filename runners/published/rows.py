"""Owns how published tables come in: from the working directory, or from `runners/published/data`,
so that more rows of the same columns can be tried without a change here.
"""

from runners.published import DATA
from sim.csv_table import Row, read_table


def read_rows(file: str, *, required: tuple[str, ...]) -> list[Row]:
    """Return a table's rows; raises ValueError where the file, a column or all rows are missing."""
    rows = read_table(
        file, setting="published.file", shipped=DATA, required=required, optional=None
    )
    if not rows:
        raise ValueError(f"{file} must have at least 1 row below its header, got none; add one")
    return rows
