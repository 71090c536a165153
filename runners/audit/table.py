"""Owns an audit's table in the terminal."""

from runners.audit.examination import Audit
from runners.audit.result import Result
from runners.audit.trials import Detection, Interval
from runners.report.table import Table
from runners.report.units import DASH

COLUMNS = (
    "attack",
    "on",
    "AUC",
    "found at 1 % false",
    "by chance",
    "at 0.1 %",
    "ε at least",
    "also",
)


def audit_table(audit: Audit, name: str) -> Table:
    """Return a row for each attack."""
    accounted = audit.accounted
    spent = (
        f"accounted: ε = {accounted.epsilon:.3g}, δ = {accounted.delta:g} per {accounted.unit}"
        if accounted
        else "accounted: no ε"
    )
    return Table(
        title=f"What leaks from {name}",
        columns=COLUMNS,
        rows=tuple(_row(result) for result in audit.results),
        note=f"[95 % interval]; * above chance, p < 0.025; chance has AUC 0.5; {spent}",
    )


def _row(result: Result) -> tuple[str, ...]:
    if result.judgement is None:
        return (result.attack, DASH, *[DASH] * 5, f"left out: {result.reason}")
    one, tenth = result.judgement.detections
    return (
        result.attack,
        f"{result.judgement.num_positives} + {result.judgement.num_negatives}",
        _interval(result.judgement.auc, 3),
        _found(one),
        f"{one.chance_low:.1%} to {one.chance_high:.1%}",
        _found(tenth),
        DASH
        if result.epsilon is None
        else f"{result.epsilon.low:.2f} of {result.epsilon.ceiling:.2f}",
        _quality(result.quality),
    )


def _found(detection: Detection) -> str:
    rate = detection.rate
    mark = "*" if detection.p_value < 0.025 else ""
    return f"{rate.value:.1%} [{rate.low:.1%}, {rate.high:.1%}]{mark}"


def _interval(interval: Interval, num_decimals: int) -> str:
    value, low, high = (
        f"{one:.{num_decimals}f}" for one in (interval.value, interval.low, interval.high)
    )
    return f"{value} [{low}, {high}]"


def _quality(quality: dict[str, Interval]) -> str:
    """Return figures beside those of chance."""
    texts = []
    for name, interval in quality.items():
        if name.startswith("chance_"):
            continue
        chance = quality.get(f"chance_{name}")
        by_chance = f" (chance {chance.value:.3g})" if chance else ""
        texts.append(f"{name} {interval.value:.3g}{by_chance}")
    return ", ".join(texts) or DASH
