"""Further rows: what crosses the users' links is what the sizes say."""

from pathlib import Path

import pytest

from sim.secure_aggregation_bytes import expansion
from tests.runners.published.tables import csv_file, table

HEADER = "num_users,vector_length,bits_per_entry,expansion"


@pytest.mark.parametrize(
    ("num_users", "length", "bits"),
    [(1, 10, 1), (7, 1000, 12), (300, 2**18, 32), (4096, 2**24, 16)],
)
def test_further_rows(tmp_path: Path, num_users: int, length: int, bits: int) -> None:
    expected = expansion(num_users, length, bits)
    file = csv_file(tmp_path, HEADER, f"{num_users},{length},{bits},{expected}")
    (figure,) = table("secagg", file=file).figures()
    # Whole bytes are sent: the last one may be filled with up to 7 bits.
    assert 0 <= figure.simulated - expected < 8 / (length * bits)
