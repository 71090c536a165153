"""Owns the names of a run's logs of accesses, and what its record says of them. Reads only the
signed heads, checks nothing, and needs no cryptography: `runners.transport.verify` checks.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEAD_SUFFIX = ".head"


def path_of(folder: Path, number: int) -> Path:
    """Return where a run's log is: number 1 is its first, one more for each time it went on."""
    return folder / ("access.jsonl" if number == 1 else f"access-{number}.jsonl")


def access_of(folder: Path, config: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return a record's `access` part, what the heads of the logs say; None for a run that seals
    nothing.
    """
    learner = config.get("learner")
    if not isinstance(learner, Mapping) or not learner.get("sealed"):
        return None
    return heads_in(folder)


def heads_in(folder: Path) -> list[dict[str, Any]]:
    """Return what the heads of a run's logs say, the first one first: `file`, the public `key` that
    signs it, `num_entries`, and `head`.
    """
    found = {path.name.removesuffix(HEAD_SUFFIX) for path in folder.glob("access*.jsonl*")}
    names = sorted(found, key=lambda name: (len(name), name))
    return [{"file": name, **_head(folder / name)} for name in names]


def _head(path: Path) -> dict[str, Any]:
    """Return a log's signed state; None for what can't be read, which no check will let pass."""
    try:
        fields = json.loads(path.with_name(path.name + HEAD_SUFFIX).read_text())
        return {name: fields[name] for name in ("key", "num_entries", "head")}
    except (OSError, ValueError, KeyError, TypeError):
        return dict.fromkeys(("key", "num_entries", "head"))
