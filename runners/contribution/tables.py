"""Owns the tables of a study: partners' contributions, their payouts, and methods."""

from typing import Any

from runners.contribution.files import Told, partner_rows
from runners.contribution.study import Contributions
from runners.report.table import Table
from runners.report.units import DASH, MINUS, format_value

TITLES = {
    "exact": "exact",
    "monte_carlo": "Monte Carlo",
    "one_round": "one round",
    "every_round": "every round",
    "alignment": "alignment",
}
NUM_DECIMALS = {"accuracy": 1, "loss": 3}


def partners_table(told: Told) -> Table:
    """Return a row for each partner and one for all together."""
    methods = told.study.methods
    rows = [
        (
            _name(row),
            f"{row['num_samples']:,}",
            *(_contribution(told, one, number) for one in methods),
        )
        for number, row in enumerate(partner_rows(told))
    ]
    total = (
        *("together", f"{sum(told.num_samples):,}"),
        *(_points(told, sum(one.values)) for one in methods),
    )
    return Table(
        title=f"Contributions to {told.settings.metric}",
        columns=("partner", "samples", *(TITLES[one.method] for one in methods)),
        rows=(*rows, total),
        note=_note(told),
    )


def payouts_table(told: Told) -> Table:
    """Return what each rule pays each partner."""
    rules = ("equal", "by_data", "by_contribution")
    rows = [
        (_name(row), *(_usd(row[f"paid_{rule}_usd"]) for rule in rules))
        for row in partner_rows(told)
    ]
    return Table(
        title=f"{_usd(told.settings.sum_usd)} USD divided",
        columns=("partner", *(rule.replace("_", " ") for rule in rules)),
        rows=tuple(rows),
        note=f"by contribution: {TITLES[told.study.reference.method]}; one below 0 is paid nothing",
    )


def methods_table(told: Told) -> Table:
    """Return a row for each method: what it takes, and how near it comes."""
    rows = []
    for one in told.study.methods:
        found = one.against
        relative = None if found is None else found.relative_error
        rank = None if found is None else found.rank_correlation
        rows.append(
            (
                TITLES[one.method],
                str(one.num_trained),
                _orders(one),
                DASH if found is None else _points(told, found.mean_error),
                DASH if relative is None else format_value(relative, "fraction"),
                DASH if rank is None else format_value(rank, "score"),
            )
        )
    return Table(
        title="Methods",
        columns=("method", "trainings", "orders", "mean error", "relative", "rank correlation"),
        rows=tuple(rows),
        note=f"errors and Spearman's rank correlation against {TITLES[told.study.reference.method]}"
        "; orders of joining that were drawn, + where the estimate still moved",
    )


def _name(row: dict[str, Any]) -> str:
    return f"{row['partner']} (malicious)" if row["is_malicious"] else str(row["partner"])


def _note(told: Told) -> str:
    found = told.study
    unit = "points of accuracy" if told.settings.metric == "accuracy" else "nats of loss saved"
    nobody, everyone = (
        format_value(abs(value), "fraction" if told.settings.metric == "accuracy" else "score")
        for value in (found.value_of_nobody, found.value_of_all)
    )
    return (
        f"Shapley values in {unit}: {nobody} untrained, {everyone} with all after "
        f"{found.num_rounds} rounds; Monte Carlo ± its standard error"
    )


def _contribution(told: Told, one: Contributions, partner: int) -> str:
    text = _points(told, one.values[partner])
    if one.standard_errors is None:
        return text
    return f"{text} ± {_points(told, one.standard_errors[partner])}"


def _points(told: Told, value: float) -> str:
    metric = told.settings.metric
    scaled = 100 * value if metric == "accuracy" else value
    return f"{scaled:.{NUM_DECIMALS[metric]}f}".replace("-", MINUS)


def _usd(value: float | None) -> str:
    return DASH if value is None else f"{value:,.2f}"


def _orders(one: Contributions) -> str:
    if one.num_orders is None:
        return DASH
    return f"{one.num_orders}{'' if one.has_converged else '+'}"
