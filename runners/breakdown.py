"""Owns what `simulate` prints of a finished run: where the partners' time went, what was on the
critical path, and who waited for whom.

Reads the run's files (results/README.md); all durations are virtual seconds, scaled for reading.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from runners.report.table import Table, print_table
from runners.report.units import format_value
from sim.critical_path import Segment, Waiting, critical_paths, waited_for
from sim.trace import KINDS, Span

MAX_PARTNERS = 12
"""Consortia up to this size get a row per partner."""

MAX_ROWS = 10
"""Rows of the critical path, and of who waited for whom; the longest are shown."""


def print_breakdown(folder: Path, partners: Sequence[str], console: Console | None = None) -> None:
    """Print the breakdown of the run in `folder`; `partners` are its partners' names."""
    console = console or Console()
    record = json.loads((folder / "record.json").read_text())
    spans = read_spans(folder / "trace.parquet")
    for line in facts(record):
        console.print(line, highlight=False, soft_wrap=True)
    for table in _tables(record["virtual"], _read_rounds(folder), spans, partners):
        console.print()
        print_table(console, table)
    if not spans:
        console.print(
            "\ntrace_level=rounds keeps no spans, so there is no critical path; "
            "try trace_level=spans",
            highlight=False,
        )
    console.print(f"\nRecord: {folder / 'record.json'}", highlight=False, soft_wrap=True)


def read_spans(path: Path) -> list[Span]:
    """Return the spans of a trace file; none at trace level `rounds`."""
    return list(pd.read_parquet(path).itertuples(index=False, name=None))


def facts(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the run came to, in lines."""
    virtual = record["virtual"]
    yield (
        f"{record['names']['mode']}: {format_value(virtual['total_sim_s'], 'seconds')} of virtual "
        f"time for {virtual['num_partners']:,} partners; rounds: {virtual['num_rounds']:,}"
    )
    parts = [f"{format_value(virtual['num_bytes'], 'bytes')} moved"]
    if virtual["samples_per_sim_s"] is not None:
        parts.insert(0, f"throughput {format_value(virtual['samples_per_sim_s'], 'samples_per_s')}")
    parts.append(f"cost {format_value(virtual['cost_usd'], 'usd')}")
    parts.append(f"energy {format_value(virtual['energy_joules'], 'joules')}")
    if virtual["mean_queue_sim_s"] is not None:
        queue = format_value(virtual["mean_queue_sim_s"], "seconds")
        parts.append(f"mean queue at servers {queue}")
    if virtual["num_dropped"]:
        parts.append(f"work of partners lost: {virtual['num_dropped']:,} times")
    yield ", ".join(parts)


def _read_rounds(folder: Path) -> list[tuple[float, float]]:
    """Return start and end of every round but the untrained one."""
    rounds = pd.read_parquet(folder / "rounds.parquet", columns=["start_sim_s", "end_sim_s"])
    return list(rounds.iloc[1:].itertuples(index=False, name=None))


def _tables(
    virtual: Mapping[str, Any],
    rounds: Sequence[tuple[float, float]],
    spans: Sequence[Span],
    partners: Sequence[str],
) -> Iterator[Table]:
    yield time_table(virtual, spans, partners)
    if spans:
        path = [segment for one in critical_paths(spans, rounds) for segment in one]
        yield path_table(path)
        waits = waited_for(spans, path)
        if waits:
            yield waits_table(waits)


def time_table(virtual: Mapping[str, Any], spans: Sequence[Span], partners: Sequence[str]) -> Table:
    """Return seconds by kind: the mean of all partners, and each one's where they are few."""
    means = [virtual[f"{kind}_sim_s"] for kind in KINDS]
    total_sim_s = sum(means)
    shares = [mean / total_sim_s if total_sim_s else 0.0 for mean in means]
    rows = [
        ("mean", *(format_value(mean, "seconds") for mean in means)),
        ("share", *(format_value(share, "fraction") for share in shares)),
    ]
    if spans and len(partners) <= MAX_PARTNERS:
        rows += _partner_rows(spans, partners)
    return Table(
        title="What partners did",
        columns=("partner", *KINDS),
        rows=tuple(rows),
        note="virtual time",
    )


def _partner_rows(spans: Sequence[Span], partners: Sequence[str]) -> Iterator[tuple[str, ...]]:
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for _round, actor, kind, start_sim_s, end_sim_s, _bytes in spans:
        seconds[actor, kind] += end_sim_s - start_sim_s
    for name in partners:
        yield name, *(format_value(seconds[name, kind], "seconds") for kind in KINDS)


def path_table(path: Sequence[Segment]) -> Table:
    """Return the critical path's seconds by actor and kind, all rounds together."""
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in path:
        seconds[one.actor, one.kind] += one.end_sim_s - one.start_sim_s
    total_sim_s = sum(seconds.values())
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    rows = [
        (actor, kind, format_value(one, "seconds"), format_value(one / total_sim_s, "fraction"))
        for (actor, kind), one in ordered
    ]
    return Table(
        title="Critical path",
        columns=("actor", "kind", "time", "share"),
        rows=tuple(rows[:MAX_ROWS]),
        note="what the end of each round depended on, all rounds together" + _left_out(rows),
        num_text_columns=2,
    )


def waits_table(waits: Sequence[Waiting]) -> Table:
    """Return for whom and for what partners waited longest; many partners' waits are added up."""
    shown = waits if len({one.waiter for one in waits}) <= MAX_PARTNERS else _added_up(waits)
    rows = [
        (one.waiter, one.actor, one.kind, format_value(one.wait_sim_s, "seconds")) for one in shown
    ]
    return Table(
        title="Who waited for whom",
        columns=("partner", "waited for", "kind", "time"),
        rows=tuple(rows[:MAX_ROWS]),
        note="who was on the critical path meanwhile" + _left_out(rows),
        num_text_columns=3,
    )


def _added_up(waits: Sequence[Waiting]) -> list[Waiting]:
    """Return one row for all who waited for the same, longest first."""
    groups: defaultdict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for one in waits:
        groups[one.actor, one.kind].append(one)
    rows = [
        Waiting(
            waiter=f"{len(group):,} together" if len(group) > 1 else group[0].waiter,
            actor=actor,
            kind=kind,
            wait_sim_s=sum(one.wait_sim_s for one in group),
        )
        for (actor, kind), group in groups.items()
    ]
    return sorted(rows, key=lambda row: -row.wait_sim_s)


def _left_out(rows: Sequence[Any]) -> str:
    num_left_out = len(rows) - MAX_ROWS
    return f"; {num_left_out:,} shorter rows are not shown" if num_left_out > 0 else ""
