"""Variability `empirical`: step times as they were measured, drawn again in any order.

Steps are drawn with replacement and independently (the bootstrap, Efron 1979): slow steps that
come in a row in the measurement do not come in a row here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sim.bounds import positive
from sim.csv_table import read_table

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class Empirical:
    """Resample the steps of `file` or the `factors`, one of which is given, scaled to mean 1.

    The file is below the working directory or shipped in sim/variability/data; its one column
    `step_wall_s` has the seconds of a step in each line.
    """

    file: str | None
    factors: tuple[float, ...] | None

    def __post_init__(self) -> None:
        if (self.file is None) is (self.factors is None):
            raise ValueError(
                f"file must be given or factors, and the other null, got file={self.file} and "
                f"factors={self.factors}; set one of them to null"
            )
        _ = self._scaled  # a file that can't be used is refused here and not in the middle of a run

    def stretch(self, num_steps: int, rng: np.random.Generator) -> float:
        """Return the sum of `num_steps` factors."""
        return float(self._scaled[rng.integers(len(self._scaled), size=num_steps)].sum())

    @cached_property
    def _scaled(self) -> np.ndarray:
        """Return the factors, of shape (num_factors,), with mean 1."""
        values = np.array(self._factors() if self.file is None else _measured(self.file))
        return values / values.mean()

    def _factors(self) -> Sequence[float]:
        factors = self.factors or ()
        if not factors:
            raise ValueError("factors must have at least one number, got none; try [0.9,1.0,1.1]")
        for factor in factors:
            positive("factors", factor, remedy="2.0 is a step of twice the mean time")
        return factors


def _measured(file: str) -> list[float]:
    try:
        rows = read_table(file, setting="it", shipped=DATA, required=("step_wall_s",), optional=())
        for row in rows:
            seconds = row.number("step_wall_s")
            positive(f"{row.where}: step_wall_s", seconds, remedy="drop the line")
    except ValueError as error:
        raise ValueError(f"file must hold measured step times: {error}") from error
    if not rows:
        raise ValueError(
            f"file must hold measured step times, got {file!r} without any; measure some steps"
        )
    return [row.number("step_wall_s") for row in rows]
