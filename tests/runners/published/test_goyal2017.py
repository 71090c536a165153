"""Further rows of the table, and what the alpha-beta model says where the paper does not."""

from pathlib import Path

import pytest

from tests.runners.published.tables import csv_file, table

HEADER = "quantity,value,unit,note"


def test_formulas_hold_for_other_numbers_of_servers(tmp_path: Path) -> None:
    file = csv_file(
        tmp_path,
        HEADER,
        "bytes_per_server_per_allreduce,2(p-1)/p x bytes,bytes,",
        "steps_halving_doubling,2 log2 p,messages,",
        "steps_ring,2(p-1),messages,",
    )
    figures = list(table("goyal2017", file=file, num_servers=[2, 64]).figures())
    # 100 MB among 64: 2 * 63 / 64 * 100 MB; 2 log2(64) = 12 and 2 * 63 = 126 messages
    assert [figure.published for figure in figures] == [100, 196.875, 100, 196.875, 2, 12, 2, 126]
    assert all(figure.is_held for figure in figures)


@pytest.mark.parametrize("num_servers", [8, 32, 128])
def test_ratio_of_small_buffers_is_that_of_messages(tmp_path: Path, num_servers: int) -> None:
    steps = 2 * (num_servers - 1) / (2 * (num_servers.bit_length() - 1))
    row = f"ring_over_halving_doubling_at_{num_servers}_servers,{steps},ratio,"
    changed = table("goyal2017", file=csv_file(tmp_path, HEADER, row), num_elements=1)
    (figure,) = changed.figures()
    assert figure.simulated == pytest.approx(steps, rel=1e-4)


def test_ratio_at_a_million_elements() -> None:
    figure = next(table("goyal2017").figures())
    # 4 MB among 32 at 6.25 GB/s: 2 * 31 / 32 * 4e6 / 6.25e9 = 1.24 ms beside 62 and 10 * 75 µs
    assert figure.simulated == pytest.approx((4.65 + 1.24) / (0.75 + 1.24))


def test_an_unknown_quantity_is_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path, HEADER, "steps,3,messages,")
    with pytest.raises(ValueError, match=r"line 2: quantity must be one"):
        list(table("goyal2017", file=file).figures())
