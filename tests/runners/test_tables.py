"""Tables, summary and timeline of an outcome made by hand: two partners, three rounds."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runners import tables
from runners.tables import rounds_table, spans_table, virtual_summary, write_timeline
from sim.learner import Evaluation, Feedback
from sim.outcome import Outcome, ServerUse
from sim.tariff import Tariff
from sim.trace import Round, Span

SPANS: list[Span] = [
    (1, "north", "compute", 0.0, 1.5, 0.0),
    (1, "west", "compute", 0.0, 2.0, 0.0),
    (1, "north", "transfer", 1.5, 2.0, 400.0),
    (2, "proxy", "merge", 2.0, 2.25, 400.0),
]


SECONDS = dict.fromkeys(("compute", "protect", "transfer", "queue", "merge", "wait", "down"), 0.0)


def losses(*values: float) -> tuple[Callable[[], tuple[Feedback, ...]], ...]:
    """Return what a merge says when asked: each partner's loss."""
    told = tuple(
        Feedback(partner=number, train_loss=value, mean_square_loss=value**2, update_norm=1.0)
        for number, value in enumerate(values)
    )
    return (lambda: told,)


ROUNDS = [
    Round(
        round=0,
        start_sim_s=0.0,
        end_sim_s=0.0,
        num_participants=0,
        num_dropped=0,
        num_samples=0,
        num_bytes=0.0,
        partner_sim_s=SECONDS,
        feedback=(),
        evaluation=Evaluation(loss=2.3, accuracy=0.1),
    ),
    Round(
        round=1,
        start_sim_s=0.0,
        end_sim_s=2.0,
        num_participants=2,
        num_dropped=0,
        num_samples=64,
        num_bytes=400.0,
        partner_sim_s=SECONDS | {"compute": 3.5, "transfer": 0.5},
        feedback=losses(1.0, 2.0),
        evaluation=None,
    ),
    Round(
        round=2,
        start_sim_s=2.0,
        end_sim_s=5.0,
        num_participants=2,
        num_dropped=1,
        num_samples=128,
        num_bytes=1200.0,
        partner_sim_s=SECONDS | {"compute": 4.0, "transfer": 2.0},
        feedback=losses(0.5, 0.7),
        evaluation=Evaluation(loss=0.4, accuracy=0.9),
    ),
    Round(
        round=3,
        start_sim_s=5.0,
        end_sim_s=8.0,
        num_participants=2,
        num_dropped=2,
        num_samples=192,
        num_bytes=1600.0,
        partner_sim_s=SECONDS | {"compute": 4.0, "transfer": 2.0},
        feedback=losses(0.5, 0.5),
        evaluation=Evaluation(loss=0.3, accuracy=0.95),
    ),
]
LEARNED = Outcome(
    rounds=ROUNDS,
    spans=SPANS,
    models=(),
    answers_jointly=False,
    servers=(),
    ended_by="target",
)
TIME_ONLY = Outcome(
    rounds=[replace(one, feedback=(), evaluation=None) for one in ROUNDS],
    spans=SPANS,
    models=(),
    answers_jointly=False,
    servers=(),
    ended_by="budget",
)

TARIFF = Tariff(
    usd_per_partner_hour=3.6,
    usd_per_proxy_hour=7.2,
    usd_per_gb=10_000.0,
    busy_watts=100.0,
    idle_watts=20.0,
    usd_per_kwh=36.0,
)
SERVERS = (
    ServerUse(name="proxy", num_bytes=900.0, num_merged=4, mean_queue_sim_s=0.5, utilisation=0.25),
    ServerUse(name="relay", num_bytes=700.0, num_merged=0, mean_queue_sim_s=0.0, utilisation=0.0),
    ServerUse(name="west", num_bytes=1.0, num_merged=12, mean_queue_sim_s=0.1, utilisation=0.75),
    ServerUse(name="idle", num_bytes=0.0, num_merged=0, mean_queue_sim_s=0.0, utilisation=0.0),
)


def summary_of(outcome: Outcome, *, target_accuracy: float = 0.9) -> dict[str, Any]:
    return virtual_summary(
        outcome,
        rounds_table(outcome),
        num_partners=2,
        target_accuracy=target_accuracy,
        tariff=TARIFF,
    )


def test_a_round_is_a_row() -> None:
    table = rounds_table(LEARNED)
    assert table["round"].tolist() == [0, 1, 2, 3]
    assert table["start_sim_s"].tolist() == [0.0, 0.0, 2.0, 5.0]
    assert table["num_dropped"].tolist() == [0, 0, 1, 2]
    assert table["transfer_sim_s"].tolist() == [0.0, 0.5, 2.0, 2.0]
    assert table["test_loss"].tolist() == pytest.approx([2.3, math.nan, 0.4, 0.3], nan_ok=True)
    assert table["test_accuracy"].tolist() == pytest.approx([0.1, math.nan, 0.9, 0.95], nan_ok=True)
    # means over partners, (1.0 + 2.0) / 2 and (0.5 + 0.7) / 2; nobody trained in round 0
    assert table["train_loss"].tolist() == pytest.approx([math.nan, 1.5, 0.6, 0.5], nan_ok=True)


def test_nothing_learned_is_empty_and_not_zero() -> None:
    table = rounds_table(TIME_ONLY)
    assert table[["train_loss", "test_loss", "test_accuracy"]].isna().to_numpy().all()


def test_a_span_is_a_row() -> None:
    table = spans_table(SPANS)
    assert list(table.itertuples(index=False, name=None)) == SPANS
    assert list(spans_table([]).columns) == list(table.columns)


def test_the_summary_has_totals_and_means_per_partner() -> None:
    expected = {
        "total_sim_s": 8.0,
        "num_partners": 2,
        "num_rounds": 3,
        "num_dropped": 0 + 1 + 2,
        "num_samples": 192,
        "num_bytes": 1600.0,
        "samples_per_sim_s": 192 / 8.0,
        "target_accuracy": 0.9,
        "time_to_target_sim_s": 5.0,
        "bytes_to_target": 1200.0,
        "compute_sim_s": (3.5 + 4.0 + 4.0) / 2,
        "transfer_sim_s": (0.5 + 2.0 + 2.0) / 2,
        "queue_sim_s": 0.0,
        "merge_sim_s": 0.0,
        "wait_sim_s": 0.0,
        "down_sim_s": 0.0,
    }
    assert expected.items() <= summary_of(LEARNED).items()


def test_cost_and_energy_of_a_run_without_servers_by_hand() -> None:
    # The partners are busy for 3.5 + 4 + 4 = 11.5 s and idle for 0.5 + 2 + 2 = 4.5 s.
    joules = 100 * 11.5 + 20 * 4.5  # 1,240
    machines_usd = 16 * 3.6 / 3600  # 0.016
    traffic_usd = 1600 / 1e9 * 10_000  # 0.016
    energy_usd = joules / 3.6e6 * 36  # 0.0124
    summary = summary_of(LEARNED)
    assert summary["energy_joules"] == pytest.approx(1240) == joules
    assert summary["cost_usd"] == pytest.approx(0.0444)
    assert summary["cost_usd"] == pytest.approx(machines_usd + traffic_usd + energy_usd)


def test_every_server_that_something_went_through_is_paid_for() -> None:
    with_servers, without = summary_of(replace(LEARNED, servers=SERVERS)), summary_of(LEARNED)
    # three of the four, for 8 s at 7.2 USD an hour: 3 * 8 * 0.002
    assert with_servers["cost_usd"] - without["cost_usd"] == pytest.approx(0.048)
    assert with_servers["energy_joules"] == without["energy_joules"]
    assert (with_servers["num_servers"], without["num_servers"]) == (3, 0)


def test_queues_are_weighed_by_updates_and_utilisations_are_not() -> None:
    summary = summary_of(replace(LEARNED, servers=SERVERS))
    assert summary["num_merged"] == 4 + 12
    assert summary["mean_queue_sim_s"] == pytest.approx(0.2)  # (4 * 0.5 + 12 * 0.1) / 16
    assert summary["server_utilisation"] == pytest.approx(0.5)  # (0.25 + 0.75) / 2


@pytest.mark.parametrize("servers", [(), SERVERS[1:2], SERVERS[3:]])
def test_where_nothing_was_merged_there_is_no_queue(servers: tuple[ServerUse, ...]) -> None:
    summary = summary_of(replace(LEARNED, servers=servers))
    assert summary["num_merged"] == 0
    assert (summary["mean_queue_sim_s"], summary["server_utilisation"]) == (None, None)


def test_a_run_that_took_no_time_has_no_throughput() -> None:
    at_once = [replace(one, start_sim_s=0.0, end_sim_s=0.0) for one in ROUNDS]
    summary = summary_of(replace(TIME_ONLY, rounds=at_once))
    assert (summary["total_sim_s"], summary["samples_per_sim_s"]) == (0.0, None)


@pytest.mark.parametrize(
    ("outcome", "target_accuracy", "reached"),
    [
        (LEARNED, 0.1, (0.0, 0.0)),  # by the untrained model
        (LEARNED, 0.5, (5.0, 1200.0)),  # round 1 was not evaluated, so it can't count
        (LEARNED, 0.96, (None, None)),
        (TIME_ONLY, 0.1, (None, None)),
    ],
)
def test_the_target_is_reached_in_the_first_evaluated_round(
    outcome: Outcome, target_accuracy: float, reached: tuple[float | None, float | None]
) -> None:
    summary = summary_of(outcome, target_accuracy=target_accuracy)
    assert (summary["time_to_target_sim_s"], summary["bytes_to_target"]) == reached


def timeline(folder: Path, spans: list[Span]) -> dict[str, list[dict[str, Any]]]:
    """Return the events of a timeline by phase: X for spans, M for names."""
    write_timeline(folder / "timeline.json", spans, "proxy/federated")
    trace = json.loads((folder / "timeline.json").read_text())
    assert set(trace) == {"displayTimeUnit", "traceEvents"}
    return {
        phase: [event for event in trace["traceEvents"] if event["ph"] == phase] for phase in "MX"
    }


def test_the_timeline_is_a_chrome_trace_in_microseconds(tmp_path: Path) -> None:
    events = timeline(tmp_path, SPANS)
    names = {event["tid"]: event["args"]["name"] for event in events["M"] if "tid" in event}
    rows = [
        (names[event["tid"]], event["name"], event["ts"], event["dur"]) for event in events["X"]
    ]
    assert rows == [
        ("north", "compute", 0.0, 1.5e6),
        ("west", "compute", 0.0, 2e6),
        ("north", "transfer", 1.5e6, 0.5e6),
        ("proxy", "merge", 2e6, 0.25e6),
    ]
    assert events["M"][0]["args"] == {"name": "proxy/federated, virtual time"}
    assert events["X"][2]["args"] == {"round": 1, "bytes": 400.0}


def test_the_timeline_holds_the_first_spans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "TIMELINE_MAX_SPANS", 2)
    events = timeline(tmp_path, SPANS)
    assert [event["dur"] for event in events["X"]] == [1.5e6, 2e6]
    assert [event["args"]["name"] for event in events["M"][1:]] == ["north", "west"]


def test_the_timeline_of_no_spans_is_one_too(tmp_path: Path) -> None:
    assert timeline(tmp_path, [])["X"] == []
