"""Rows that are in no table: other numbers of ranks and sizes, against the closed forms."""

from math import ceil, log2
from pathlib import Path

import pytest

from tests.runners.published.tables import csv_file, table

ALPHA, BETA = 50e-6, 1.25e9
HEADER = "num_ranks,bytes,ring_s,rabenseifner_s,recursive_doubling_s,binomial_tree_s"


def closed_forms(p: int, n: int) -> tuple[float, ...]:
    """Thakur, Rabenseifner & Gropp (2005), without the cost of adding."""
    moved = 2 * (p - 1) / p * n / BETA
    levels, message = ceil(log2(p)), ALPHA + n / BETA
    return (
        2 * (p - 1) * ALPHA + moved,
        2 * levels * ALPHA + moved,
        levels * message,
        2 * levels * message,
    )


@pytest.mark.parametrize("num_ranks", [2, 16, 128, 512])
@pytest.mark.parametrize("num_bytes", [1, 1001, 2**26, 4 * 10**9])
def test_further_rows(tmp_path: Path, num_ranks: int, num_bytes: int) -> None:
    times = ",".join(map(repr, closed_forms(num_ranks, num_bytes)))
    file = csv_file(tmp_path, HEADER, f"{num_ranks},{num_bytes},{times}")
    figures = list(table("collectives", file=file).figures())
    assert [figure.quantity for figure in figures] == [
        *("ring", "halving_doubling", "recursive_doubling", "tree")
    ]
    for figure in figures:
        assert figure.simulated == pytest.approx(figure.published, rel=1e-9)


@pytest.mark.parametrize(("column", "algorithm"), [(0, "ring"), (3, "tree")])
@pytest.mark.parametrize("num_ranks", [3, 5, 12, 100])
def test_any_number_of_ranks(column: int, algorithm: str, num_ranks: int) -> None:
    expected = closed_forms(num_ranks, 10**6)[column]
    simulated = table("collectives").time_sim_s(num_ranks, 10**6, algorithm)
    assert simulated == pytest.approx(expected, rel=1e-9)


def test_a_fraction_of_a_rank_is_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path, HEADER, "2.5,4096,1,1,1,1")
    with pytest.raises(ValueError, match=r"line 2: num_ranks must be a whole number above 0"):
        list(table("collectives", file=file).figures())
