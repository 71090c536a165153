"""Owns the tables of a choice: candidates by rank, and sets by what they come to."""

from typing import Any

import numpy as np
import pandas as pd

from runners.report.table import Table
from runners.report.units import format_value
from runners.select.choice import METHODS, Choice, Members


def candidate_rows(choice: Choice) -> pd.DataFrame:
    """Return a row for each candidate, the best first."""
    rows = []
    for number, one in enumerate(choice.candidates):
        row: dict[str, Any] = {"name": one.name, **one.figures}
        for method, scores in choice.scores.items():
            row[method] = float(scores[number])
            row[f"{method}_rank"] = int(_rank(scores, number))
        row["is_chosen"] = choice.chosen is not None and number in choice.chosen
        rows.append(row)
    return pd.DataFrame(rows).sort_values(f"{choice.method}_rank", ignore_index=True)


def set_rows(choice: Choice) -> pd.DataFrame:
    """Return a row for each simulated set, the cheapest first."""
    rows = [
        {
            "members": _names(choice, one.members),
            "num_samples": one.num_samples,
            "price_usd": one.price_usd,
            "total_sim_s": one.total_sim_s,
            "run_usd": one.run_usd,
            "cost_usd": one.cost_usd,
            "remark": _remark(choice, one.members),
        }
        for one in choice.consequences.values()
    ]
    return pd.DataFrame(rows).sort_values("cost_usd", ignore_index=True, kind="stable")


def ranking_table(choice: Choice) -> Table:
    """Return scores and ranks."""
    rows = [
        (
            row["name"],
            *(
                text
                for method in METHODS
                for text in (format_value(row[method], "score"), str(row[f"{method}_rank"]))
            ),
            f"{row['num_samples']:,.0f}",
            f"{row['price_usd']:,.2f}",
            "yes" if row["is_chosen"] else "",
        )
        for row in candidate_rows(choice).to_dict("records")
    ]
    return Table(
        title="Candidates",
        columns=(
            *("candidate", "TOPSIS", "rank", "weighted sum", "rank"),
            *("samples", "price, USD", "chosen"),
        ),
        rows=tuple(rows),
        note=f"scores from 0 to 1; chosen: by {METHODS[choice.method]}, in turn until the target "
        "is met, without those who are not needed",
    )


def sets_table(choice: Choice) -> Table:
    """Return the simulated sets that stand out, and the chosen one."""
    found = set_rows(choice)
    shown = found[found["remark"] != ""]
    rows = [
        (
            row["members"],
            f"{row['num_samples']:,}",
            format_value(row["total_sim_s"], "seconds"),
            f"{row['cost_usd']:,.2f}",
            row["remark"],
        )
        for row in shown.to_dict("records")
    ]
    return Table(
        title="Minimal sets that meet the target",
        columns=("members", "samples", "time", "cost, USD", "which is"),
        rows=tuple(rows),
        note=f"{len(found)} sets were simulated, {choice.num_sets} are minimal; time: the same "
        "work on the virtual clock; cost: prices, and the run by the tariff; sets.csv has all",
    )


def _rank(scores: np.ndarray, number: int) -> int:
    """Return 1 for the highest score; equal ones share a rank."""
    return 1 + int((scores > scores[number]).sum())


def _names(choice: Choice, members: Members) -> str:
    return " ".join(choice.candidates[one].name for one in members)


def _remark(choice: Choice, members: Members) -> str:
    words = ["chosen"] if members == choice.chosen else []
    words += [name for name, one in choice.extremes().items() if one == members]
    return ", ".join(words)
