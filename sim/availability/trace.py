"""Availability `trace`: when partners come and go, read from a CSV file.

Columns: `time_sim_s,partner,is_up`, sorted by time; `is_up` is 1 or true, 0 or false. A partner is
up until its first line, and stays for ever what its last line says; one without a line is always
up.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sim.availability import check_downtimes
from sim.bounds import not_negative
from sim.consortium import Partner
from sim.csv_table import Row, read_table

DATA = Path(__file__).parent / "data"
IS_UP = {"1": True, "true": True, "0": False, "false": False}
NUM_EXAMPLES = 6


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Replay `file`, which is below the working directory or shipped in sim/availability/data."""

    file: str

    def check(self, partners: Sequence[Partner]) -> None:
        """Raise ValueError, with file and line, for what is wrong in the file or names no
        partner, and where a downtime is scaled.
        """
        check_downtimes("trace", partners)
        names = [partner.name for partner in partners]
        unknown = self._changes.keys() - set(names)
        for row in self._rows:
            if row.text("partner") in unknown:
                raise ValueError(
                    f"{row.where}: partner must be one of the {len(names)} partners, such as "
                    f"{', '.join(names[:NUM_EXAMPLES])}, got {row.text('partner')!r}; "
                    "correct the name, or take the scenario that the file belongs to"
                )

    def phases(self, partner: Partner, rng: np.random.Generator) -> Iterator[tuple[bool, float]]:
        """Yield the partner's phases, the last without end; nothing is drawn."""
        is_up, since_sim_s = True, 0.0
        for time_sim_s, is_up_next in self._changes.get(partner.name, ()):
            if is_up_next is not is_up:
                if time_sim_s > since_sim_s:
                    yield is_up, time_sim_s - since_sim_s
                is_up, since_sim_s = is_up_next, time_sim_s
        yield is_up, math.inf

    @cached_property
    def _rows(self) -> list[Row]:
        return read_table(
            self.file,
            setting="availability.file",
            shipped=DATA,
            required=("time_sim_s", "partner", "is_up"),
            optional=(),
        )

    @cached_property
    def _changes(self) -> Mapping[str, list[tuple[float, bool]]]:
        """Return for each partner of the file its times and what it is from then on."""
        changes: dict[str, list[tuple[float, bool]]] = {}
        for row in self._rows:
            own = changes.setdefault(row.text("partner"), [])
            time_sim_s, is_up = _change(row)
            if own and time_sim_s <= own[-1][0]:
                raise ValueError(
                    f"{row.where}: time_sim_s must be above {own[-1][0]}, that of the partner's "
                    f"line before, got {time_sim_s}; sort the file by time"
                )
            own.append((time_sim_s, is_up))
        return changes


def _change(row: Row) -> tuple[float, bool]:
    time_sim_s, word = row.number("time_sim_s"), row.text("is_up")
    not_negative(f"{row.where}: time_sim_s", time_sim_s, remedy="a run starts at 0")
    if word.lower() not in IS_UP:
        raise ValueError(f"{row.where}: is_up must be 0, 1, true or false, got {word!r}; try 1")
    return time_sim_s, IS_UP[word.lower()]
