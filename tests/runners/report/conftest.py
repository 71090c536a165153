"""Build sweeps on disk in the format that runners/record.py writes, with synthetic figures."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from runners.record import SCHEMA_VERSION
from sim.trace import KINDS

PARTNERS = ("north", "south", "east", "west")
NUM_ROUNDS = 10
ROUND_SIM_S = {"partner/allreduce": 2.0, "proxy/federated": 5.0, "solo": 1.5, "pool": 4.0}
ROUND_BYTES = {"partner/allreduce": 4e6, "proxy/federated": 5e5, "solo": 0.0}
POOLED_BYTES = 3e7
FINAL_ACCURACY = {"partner/allreduce": 0.92, "proxy/federated": 0.91, "solo": 0.8, "pool": 0.93}


@dataclass(kw_only=True)
class SweepFactory:
    """Write runs below `folder`; each method adds one run and returns its folder."""

    folder: Path
    num_runs: int = field(default=0)

    def finished(
        self,
        mode: str,
        seed: int,
        *,
        accuracy: float | None = None,
        target: float = 0.9,
        learner: str = "horovod",
        virtual: dict[str, Any] | None = None,
        names: dict[str, str] | None = None,
        config: dict[str, Any] | None = None,
    ) -> Path:
        """Add a finished run; `virtual` replaces figures of the record."""
        rounds = _rounds(mode, seed, accuracy, learner)
        record = _record(mode, seed, "finished", learner)
        record["names"] |= names or {}
        record["config"] |= config or {}
        record["virtual"] = _virtual(rounds, target) | (virtual or {})
        if learner != "none":
            record["metrics"] = _metrics(float(rounds["test_accuracy"].iloc[-1]))
            record["wall"] = {
                "num_ranks": 2, "train_wall_s": 3.0, "communicate_wall_s": 1.0,
                "evaluate_wall_s": 0.5,
                "checkpoint_wall_s": 0.1,
                "total_wall_s": 5.0, "samples_per_wall_s": 4000.0, "num_resumes": 0,
                "engines": [f"loop: few jobs, {seed + 1}"],
            }  # fmt: skip
        run_dir = self._write(record)
        rounds.to_parquet(run_dir / "rounds.parquet")
        _spans(rounds, mode).to_parquet(run_dir / "trace.parquet")
        return run_dir

    def failed(
        self, mode: str, seed: int, message: str, *, status: str = "failed", rank: int | None = 1
    ) -> Path:
        """Add a run that left nothing but its record."""
        record = _record(mode, seed, status, "horovod")
        record["error"] = {"rank": rank, "message": message, "traceback": None}
        return self._write(record)

    def _write(self, record: dict[str, Any]) -> Path:
        run_dir = self.folder / str(self.num_runs)
        run_dir.mkdir(parents=True)
        self.num_runs += 1
        (run_dir / "record.json").write_text(json.dumps(record))
        return run_dir


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFactory:
    return SweepFactory(folder=tmp_path / "sweep")


@pytest.fixture
def full_sweep(sweep: SweepFactory) -> SweepFactory:
    """Four modes on three seeds, one of them failed."""
    for mode in ROUND_SIM_S:
        for seed in range(3):
            if (mode, seed) == ("proxy/federated", 2):
                sweep.failed(mode, seed, "rank 1 ran out of memory <oom>")
            else:
                sweep.finished(mode, seed)
    return sweep


def _record(mode: str, seed: int, status: str, learner: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "names": {
            "mode": mode, "task": "mnist_mlp", "scenario": "listed", "partition": "dirichlet",
            "topology": "star", "transport": "ideal", "bandwidth": "constant",
            "variability": "none", "availability": "always", "fault": "none", "agent": "static",
            "privacy": "none", "anonymisation": "none", "aggregation": "mean",
            "hardware": "cpu_core", "learner": learner,
        },
        "seed": seed,
        "config": {"seed": seed, "mode": {"name": mode}, "tariff": {"usd_per_gb": 0.09}},
        "config_hash": f"{mode}-{seed}",
        "created_utc": "2026-01-01T00:00:00+00:00",
        "commit": "0123abc",
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "hardware": {"cpu": "A CPU", "num_cores": 2, "memory_bytes": 8_000_000_000, "gpus": []},
        "virtual": None,
        "wall": None,
        "privacy": None,
        "metrics": None,
        "error": None,
    }  # fmt: skip


def _rounds(mode: str, seed: int, accuracy: float | None, learner: str) -> pd.DataFrame:
    """Return rounds 0 to 10; accuracy rises from 0.1 to the final one of the seed."""
    number = np.arange(NUM_ROUNDS + 1)
    final = (
        FINAL_ACCURACY.get(mode, 0.9) + 0.01 * np.sin(seed + len(mode))
        if accuracy is None
        else accuracy
    )
    round_sim_s = ROUND_SIM_S.get(mode, 3.0) * (1 + 0.02 * np.cos(3 * seed + len(mode)))
    num_bytes = (
        ROUND_BYTES.get(mode, 1e6) * number if mode != "pool" else POOLED_BYTES * (number > 0)
    )
    shares = [0.5, 0.05, 0.25, 0.03, 0.02, 0.1, 0.05]
    if not mode.startswith("proxy"):
        shares = [0.5, 0.0, 0.3, 0.0, 0.0, 0.15, 0.05]
    return pd.DataFrame(
        {
            "round": number,
            "start_sim_s": np.maximum(number - 1, 0) * round_sim_s,
            "end_sim_s": number * round_sim_s,
            "num_participants": np.where(number > 0, len(PARTNERS), 0),
            "num_dropped": 0,
            "num_samples": 1000 * number,
            "num_bytes": num_bytes,
            **{
                f"{kind}_sim_s": share * round_sim_s * len(PARTNERS) * (number > 0)
                for kind, share in zip(KINDS, shares, strict=True)
            },
            "train_loss": np.exp(-number / 5.0),
            "test_loss": np.exp(-number / 5.0),
            "test_accuracy": _accuracies(number, final) if learner != "none" else np.nan,
        }
    )


def _accuracies(number: "np.ndarray", final: float) -> "np.ndarray":
    rise = (1 - np.exp(-number / 2.5)) / (1 - np.exp(-NUM_ROUNDS / 2.5))
    return np.where((number % 2 == 0), 0.1 + (final - 0.1) * rise, np.nan)


def _virtual(rounds: pd.DataFrame, target: float) -> dict[str, Any]:
    last = rounds.iloc[-1]
    reached = rounds[rounds["test_accuracy"] >= target]
    return {
        "total_sim_s": float(last["end_sim_s"]),
        "num_partners": len(PARTNERS),
        "num_rounds": NUM_ROUNDS,
        "num_dropped": 0,
        "num_samples": int(last["num_samples"]),
        "num_bytes": float(last["num_bytes"]),
        "samples_per_sim_s": float(last["num_samples"] / last["end_sim_s"]),
        "target_accuracy": target,
        "time_to_target_sim_s": float(reached["end_sim_s"].iloc[0]) if len(reached) else None,
        "bytes_to_target": float(reached["num_bytes"].iloc[0]) if len(reached) else None,
        **{f"{kind}_sim_s": float(rounds[f"{kind}_sim_s"].sum() / len(PARTNERS)) for kind in KINDS},
        "cost_usd": 0.09 * float(last["num_bytes"]) / 1e9,
        "energy_joules": 7.0 * float(rounds["compute_sim_s"].sum()),
        "num_servers": 0,
        "num_merged": 0,
        "mean_queue_sim_s": None,
        "server_utilisation": None,
    }


def _metrics(accuracy: float) -> dict[str, Any]:
    def at(value: float) -> dict[str, Any]:
        return {
            "loss": 1 - value,
            "accuracy": value,
            "macro_recall": value,
            "macro_f1": value,
            "roc_auc": None,
        }

    partners = {name: at(accuracy - 0.02 * number) for number, name in enumerate(PARTNERS)}
    return {"overall": at(accuracy) | {"roc_auc": 0.99}, "partners": partners}


def _spans(rounds: pd.DataFrame, mode: str) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for row in rounds.iloc[1:].to_dict("records"):
        for partner in PARTNERS:
            now = row["start_sim_s"]
            for kind in KINDS:
                end = now + row[f"{kind}_sim_s"] / len(PARTNERS)
                if end > now:
                    rows.append(
                        {
                            "round": row["round"],
                            "actor": partner,
                            "kind": kind,
                            "start_sim_s": now,
                            "end_sim_s": end,
                        }
                    )
                now = end
        if mode.startswith("proxy"):
            end = row["end_sim_s"]
            rows.append(
                {
                    "round": row["round"],
                    "actor": "proxy",
                    "kind": "merge",
                    "start_sim_s": end - 0.2,
                    "end_sim_s": end,
                }
            )
    return pd.DataFrame(rows).assign(num_bytes=1e6)
