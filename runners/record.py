"""Owns what a run leaves on disk: record.json, rounds.parquet, trace.parquet and timeline.json,
each whole or not there.

results/README.md has the column dictionary. A change of meaning or name raises SCHEMA_VERSION.
"""

import hashlib
import json
import math
import os
import platform
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.build import GROUPS
from runners.options import ConfigError, build_option, option_name
from runners.transport.logs import access_of

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 4
PACKAGES = ("accord", "torch", "horovod", "simpy", "hydra-core", "numpy", "pandas", "scikit-learn")

Config = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Say why a run has no result; `rank` is None where no rank was to blame."""

    rank: int | None
    message: str
    traceback: str | None


def describe(config: Config, status: str) -> dict[str, Any]:
    """Return the part of a record that does not depend on how the run went."""
    return {
        "schema_version": SCHEMA_VERSION,
        "status": status,
        "names": {group: _name(group, config) for group in GROUPS},
        "seed": config.get("seed"),
        "config": _readable(config),
        "config_hash": config_hash(config),
        "data_fingerprint": _data_fingerprint(config),
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "versions": _versions(),
        "hardware": _hardware(),
        "virtual": None,
        "wall": None,
        "privacy": None,
        "metrics": None,
        "access": None,
        "error": None,
    }


def config_hash(config: Config) -> str:
    """Return 16 hex digits that change with any resolved setting, the seed included."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:16]


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write record.json; it is written last, so a folder that has it is complete."""
    text = json.dumps(record, indent=2, allow_nan=False)
    write_atomically(folder / "record.json", lambda path: path.write_text(text + "\n"))


def write_failure(folder: Path, config: Config, status: str, failure: Failure) -> None:
    """Write the record of a run that has no result, so that it can't vanish from a comparison."""
    parts = {"access": access_of(folder, config), "error": vars(failure)}
    write_record(folder, describe(config, status) | parts)


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a parquet file; the same table gives the same bytes."""
    write_atomically(path, lambda part: table.to_parquet(part, index=False, compression="zstd"))


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _readable(value: Any) -> Any:
    """Return a config in which a number that JSON can't hold, such as infinity, is its name."""
    if isinstance(value, Mapping):
        return {key: _readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _name(group: str, config: Config) -> str | None:
    """Return an option's name, None where the config is too broken to have one."""
    try:
        return option_name(group, config[group])
    except (KeyError, TypeError, AttributeError):
        return None


def _data_fingerprint(config: Config) -> str | None:
    """Return what the task's data say of their contents; None where they say nothing, or can't be
    had. In a process that has built the run, its data are at hand already.
    """
    try:
        data = build_option("data", config["task"]["data"], "task.data")
    except (ConfigError, KeyError, TypeError):
        return None
    fingerprint: Callable[[], str] | None = getattr(data, "fingerprint", None)
    return fingerprint() if fingerprint else None


@cache
def _versions() -> dict[str, str]:
    installed = {name: _version(name) for name in PACKAGES}
    return {
        "python": platform.python_version(),
        **{name: version for name, version in installed.items() if version},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@cache
def _commit() -> str | None:
    """Return the commit of the code, with `+changes` when the tree has others; None outside a
    checkout.
    """
    here = Path(__file__).parent
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
        status = subprocess.run(
            ["git", "status", "--porcelain"], cwd=here, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+changes" if status.stdout.strip() else "")


@cache
def _hardware() -> dict[str, Any]:
    import psutil

    return {
        "cpu": _cpu_name(),
        "num_cores": len(psutil.Process().cpu_affinity())
        if hasattr(psutil.Process, "cpu_affinity")
        else os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpus": _gpu_names(),
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _gpu_names() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return []
    return answer.stdout.split("\n")[:-1]
