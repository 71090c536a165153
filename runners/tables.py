"""Owns the step from a simulation's outcome to tables: rounds, spans, the virtual summary and the
timeline.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from runners.record import write_atomically
from sim.outcome import Outcome, ServerUse
from sim.tariff import Tariff, Usage, usage_of
from sim.trace import KINDS, SPAN_COLUMNS, Round, Span

FORECASTS = (
    "predicted_sim_s",
    "predicted_low_sim_s",
    "predicted_high_sim_s",
    "predicted_train_loss",
)
"""Columns of what the proxy has expected of a round."""

TIMELINE_MAX_SPANS = 100_000
"""A timeline holds the first spans: viewers grow slow, and the parquet file has them all.
"""


def rounds_table(outcome: Outcome) -> pd.DataFrame:
    """Return one row per round; asks for all feedback, so every rank must call it."""
    rows = [
        {
            "round": one.round,
            "start_sim_s": one.start_sim_s,
            "end_sim_s": one.end_sim_s,
            "num_participants": one.num_participants,
            "num_dropped": one.num_dropped,
            "num_samples": one.num_samples,
            "num_bytes": one.num_bytes,
            **{f"{kind}_sim_s": one.partner_sim_s[kind] for kind in KINDS},
            **_forecast_columns(one),
            "train_loss": _mean_train_loss(one),
            "test_loss": one.evaluation.loss if one.evaluation else math.nan,
            "test_accuracy": one.evaluation.accuracy if one.evaluation else math.nan,
        }
        for one in outcome.rounds
    ]
    return pd.DataFrame(rows)


def _forecast_columns(one: Round) -> dict[str, float]:
    """Return what was expected of a round, from its own start on; NaN where nothing was."""
    forecast = one.forecast
    if forecast is None:
        return dict.fromkeys(FORECASTS, math.nan)
    waited_sim_s = forecast.since_sim_s - one.start_sim_s
    seconds = (forecast.took_sim_s, forecast.low_sim_s, forecast.high_sim_s)
    told = [math.nan if one is None else waited_sim_s + one for one in seconds]
    loss = math.nan if forecast.train_loss is None else forecast.train_loss
    return dict(zip(FORECASTS, [*told, loss], strict=True))


def _calibration(rounds: pd.DataFrame) -> dict[str, Any]:
    """Return how far forecasts were off; None where there were none."""
    took_sim_s = rounds["end_sim_s"] - rounds["start_sim_s"]
    has_interval = rounds["predicted_low_sim_s"].notna()
    inside = took_sim_s.between(rounds["predicted_low_sim_s"], rounds["predicted_high_sim_s"])
    return {
        "forecast_error": _mean_error(rounds["predicted_sim_s"], took_sim_s),
        "forecast_coverage": float(inside[has_interval].mean()) if has_interval.any() else None,
        "loss_forecast_error": _mean_error(rounds["predicted_train_loss"], rounds["train_loss"]),
    }


def _mean_error(predicted: "pd.Series[float]", actual: "pd.Series[float]") -> float | None:
    """Return the mean of |predicted − actual| / actual where both are known."""
    errors = (predicted - actual).abs() / actual.where(actual > 0)
    return float(errors.mean()) if errors.notna().any() else None


def spans_table(spans: Sequence[Span]) -> pd.DataFrame:
    """Return one row per span, in the order in which they began to be known."""
    return pd.DataFrame(spans, columns=list(SPAN_COLUMNS))


def virtual_summary(
    outcome: Outcome,
    rounds: pd.DataFrame,
    *,
    num_partners: int,
    target_accuracy: float,
    tariff: Tariff,
) -> dict[str, Any]:
    """Return a record's `virtual` part: totals, means per partner, costs, servers, and when the
    target was reached (None: missed).
    """
    last = rounds.iloc[-1]
    usage = _usage(outcome, rounds)
    reached = rounds[rounds["test_accuracy"] >= target_accuracy]
    total_sim_s = float(last["end_sim_s"])
    return {
        "total_sim_s": total_sim_s,
        "num_partners": num_partners,
        "num_rounds": len(rounds) - 1,
        "num_dropped": int(rounds["num_dropped"].sum()),
        "num_samples": int(last["num_samples"]),
        "num_bytes": float(last["num_bytes"]),
        "samples_per_sim_s": float(last["num_samples"]) / total_sim_s if total_sim_s else None,
        "target_accuracy": target_accuracy,
        "time_to_target_sim_s": float(reached["end_sim_s"].iloc[0]) if len(reached) else None,
        "bytes_to_target": float(reached["num_bytes"].iloc[0]) if len(reached) else None,
        **{f"{kind}_sim_s": float(rounds[f"{kind}_sim_s"].sum()) / num_partners for kind in KINDS},
        "cost_usd": tariff.usd(usage),
        "energy_joules": tariff.energy_joules(usage),
        **_servers(outcome.servers),
        **_calibration(rounds),
        "ended_by": outcome.ended_by,
    }


def _usage(outcome: Outcome, rounds: pd.DataFrame) -> Usage:
    """Return what is paid for; a server that nothing went through is not rented."""
    last = rounds.iloc[-1]
    return usage_of(
        {kind: float(rounds[f"{kind}_sim_s"].sum()) for kind in KINDS},
        total_sim_s=float(last["end_sim_s"]),
        num_proxies=sum(server.num_bytes > 0 for server in outcome.servers),
        sent_bytes=float(last["num_bytes"]),
    )


def _servers(servers: Sequence[ServerUse]) -> dict[str, Any]:
    """Return what the servers did together; None where none merged anything."""
    busy = [server for server in servers if server.num_merged]
    num_merged = sum(server.num_merged for server in busy)
    queued_sim_s = sum(server.num_merged * server.mean_queue_sim_s for server in busy)
    return {
        "num_servers": sum(server.num_bytes > 0 for server in servers),
        "num_merged": num_merged,
        "mean_queue_sim_s": queued_sim_s / num_merged if num_merged else None,
        "server_utilisation": sum(server.utilisation for server in busy) / len(busy)
        if busy
        else None,
    }


def write_timeline(path: Path, spans: Sequence[Span], mode: str) -> None:
    """Write the virtual timeline as a Chrome trace, which ui.perfetto.dev opens."""
    shown = spans[:TIMELINE_MAX_SPANS]
    threads = {
        actor: thread for thread, actor in enumerate(dict.fromkeys(span[1] for span in shown))
    }
    names = [
        {"ph": "M", "name": "thread_name", "pid": 0, "tid": thread, "args": {"name": actor}}
        for actor, thread in threads.items()
    ]
    process = {
        "ph": "M",
        "name": "process_name",
        "pid": 0,
        "args": {"name": f"{mode}, virtual time"},
    }
    events = [process, *names, *(_timeline_event(span, threads) for span in shown)]
    text = json.dumps({"displayTimeUnit": "ms", "traceEvents": events})
    write_atomically(path, lambda part: part.write_text(text))


def _timeline_event(span: Span, threads: Mapping[str, int]) -> dict[str, Any]:
    round_, actor, kind, start_sim_s, end_sim_s, num_bytes = span
    return {
        "ph": "X",
        "name": kind,
        "cat": kind,
        "pid": 0,
        "tid": threads[actor],
        "ts": start_sim_s * 1e6,  # the format's unit is the microsecond
        "dur": (end_sim_s - start_sim_s) * 1e6,
        "args": {"round": round_, "bytes": num_bytes},
    }


def _mean_train_loss(one: Round) -> float:
    losses = [feedback.train_loss for ask in one.feedback for feedback in ask()]
    return sum(losses) / len(losses) if losses else math.nan
