"""The breakdown of a run, from records and spans made by hand."""

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from runners.breakdown import (
    MAX_PARTNERS,
    MAX_ROWS,
    facts,
    path_table,
    print_breakdown,
    time_table,
    waits_table,
)
from sim.critical_path import Segment, Waiting
from sim.trace import KINDS, SPAN_COLUMNS, Span

# north computes for 2 s and waits for west, which computes for 6 s; both send for 2 s
SPANS: list[Span] = [
    (1, "north", "compute", 0.0, 2.0, 0.0),
    (1, "west", "compute", 0.0, 6.0, 0.0),
    (1, "north", "wait", 2.0, 6.0, 0.0),
    (1, "north", "transfer", 6.0, 8.0, 400.0),
    (1, "west", "transfer", 6.0, 8.0, 400.0),
]
PARTNERS = ["north", "west"]
VIRTUAL: dict[str, Any] = {
    "total_sim_s": 8.0,
    "num_partners": 2,
    "num_rounds": 1,
    "num_dropped": 0,
    "num_bytes": 800.0,
    "samples_per_sim_s": 16.0,
    "cost_usd": 1.5,
    "energy_joules": 2400.0,
    "mean_queue_sim_s": None,
    **dict.fromkeys((f"{kind}_sim_s" for kind in KINDS), 0.0),
    "compute_sim_s": 4.0,  # (2 + 6) / 2
    "transfer_sim_s": 2.0,
    "wait_sim_s": 2.0,  # (4 + 0) / 2
}
RECORD = {"names": {"mode": "partner/allreduce"}, "virtual": VIRTUAL}


def cells(row: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(KINDS, row[1:], strict=True))


def test_times_have_a_mean_a_share_and_a_row_per_partner() -> None:
    mean, share, north, west = time_table(VIRTUAL, SPANS, PARTNERS).rows
    assert (mean[0], share[0], north[0], west[0]) == ("mean", "share", "north", "west")
    assert cells(mean)["compute"] == "4.00 s" and cells(mean)["down"] == "0 s"
    assert [cells(share)[kind] for kind in ("compute", "transfer", "wait")] == [
        "50.0 %",  # 4 / (4 + 2 + 2)
        "25.0 %",
        "25.0 %",
    ]
    assert [cells(north)[kind] for kind in ("compute", "wait")] == ["2.00 s", "4.00 s"]
    assert [cells(west)[kind] for kind in ("compute", "wait")] == ["6.00 s", "0 s"]


def test_many_partners_have_no_rows() -> None:
    names = [f"p{number}" for number in range(MAX_PARTNERS + 1)]
    assert len(time_table(VIRTUAL, SPANS, names).rows) == 2


def test_the_path_is_summed_by_actor_and_kind() -> None:
    path = [
        Segment(actor=actor, kind=kind, start_sim_s=start, end_sim_s=end)
        for actor, kind, start, end in [
            ("north", "transfer", 0, 1),
            ("west", "compute", 1, 6),
            ("north", "transfer", 6, 8),
        ]
    ]
    assert path_table(path).rows == (
        ("west", "compute", "5.00 s", "62.5 %"),  # 5 / 8
        ("north", "transfer", "3.00 s", "37.5 %"),  # 1 + 2
    )


def test_the_longest_waits_are_shown_and_the_others_counted() -> None:
    waits = [
        Waiting(waiter="north", actor=f"p{number}", kind="compute", wait_sim_s=30.0 - number)
        for number in range(MAX_ROWS + 3)
    ]
    table = waits_table(waits)
    assert len(table.rows) == MAX_ROWS
    assert table.rows[0] == ("north", "p0", "compute", "30.0 s")
    assert table.note.endswith("3 shorter rows are not shown")


def test_waits_of_many_partners_are_added_up() -> None:
    waits = [
        Waiting(waiter=f"p{number}", actor="west", kind="compute", wait_sim_s=2.0)
        for number in range(MAX_PARTNERS + 1)
    ]
    waits += [Waiting(waiter="p1", actor="proxy", kind="merge", wait_sim_s=1.0)]
    assert waits_table(waits).rows == (
        ("13 together", "west", "compute", "26.0 s"),  # 13 * 2
        ("p1", "proxy", "merge", "1.00 s"),
    )


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, "throughput 16.0 /s, 800 B moved, cost 1.50 USD, energy 2.40 kJ"),
        ({"samples_per_sim_s": None}, "800 B moved, cost 1.50 USD, energy 2.40 kJ"),
        (
            {"mean_queue_sim_s": 0.25, "num_dropped": 1200},
            "throughput 16.0 /s, 800 B moved, cost 1.50 USD, energy 2.40 kJ, "
            "mean queue at servers 250 ms, work of partners lost: 1,200 times",
        ),
    ],
    ids=["all", "took no time", "with a proxy and faults"],
)
def test_facts_name_what_the_run_came_to(changed: dict[str, Any], told: str) -> None:
    assert list(facts(RECORD | {"virtual": VIRTUAL | changed})) == [
        "partner/allreduce: 8.00 s of virtual time for 2 partners; rounds: 1",
        told,
    ]


def printed(folder: Path, spans: list[Span]) -> str:
    (folder / "record.json").write_text(json.dumps(RECORD))
    rounds = {"start_sim_s": [0.0, 0.0], "end_sim_s": [0.0, 8.0]}
    pd.DataFrame(rounds).to_parquet(folder / "rounds.parquet")
    pd.DataFrame(spans, columns=list(SPAN_COLUMNS)).to_parquet(folder / "trace.parquet")
    console = Console(file=io.StringIO(), width=80)
    print_breakdown(folder, PARTNERS, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_all_is_printed_and_fits_a_terminal(tmp_path: Path) -> None:
    text = printed(tmp_path, SPANS)
    rows = [line.split() for line in text.splitlines()]
    assert ["west", "compute", "6.00", "s", "75.0", "%"] in rows
    assert ["north", "west", "compute", "4.00", "s"] in rows
    assert text.splitlines()[-1] == f"Record: {tmp_path / 'record.json'}"
    tables = text.rpartition("\nRecord:")[0]
    assert max(map(len, tables.splitlines())) <= 80


@pytest.mark.parametrize(("spans", "told"), [(SPANS, False), ([], True)])
def test_without_spans_it_says_what_is_missing(
    tmp_path: Path, spans: list[Span], told: bool
) -> None:
    text = printed(tmp_path, spans)
    assert ("trace_level=rounds keeps no spans" in text) is told
    assert ("Critical path" in text) is not told
