"""Owns the answer of a report: partner mode or proxy mode, in sentences built from the figures.

Where a side has several modes, the one that reaches the target soonest stands for it, else the most
accurate, else the one with the highest throughput.
"""

import math
from dataclasses import dataclass, replace

from runners.report.compare import (
    Comparison,
    Difference,
    PairedMean,
    Summary,
    paired_difference,
    pairs_by_seed,
)
from runners.report.load import Sweep
from runners.report.quantities import (
    ACCURACY,
    BYTES,
    COST,
    THROUGHPUT,
    TIME_TO_TARGET,
    Quantity,
)
from runners.report.table import interval_text
from runners.report.units import DASH, format_differences, format_ratio, format_value


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The two modes that stand for partner mode and for proxy mode."""

    partner: Summary
    proxy: Summary


def answer(sweep: Sweep, comparison: Comparison) -> tuple[str, ...]:
    """Return the answer; the first sentence stands alone."""
    if comparison.baseline is None:
        return ("No run finished, so there is nothing to compare; see what failed below.",)
    sides = _pick_sides(comparison)
    if sides is None:
        return (
            "This sweep cannot say whether to work together directly or through a proxy: "
            "it needs a finished run of a partner mode and of a proxy mode.",
        )
    sentences = (
        *_speed(sweep, sides),
        _accuracy(sweep, sides),
        _bytes(sweep, sides),
        _cost(sweep, sides),
        _references(comparison),
        _scope(comparison, sides),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _pick_sides(comparison: Comparison) -> Sides | None:
    partner, proxy = (
        [one for one in comparison.summaries if one.label.startswith(start) and one.num_finished]
        for start in ("partner/", "proxy/")
    )
    return (
        Sides(partner=min(partner, key=_rank), proxy=min(proxy, key=_rank))
        if partner and proxy
        else None
    )


def _rank(summary: Summary) -> tuple[float, float, float]:
    """Order modes: soonest at the target, then most accurate, then fastest."""
    time, accuracy, throughput = (
        summary.estimates[quantity.column].mean
        for quantity in (TIME_TO_TARGET, ACCURACY, THROUGHPUT)
    )
    return math.inf if time is None else time, -(accuracy or 0.0), -(throughput or 0.0)


def _speed(sweep: Sweep, sides: Sides) -> list[str]:
    """Say who is faster: by time to the target if no seed missed it, else by throughput."""
    if not sweep.targets:
        return [_throughput(sweep, sides)]
    if any(_missed(side) for side in (sides.partner, sides.proxy)):
        return [_who_reached(sweep, sides), _throughput(sweep, sides)]
    ratio = _paired(sweep, sides, TIME_TO_TARGET, is_ratio=True)
    if ratio.mean.value is None:
        return [
            f"{_names(sides.partner, sides.proxy)} cannot be compared by time: {ratio.mean.note}."
        ]
    slower, faster = _high_and_low(sides, ratio)
    amounts = _amounts(sweep, faster, slower, TIME_TO_TARGET)
    if _is_open(ratio):
        return [
            f"These seeds do not tell who reaches {_target(sweep)} accuracy first: "
            f"{_names(faster, slower)} took {amounts} of virtual time {_within(ratio)}."
        ]
    return [
        f"{_way(faster)} was faster: {faster.label} reached {_target(sweep)} accuracy "
        f"{_times(ratio)} as fast as {slower.label}, {amounts} of virtual time {_within(ratio)}."
    ]


def _who_reached(sweep: Sweep, sides: Sides) -> str:
    """Say how often each side reached the target, and whether only one ever did."""
    both = (sides.partner, sides.proxy)
    reached = ", ".join(f"{side.label} in {_num_reached(side)} seeds" for side in both)
    always = [side for side in both if not _missed(side)]
    never = [side for side in both if _missed(side) == side.num_finished]
    if len(always) == len(never) == 1:
        return f"Only {_way(always[0]).lower()} reached {_target(sweep)} accuracy: {reached}."
    if len(never) == 2:
        return f"Neither way reached {_target(sweep)} accuracy: {reached}."
    return f"{_target(sweep)} accuracy was not always reached: {reached}."


def _throughput(sweep: Sweep, sides: Sides) -> str:
    ratio = _paired(sweep, sides, THROUGHPUT, is_ratio=True)
    if ratio.mean.value is None:
        return (
            f"{_names(sides.partner, sides.proxy)} cannot be compared by speed: {ratio.mean.note}."
        )
    faster, slower = _high_and_low(sides, ratio)
    amounts = _amounts(sweep, faster, slower, THROUGHPUT)
    if _is_open(ratio):
        return (
            f"These seeds do not tell who trains faster: {_names(faster, slower)} trained "
            f"on {amounts} samples of virtual time {_within(ratio)}."
        )
    return (
        f"{_way(faster)} trained on more samples per virtual second: {faster.label} on "
        f"{_times(ratio)} as many as {slower.label}, {amounts} {_within(ratio)}."
    )


def _accuracy(sweep: Sweep, sides: Sides) -> str:
    if not sweep.has_accuracy:
        return "Nothing was learned (learner=none), so nothing is said about accuracy."
    difference = _paired(sweep, sides, ACCURACY, is_ratio=False)
    if difference.mean.value is None:
        return ""
    points = format_differences((abs(difference.mean.value),), ACCURACY.unit)[0].lstrip("+")
    higher, lower = _high_and_low(sides, difference)
    if _is_open(difference):
        return (
            f"Whose final accuracy is higher cannot be told: {_names(higher, lower)} "
            f"differ by {points} points {_within(difference)}."
        )
    return (
        f"{higher.label} ended {points} points more accurate than {lower.label}, "
        f"{_amounts(sweep, higher, lower, ACCURACY)} {_within(difference)}."
    )


def _bytes(sweep: Sweep, sides: Sides) -> str:
    ratio = _paired(sweep, sides, BYTES, is_ratio=True)
    if ratio.mean.value is None:
        return ""
    more, less = _high_and_low(sides, ratio)
    return (
        f"{more.label} moved {_times(ratio)} the bytes of {less.label}, "
        f"{_amounts(sweep, more, less, BYTES)}."
    )


def _cost(sweep: Sweep, sides: Sides) -> str:
    """Say who costs more; nothing where one of them is free of charge."""
    ratio = _paired(sweep, sides, COST, is_ratio=True)
    if ratio.mean.value is None:
        return ""
    more, less = _high_and_low(sides, ratio)
    amounts = _amounts(sweep, more, less, COST)
    if _is_open(ratio):
        return (
            f"Which costs less cannot be told: {_names(more, less)} cost {amounts} "
            f"{_within(ratio)}."
        )
    return (
        f"{more.label} cost {_times(ratio)} as much as {less.label}, {amounts} at the prices of "
        f"tariff {_within(ratio)}."
    )


def _references(comparison: Comparison) -> str:
    """Say what training alone and what pooling all data give."""
    texts = {"solo": "everyone alone ends at", "pool": "all data on one machine at"}
    means = {one.label: one.estimates[ACCURACY.column].mean for one in comparison.summaries}
    parts = [
        f"{text} {format_value(mean, ACCURACY.unit)}"
        for label, text in texts.items()
        if (mean := means.get(label)) is not None
    ]
    return f"For orientation: {', '.join(parts)}." if parts else ""


def _paired(sweep: Sweep, sides: Sides, quantity: Quantity, *, is_ratio: bool) -> Difference:
    """Compare proxy to partner."""
    return paired_difference(
        sweep.finished, sides.proxy.label, sides.partner.label, quantity, is_ratio=is_ratio
    )


def _is_open(difference: Difference) -> bool:
    """Whether the interval includes "no difference"; one seed has none and is stated as it is."""
    return difference.mean.low is not None and not difference.is_told


def _high_and_low(sides: Sides, difference: Difference) -> tuple[Summary, Summary]:
    """Return the side with the higher value, then the other."""
    return (sides.proxy, sides.partner) if difference.is_higher else (sides.partner, sides.proxy)


def _above_one(ratio: Difference) -> PairedMean:
    """Return the ratio of the larger to the smaller side, its interval turned round likewise."""
    mean = ratio.mean
    if mean.value is None or mean.value >= 1:
        return mean
    return replace(mean, value=1 / mean.value, low=_inverse(mean.high), high=_inverse(mean.low))


def _above_zero(difference: Difference) -> PairedMean:
    """Return the larger side less the smaller, its interval turned round likewise."""
    mean = difference.mean
    if mean.value is None or mean.value >= 0:
        return mean
    return replace(mean, value=-mean.value, low=_negative(mean.high), high=_negative(mean.low))


def _times(ratio: Difference) -> str:
    value = _above_one(ratio).value
    return DASH if value is None else format_ratio(value)


def _within(difference: Difference) -> str:
    """Return the interval in brackets, and over how many seeds it was taken."""
    turned = replace(
        difference, mean=_above_one(difference) if difference.is_ratio else _above_zero(difference)
    )
    if turned.mean.note:
        return f"({turned.mean.note})"
    return f"(95 % interval {interval_text(turned)}, {turned.num_seeds} seeds)"


def _amounts(sweep: Sweep, one: Summary, other: Summary, quantity: Quantity) -> str:
    """Return the means of both sides over the seeds that are compared."""
    means = pairs_by_seed(sweep.finished, one.label, other.label, quantity).mean()
    texts = [format_value(float(means[side.label]), quantity.unit) for side in (one, other)]
    return " against ".join(texts)


def _scope(comparison: Comparison, sides: Sides) -> str:
    """Say for how many modes a side's best stands; choosing it on the same seeds flatters it."""
    texts = []
    for side, family in ((sides.partner, "partner"), (sides.proxy, "proxy")):
        num_modes = sum(
            summary.label.startswith(f"{family}/") and summary.num_finished > 0
            for summary in comparison.summaries
        )
        if num_modes > 1:
            texts.append(f"{side.label} is the best of {num_modes} {family} modes on these seeds")
    return f"{'; '.join(texts)}." if texts else ""


def _names(one: Summary, other: Summary) -> str:
    return f"{one.label} and {other.label}"


def _way(summary: Summary) -> str:
    return (
        "Working together directly"
        if summary.label.startswith("partner/")
        else "Going through a proxy"
    )


def _missed(summary: Summary) -> int:
    return summary.estimates[TIME_TO_TARGET.column].num_missed


def _num_reached(summary: Summary) -> str:
    estimate = summary.estimates[TIME_TO_TARGET.column]
    return f"{estimate.num_runs - estimate.num_missed} of {estimate.num_runs}"


def _target(sweep: Sweep) -> str:
    targets = [format_value(target, "fraction").replace(".0 ", " ") for target in sweep.targets]
    return targets[0] if len(targets) == 1 else "the target"


def _inverse(value: float | None) -> float | None:
    return None if value is None else 1 / value


def _negative(value: float | None) -> float | None:
    return None if value is None else -value
