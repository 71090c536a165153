"""Shards: who holds how much, and that mixed loads fill all links alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.protocol.shard import check_num_servers, fractions, mixed_fractions


def test_mixed_fractions_by_hand() -> None:
    # 4 workers, 2 extra servers: 16 + 8 − 4 = 20; a worker 2 / 20, an extra server 2 · 3 / 20
    hosted, dedicated = mixed_fractions(4, 2)
    assert (hosted, dedicated) == pytest.approx((0.1, 0.3))


@pytest.mark.parametrize("num_workers", [1, 2, 5])
def test_without_extra_servers_it_is_the_ring(num_workers: int) -> None:
    hosted, _ = mixed_fractions(num_workers, 0)
    assert hosted == pytest.approx(1 / num_workers)


@pytest.mark.parametrize("num_workers", [1, 2, 5])
def test_with_as_many_as_workers_they_hold_everything(num_workers: int) -> None:
    assert mixed_fractions(num_workers, num_workers) == (0.0, pytest.approx(1 / num_workers))


@given(data=st.data(), num_workers=st.integers(2, 50))
def test_mixed_fractions_load_all_links_alike(data: st.DataObject, num_workers: int) -> None:
    """Each way, an extra server's link carries its part for every worker; a worker's carries all
    that is not its own, and its own part for every other worker.
    """
    n, k = num_workers, data.draw(st.integers(0, num_workers))
    hosted, dedicated = mixed_fractions(n, k)
    assert hosted >= 0
    assert n * hosted + k * dedicated == pytest.approx(1)
    of_worker, of_server = 1 - hosted + (n - 1) * hosted, n * dedicated
    assert of_worker == pytest.approx(2 * n * (n - 1) / (n * n + k * n - 2 * k))
    assert of_server == pytest.approx(of_worker)


def test_the_other_placements_divide_evenly() -> None:
    assert fractions("partners", num_partners=5, num_servers=4) == (0.25, 0.0)
    assert fractions("dedicated", num_partners=2, num_servers=4) == (0.0, 0.25)


@pytest.mark.parametrize("placement", ["partners", "mixed"])
def test_refuses_more_servers_than_partners(placement: str) -> None:
    with pytest.raises(
        ValueError,
        match=rf"mode.num_servers must be at most the 3 partners with mode.placement={placement}, "
        r"got 4; try mode.num_servers=3 or mode.placement=dedicated",
    ):
        check_num_servers(placement, 4, 3)


def test_any_number_of_dedicated_servers_is_fine() -> None:
    check_num_servers("dedicated", 4, 3)
