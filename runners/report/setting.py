"""Owns the description of what was run, so that a reader can judge it and repeat it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from runners.report.load import NAMES, Sweep
from runners.report.table import Table
from runners.report.units import DASH, format_value

MAX_PARTNERS_NAMED = 12


def describe(sweep: Sweep) -> Table:
    """Return what the runs have in common, one fact a row; what differs is listed with commas."""
    records = list(sweep.records.values())
    rows = [(name, _distinct(record["names"].get(name) for record in records)) for name in NAMES]
    rows += [
        (
            "tariff",
            _distinct(_tariff(sweep.records[run]["config"]) for run in sweep.finished["run"]),
        ),
        ("partners", _partners(sweep)),
        ("seeds", _distinct(record["seed"] for record in records)),
        (
            "target accuracy",
            _distinct(format_value(target, "fraction") for target in sweep.targets),
        ),
        ("ranks", _distinct(_number(num_ranks) for num_ranks in sweep.runs["num_ranks"].dropna())),
        ("cohort engines", _distinct(_engines(records))),
        ("measured wall time", _wall_time(sweep)),
        ("machine", _distinct(_machine(record["hardware"]) for record in records)),
        ("versions", _distinct(_versions(record["versions"]) for record in records)),
        ("commit", _distinct(record["commit"] or "not in a git repository" for record in records)),
        ("made", f"{sweep.runs['created_utc'].min()} to {sweep.runs['created_utc'].max()}"),
        ("command", find_command(sweep.folder) or DASH),
    ]
    known = tuple(row for row in rows if row[1] != DASH)
    return Table(title="The setting", columns=("what", "value"), rows=known, num_text_columns=2)


def find_command(sweep_dir: Path) -> str | None:
    """Return the command that made the sweep, from what Hydra left there; None without."""
    path = sweep_dir / "multirun.yaml"
    if not path.exists():
        return None
    import yaml

    hydra = yaml.safe_load(path.read_text(encoding="utf-8"))["hydra"]
    return shlex.join(
        ["python", "-m", f"runners.{hydra['job']['config_name']}", *hydra["overrides"]["task"]]
    )


def _tariff(config: Mapping[str, Any]) -> str:
    """Return prices and powers under their names in the config."""
    return " · ".join(f"{name} {value:g}" for name, value in config["tariff"].items())


def _partners(sweep: Sweep) -> str:
    names = [str(name) for name in sweep.partners["partner"].unique()]
    if names:
        more = (
            f" and {len(names) - MAX_PARTNERS_NAMED} more"
            if len(names) > MAX_PARTNERS_NAMED
            else ""
        )
        return f"{len(names)}: {', '.join(names[:MAX_PARTNERS_NAMED])}{more}"
    return _distinct(_number(one) for one in sweep.runs["num_partners"].dropna())


def _engines(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the names of the engines that trained, without the reasons for them."""
    for record in records:
        for engine in (record["wall"] or {}).get("engines", ()):
            yield engine.partition(":")[0]


def _wall_time(sweep: Sweep) -> str:
    seconds = sweep.runs["total_wall_s"].dropna()
    if seconds.empty:
        return DASH
    return f"{format_value(float(seconds.sum()), 'seconds')} for {len(seconds)} runs"


def _machine(hardware: Mapping[str, Any]) -> str:
    gpus = ", ".join(str(gpu) for gpu in hardware.get("gpus") or ()) or "no GPU"
    memory = hardware.get("memory_bytes")
    parts = [
        str(hardware.get("cpu") or "unknown CPU"),
        f"{hardware.get('num_cores', '?')} cores",
        *([format_value(float(memory), "bytes")] if memory else []),
        gpus,
    ]
    return ", ".join(parts)


def _versions(versions: Mapping[str, str]) -> str:
    return " · ".join(f"{name} {version}" for name, version in versions.items())


def _number(value: float) -> str:
    return str(int(value))


def _distinct(values: Iterable[Any]) -> str:
    texts = list(dict.fromkeys(str(value) for value in values if value is not None))
    return ", ".join(texts) if texts else DASH
