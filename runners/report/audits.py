"""Owns how a report reads audits: the audit.json beside a run's record, which `runners.audit.files`
describes. No tensor library.
"""

import json
from pathlib import Path
from typing import Any

NAME = "audit.json"
SCHEMA_VERSION = 1
MEMBERSHIP = ("lira_online", "loss_threshold")
"""Attacks on membership, of which the first that a run has speaks for all."""


def read_audit(path: Path) -> dict[str, Any]:
    """Return what an audit.json holds; raises ValueError where another version wrote it."""
    audit: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if audit["schema_version"] != SCHEMA_VERSION:
        raise ValueError(
            f"{path} has schema_version {audit['schema_version']!r}, this report reads "
            f"{SCHEMA_VERSION}; run `python -m runners.audit` again, or remove it"
        )
    return audit
