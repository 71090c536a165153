"""Owns a study's files beside the run's config.yaml, and how they are named.

| file | what |
|---|---|
| `contribution.csv` | a row for each partner, below |
| `methods.csv` | a row for each method: what it took, and how far it is from the first |
| `contribution.json` | both, with the settings, `config_hash` and `commit` |
| `report.md`, `contribution.png` | tables and a picture for a repository |
| `coalitions.jsonl` | what each coalition is worth (`kept_values`) |

`contribution.csv`: `partner`; `num_samples`; `is_malicious` (the attack's); the methods' values
`exact` (up to 8 partners), `monte_carlo` and `monte_carlo_standard_error`, `one_round`,
`every_round`, `alignment`, in the unit of the metric (accuracy, or nats of loss saved);
`paid_equal_usd`, `paid_by_data_usd`, `paid_by_contribution_usd`, empty where nobody's contribution
is above 0.

`methods.csv`: `method`; `num_trained` coalitions; `num_orders` and `has_converged` of Monte Carlo;
`mean_error` and `relative_error` (÷ the mean absolute reference), `rank_correlation` (Spearman),
empty for the reference.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from runners.contribution.payout import CENTS_PER_USD, payouts, whole_cents
from runners.contribution.settings import Settings
from runners.contribution.study import Study
from runners.record import config_hash, describe, write_atomically
from runners.report.files import write_text

SCHEMA_VERSION = 1
JSON_NAME, PARTNERS_NAME, METHODS_NAME = "contribution.json", "contribution.csv", "methods.csv"


@dataclass(frozen=True, kw_only=True)
class Told:
    """Hold a study with what its tables need of the run: who the partners are, what they hold."""

    study: Study
    settings: Settings
    config: dict[str, Any]
    partners: tuple[str, ...]
    num_samples: tuple[int, ...]
    malicious: tuple[str, ...]


def write_files(folder: Path, told: Told) -> None:
    """Write contribution.csv, methods.csv and contribution.json."""
    partners, methods = partner_rows(told), method_rows(told.study)
    for name, rows in ((PARTNERS_NAME, partners), (METHODS_NAME, methods)):
        table = pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")
        write_text(folder / name, table)
    text = json.dumps(_describe(told, partners, methods), indent=1, allow_nan=False)
    write_atomically(folder / JSON_NAME, lambda path: path.write_text(text + "\n"))


def partner_rows(told: Told) -> list[dict[str, Any]]:
    """Return a row for each partner."""
    paid = payouts(
        whole_cents(told.settings.sum_usd), told.num_samples, told.study.reference.values
    )
    rows = []
    for number, name in enumerate(told.partners):
        row: dict[str, Any] = {
            "partner": name,
            "num_samples": told.num_samples[number],
            "is_malicious": name in told.malicious,
        }
        for one in told.study.methods:
            row[one.method] = one.values[number]
            if one.standard_errors is not None:
                row[f"{one.method}_standard_error"] = one.standard_errors[number]
        for rule, cents in paid.items():
            row[f"paid_{rule}_usd"] = None if cents is None else cents[number] / CENTS_PER_USD
        rows.append(row)
    return rows


def method_rows(found: Study) -> list[dict[str, Any]]:
    """Return a row for each method."""
    nothing = dict.fromkeys(("mean_error", "relative_error", "rank_correlation"))
    return [
        {
            "method": one.method,
            "num_trained": one.num_trained,
            "num_orders": one.num_orders,
            "has_converged": one.has_converged,
            **(asdict(one.against) if one.against else nothing),
        }
        for one in found.methods
    ]


def _describe(
    told: Told, partners: list[dict[str, Any]], methods: list[dict[str, Any]]
) -> dict[str, Any]:
    record = describe(told.config, "finished")
    kept = ("names", "seed", "config", "created_utc", "commit", "versions", "hardware")
    return {
        "schema_version": SCHEMA_VERSION,
        "config_hash": config_hash(told.config),
        **{key: record[key] for key in kept},
        "settings": asdict(told.settings),
        "num_rounds": told.study.num_rounds,
        "value_of_nobody": told.study.value_of_nobody,
        "value_of_all": told.study.value_of_all,
        "partners": partners,
        "methods": methods,
    }
