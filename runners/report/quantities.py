"""Owns what a report compares: the figures of a run, their units, and which way is better."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One figure of a run: the `column` of the table of runs that holds it, and how to compare it.

    `needs_target`: it is empty in a run that missed the target accuracy. `compared_as` is None when
    modes are not compared by it. `hidden_at`: tables leave it out where all modes have this value.
    """

    column: str
    title: str
    unit: Literal[
        "fraction", "score", "samples_per_s", "seconds", "bytes", "usd", "joules", "count"
    ]
    higher_is_better: bool
    compared_as: Literal["difference", "ratio"] | None = None
    needs_target: bool = False
    hidden_at: float | None = None


ACCURACY = Quantity(
    column="accuracy",
    title="accuracy",
    unit="fraction",
    higher_is_better=True,
    compared_as="difference",
)
MACRO_F1 = Quantity(column="macro_f1", title="macro F1", unit="score", higher_is_better=True)
ROC_AUC = Quantity(column="roc_auc", title="ROC-AUC", unit="score", higher_is_better=True)
TIME_TO_TARGET = Quantity(
    column="time_to_target_sim_s",
    title="time to target",
    unit="seconds",
    higher_is_better=False,
    compared_as="difference",
    needs_target=True,
)
THROUGHPUT = Quantity(
    column="samples_per_sim_s",
    title="throughput",
    unit="samples_per_s",
    higher_is_better=True,
    compared_as="ratio",
)
TOTAL_TIME = Quantity(
    column="total_sim_s", title="total time", unit="seconds", higher_is_better=False
)
BYTES = Quantity(
    column="num_bytes",
    title="bytes moved",
    unit="bytes",
    higher_is_better=False,
    compared_as="ratio",
)
BYTES_TO_TARGET = Quantity(
    column="bytes_to_target",
    title="bytes to target",
    unit="bytes",
    higher_is_better=False,
    needs_target=True,
)
COST = Quantity(
    column="cost_usd", title="cost", unit="usd", higher_is_better=False, compared_as="ratio"
)
ENERGY = Quantity(column="energy_joules", title="energy", unit="joules", higher_is_better=False)
EPSILON = Quantity(column="epsilon", title="ε", unit="score", higher_is_better=False)
REIDENTIFICATION = Quantity(
    column="reidentification_risk",
    title="re-identification risk",
    unit="fraction",
    higher_is_better=False,
)
LINKAGE = Quantity(
    column="linkage_success", title="found by linkage", unit="fraction", higher_is_better=False
)
INFORMATION_LOSS = Quantity(
    column="certainty_penalty", title="information loss", unit="fraction", higher_is_better=False
)
DROPPED = Quantity(
    column="num_dropped",
    title="dropped",
    unit="count",
    higher_is_better=False,
    hidden_at=0.0,
)
PARTICIPATION = Quantity(
    column="participation_jain",
    title="participation (Jain)",
    unit="score",
    higher_is_better=True,
    hidden_at=1.0,
)
PARTNER_GAP = Quantity(
    column="partner_accuracy_gap",
    title="accuracy, best partner − worst",
    unit="fraction",
    higher_is_better=False,
)

QUALITY = (ACCURACY, MACRO_F1, ROC_AUC)
SPEED = (TIME_TO_TARGET, THROUGHPUT, TOTAL_TIME, DROPPED)
EXPENSE = (BYTES, BYTES_TO_TARGET, COST, ENERGY, EPSILON)
ANONYMITY = (REIDENTIFICATION, LINKAGE, INFORMATION_LOSS)
FAIRNESS = (PARTICIPATION, PARTNER_GAP)
QUANTITIES = (*QUALITY, *SPEED, *EXPENSE, *ANONYMITY, *FAIRNESS)
"""In the order in which tables show them: a table each for quality, speed, expense, anonymity and
fairness."""
