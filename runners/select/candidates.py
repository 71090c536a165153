"""Owns who may be chosen: candidates with their means, data, price, and figures to judge them by.

Columns of the CSV file: `name`, `speed`, `uplink_bytes_per_s`, `downlink_bytes_per_s`,
`latency_sim_s` (as `sim.consortium.Site` has them), `num_samples`, `price_usd` (what taking part
costs once); `downtime` (1) where known; `classes`, separated by spaces, where a target asks for
them; and any further columns of numbers, such as `capability` or `success_fraction`, as criteria.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.bounds import not_negative
from sim.consortium import Site
from sim.csv_table import Row, read_table

SHIPPED = Path(__file__).parent / "data"
MEANS = ("speed", "uplink_bytes_per_s", "downlink_bytes_per_s", "latency_sim_s")
REQUIRED = ("name", *MEANS, "num_samples", "price_usd")
CLASSES = "classes"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """Hold a candidate: its machine and link, how many samples of which classes it has, its price,
    and all of its columns of numbers as `figures`.
    """

    name: str
    site: Site
    num_samples: int
    classes: frozenset[str]
    price_usd: float
    figures: Mapping[str, float]


def read_candidates(file: str) -> list[Candidate]:
    """Return the candidates of a file, below the working directory or shipped; raises ValueError
    with file and line for what is wrong in it.
    """
    rows = read_table(
        file, setting="select.file", shipped=SHIPPED, required=REQUIRED, optional=None
    )
    if len(rows) < 2:
        raise ValueError(
            f"select.file must have at least two candidates to choose from, got {len(rows)} in "
            f"{file!r}; add lines"
        )
    found = [_candidate(row) for row in rows]
    names = [one.name for one in found]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ValueError(
                f"{rows[number].where}: name must be of one candidate alone, got {name!r} again; "
                "rename one"
            )
    return found


def _candidate(row: Row) -> Candidate:
    num_samples, price_usd = row.whole("num_samples"), row.number("price_usd")
    try:
        means = {column: row.number(column) for column in MEANS}
        downtime = row.number("downtime", empty=1.0)
        site = Site(**means, data_share=float(num_samples), data_skew=1.0, downtime=downtime)
        not_negative("price_usd", price_usd, remedy="0 is free")
    except ValueError as error:
        where = "" if str(error).startswith(row.where) else f"{row.where}: "
        raise ValueError(f"{where}{error}") from error
    return Candidate(
        name=row.text("name"),
        site=site,
        num_samples=num_samples,
        classes=frozenset(row.cells.get(CLASSES, "").split()),
        price_usd=price_usd,
        figures={
            column: row.number(column) for column in row.cells if column not in ("name", CLASSES)
        },
    )
