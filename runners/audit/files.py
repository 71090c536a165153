"""Owns an audit's file, audit.json, and how it is read again.

Root: `schema_version` 1; `config_hash` of the run; `settings` of the audit, by the names of
conf/audit.yaml; `total_wall_s`; `accounted`, the `epsilon`, `delta` and `unit` that the run's
record states, null where it states none; `attacks`, a list of

| key | what | null when |
|---|---|---|
| `attack` | its name | never |
| `kind` | `membership`, `reconstruction` or `property` | never |
| `question` | what its scores answer | never |
| `reason` | why the attack was left out | it was not |
| `judgement` | `num_positives`, `num_negatives`, `auc`, `detections`, `curve` | left out |
| `epsilon` | `low`, `ceiling` and `delta` of a lower bound on ε | not membership |
| `quality` | further figures by name, such as `psnr_db` | never; may be empty |

An ε (of examples) of `low` was spent at least, at 95 % confidence; 0 proves nothing. `ceiling` is
what a faultless attack would prove with as many trials. `quality` has `psnr_db` and `ssim` of
copies, `recall` and `precision` of tokens, and, as `chance_…`, what is had without any update.

`auc` and all of `quality` have `value`, `low` and `high`, a 95 % interval (DeLong; t over samples).
A detection says which part of the positives is found where at most `false_positive_rate` of the
negatives are taken for positives: `num_true_positives`, `num_false_positives`, `rate` (Clopper and
Pearson), `chance_low` and `chance_high` (where 95 % of guesses lie) and `p_value` (that a guess is
at least as good). `curve` has points of the ROC curve.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from runners.audit.examination import Audit
from runners.record import config_hash, write_atomically

NAME = "audit.json"
SCHEMA_VERSION = 1


def describe(audit: Audit) -> dict[str, Any]:
    """Return an audit as audit.json has it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "config_hash": config_hash(audit.subject.job.config),
        "settings": asdict(audit.settings),
        "total_wall_s": audit.total_wall_s,
        "accounted": asdict(audit.accounted) if audit.accounted else None,
        "attacks": [asdict(result) for result in audit.results],
    }


def write_audit(folder: Path, audit: Audit) -> None:
    """Write audit.json."""
    text = json.dumps(describe(audit), indent=1, allow_nan=False)
    write_atomically(folder / NAME, lambda path: path.write_text(text + "\n", encoding="utf-8"))
