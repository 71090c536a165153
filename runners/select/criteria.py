"""Owns what candidates are judged by: columns, each with a weight, and whether more is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from runners.select.candidates import Candidate
from sim.bounds import not_negative, one_of

BETTER = ("higher", "lower")


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """Say how much a column weighs beside the others, and which end of it is `better`."""

    weight: float
    better: str

    def __post_init__(self) -> None:
        not_negative(
            "weight", self.weight, remedy="0 leaves the criterion out; better=lower turns it"
        )
        one_of("better", self.better, BETTER)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """Hold figures of shape (num_candidates, num_criteria), weights that add up to 1, and which
    criteria are better the higher they are, bool; both of shape (num_criteria,).
    """

    figures: np.ndarray
    weights: np.ndarray
    is_benefit: np.ndarray


def matrix_of(candidates: Sequence[Candidate], criteria: Mapping[str, Criterion]) -> Matrix:
    """Return the candidates' figures by criteria; raises ValueError where a column is missing, or
    nothing weighs anything.
    """
    known = candidates[0].figures
    for name in criteria:
        if name not in known:
            raise ValueError(
                f"select.criteria.{name} must be a column of numbers of select.file, which has "
                f"{', '.join(known)}; correct the name, or leave it out with "
                f"~select.criteria.{name}"
            )
    weights = np.array([one.weight for one in criteria.values()])
    if not weights.sum() > 0:
        raise ValueError(
            f"select.criteria must have a weight above 0, got {', '.join(criteria)} with 0 each; "
            f"try select.criteria.{next(iter(criteria))}.weight=1"
        )
    return Matrix(
        figures=np.array([[one.figures[name] for name in criteria] for one in candidates]),
        weights=weights / weights.sum(),
        is_benefit=np.array([one.better == "higher" for one in criteria.values()]),
    )
