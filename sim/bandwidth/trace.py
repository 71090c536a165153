"""Bandwidth `trace`: changes of links' bandwidth read from a CSV file.

Columns: `time_sim_s,link,bytes_per_s`, sorted by time. A link keeps its nominal bandwidth until its
first line and that of its last line for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from sim.bounds import not_negative, positive
from sim.csv_table import Row, read_table

DATA = Path(__file__).parent / "data"
NUM_EXAMPLES = 6


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Replay `file`, which is below the working directory or shipped in sim/bandwidth/data."""

    file: str

    def changes(
        self, nominal: Mapping[str, float], rng: np.random.Generator
    ) -> Iterator[tuple[float, str, float]]:
        """Return the file's lines; raises ValueError, before the first, for a line out of order, a
        number out of range or a link that is not there.
        """
        rows = read_table(
            self.file,
            setting="bandwidth.file",
            shipped=DATA,
            required=("time_sim_s", "link", "bytes_per_s"),
            optional=(),
        )
        changes = [_change(row, nominal) for row in rows]
        for row, (before, after) in zip(rows[1:], pairwise(changes), strict=True):
            if after[0] < before[0]:
                raise ValueError(
                    f"{row.where}: time_sim_s must be at least {before[0]}, that of the line "
                    f"before, got {after[0]}; sort the file by time"
                )
        return iter(changes)


def _change(row: Row, nominal: Mapping[str, float]) -> tuple[float, str, float]:
    time_sim_s, bytes_per_s, link = (
        row.number("time_sim_s"),
        row.number("bytes_per_s"),
        row.text("link"),
    )
    not_negative(f"{row.where}: time_sim_s", time_sim_s, remedy="a run starts at 0")
    positive(f"{row.where}: bytes_per_s", bytes_per_s, remedy="a link that is down is a fault")
    if link not in nominal:
        known = ", ".join(islice(nominal, NUM_EXAMPLES))
        raise ValueError(
            f"{row.where}: link must be one of the {len(nominal)} links, such as {known}, "
            f"got {link!r}; correct the name"
        )
    return time_sim_s, link, bytes_per_s
