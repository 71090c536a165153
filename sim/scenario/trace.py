"""Scenario `trace`: a population of partners read from a CSV file.

Columns: `speed,uplink_bytes_per_s,downlink_bytes_per_s,latency_sim_s,data_share` and, where known,
`data_skew` (1), `downtime` (1) and `name` (p0, p1, …), with the meaning and units of
`sim.consortium.Site`.
"""

from dataclasses import dataclass
from pathlib import Path

from sim.bounds import at_least
from sim.consortium import Consortium, Partner, Proxy, Site
from sim.csv_table import Row, read_table
from sim.streams import stream

DATA = Path(__file__).parent / "data"
REQUIRED = ("speed", "uplink_bytes_per_s", "downlink_bytes_per_s", "latency_sim_s", "data_share")
FACTORS = ("data_skew", "downtime")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Take partners from `file`, below the working directory or shipped in sim/scenario/data.

    With `num_partners` that many are drawn from the lines, with replacement, and named p0, p1, …;
    without, every line is a partner.
    """

    file: str
    num_partners: int | None
    proxy: Proxy

    def __post_init__(self) -> None:
        if self.num_partners is not None:
            at_least("num_partners", self.num_partners, 1, remedy="null takes every line")

    def consortium(self, seed: int) -> Consortium:
        """Return the partners; raises ValueError with file and line for what is wrong in it."""
        rows = self._rows()
        sites = [_site(row) for row in rows]
        if self.num_partners is None:
            names = _names(rows)
        else:
            drawn = stream(seed, "scenario", "trace").integers(len(sites), size=self.num_partners)
            names = [f"p{index}" for index in range(self.num_partners)]
            sites = [sites[line] for line in drawn.tolist()]
        partners = tuple(
            Partner(name=name, **vars(site)) for name, site in zip(names, sites, strict=True)
        )
        return Consortium(partners=partners, proxy=self.proxy)

    def _rows(self) -> list[Row]:
        rows = read_table(
            self.file,
            setting="scenario.file",
            shipped=DATA,
            required=REQUIRED,
            optional=(*FACTORS, "name"),
        )
        if not rows:
            raise ValueError(
                f"scenario.file must have at least one partner, got none in {self.file!r}; "
                "add a line"
            )
        return rows


def _site(row: Row) -> Site:
    values = {column: row.number(column) for column in REQUIRED}
    factors = {column: row.number(column, empty=1.0) for column in FACTORS}
    try:
        return Site(**values, **factors)
    except ValueError as error:  # a number out of range, which the site has named
        raise ValueError(f"{row.where}: {error}") from error


def _names(rows: list[Row]) -> list[str]:
    """Return each line's name, or its number where it has none; raises ValueError for a second of
    one name.
    """
    names: dict[str, Row] = {}
    for index, row in enumerate(rows):
        name = row.cells.get("name") or f"p{index}"
        if name in names:
            raise ValueError(
                f"{row.where}: name must be of one partner alone, got {name!r}, which "
                f"{names[name].where} has too; rename one"
            )
        names[name] = row
    return list(names)
