"""Shares add up, and all but one tell nothing; sums at several proxies are the plain sum."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.privacy import Merge
from runners.secure_sum import SumNotRevealed
from runners.secure_sum.additive import AdditiveSum, split
from runners.secure_sum.fixed_point import Coding
from runners.secure_sum.randomness import Randomness
from tests.runners.secure_sum.protocol import ThreadRanks, merge_of, on_threads, summed

BITS = 20
CODING = Coding(step=2.0**-10, max_abs=4.0, rounding="nearest")
PARTNERS = (7, 2, 9, 4, 5)


def shares_of(entries: np.ndarray, num_shares: int, key: int = 0) -> np.ndarray:
    return split(entries.astype("<u4"), num_shares, BITS, Randomness(bytes([key]) * 32))


def rows(num: int) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(-4096, 4097, (num, 6)).astype(np.float32)) * 2.0**-10


@given(
    entries=st.lists(st.integers(0, 2**BITS - 1), min_size=1, max_size=5),
    num_shares=st.integers(2, 5),
)
@settings(deadline=None)
def test_shares_add_up(entries: list[int], num_shares: int) -> None:
    shares = shares_of(np.array(entries), num_shares)
    assert shares.shape == (num_shares, len(entries))
    assert shares.max() < 2**BITS
    assert (shares.sum(axis=0) % 2**BITS).tolist() == entries


@pytest.mark.parametrize("left_out", [0, 1, 2])
def test_all_shares_but_one_fit_any_entries(left_out: int) -> None:
    """Whatever others the entries were, one value of the missing share makes them: the two other
    shares are the same for all.
    """
    entries, others = np.arange(5), np.arange(5) * 77 + 3
    shares = shares_of(entries, 3).astype(np.int64)
    seen = np.delete(shares, left_out, axis=0)
    fitting = (others - seen.sum(axis=0)) % 2**BITS
    rebuilt = np.insert(seen, left_out, fitting, axis=0)
    assert (rebuilt.sum(axis=0) % 2**BITS).tolist() == others.tolist()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_share_is_uniform(number: int) -> None:
    """The same entries throughout: of 16 classes with 6,250 each, χ² with 15 degrees of freedom is
    above 37.7 in 1 of 1,000 keys, of which this is none.
    """
    share = shares_of(np.full(100_000, 12_345), 3)[number]
    counts = np.bincount(share >> (BITS - 4), minlength=16)
    assert ((counts - 6250.0) ** 2 / 6250).sum() < 37.7


@pytest.mark.parametrize("num_ranks", [1, 2, 3])
@pytest.mark.parametrize("num_proxies", [2, 4])
def test_it_is_the_plain_sum_on_any_ranks(num_ranks: int, num_proxies: int) -> None:
    updates, merge = rows(5), merge_of(PARTNERS, (1, 3, 8, 10))
    totals = summed(
        lambda ranks: AdditiveSum(6, num_proxies, merge, CODING, ranks),
        updates,
        PARTNERS,
        num_ranks,
    )
    for total in totals:
        assert total.dtype == torch.float64
        assert torch.equal(total, updates.double().sum(dim=0))
    assert merge.memory == {"num_clipped": 0}


def columns(merge: Merge) -> torch.Tensor:
    """Return what the proxies' columns are for updates of zeros."""

    def work(ranks: ThreadRanks) -> torch.Tensor:
        total = AdditiveSum(1000, 2, merge, CODING, ranks)
        total.add(torch.zeros(3, 1000), merge.partners)
        assert not total.finish().any()
        return ranks.sent[0][:-1].reshape(2, 1001)

    return on_threads(1, work)[0]


def test_no_column_shows_the_sum_and_columns_differ_by_merge_and_run() -> None:
    some = [
        columns(merge_of((0, 1, 2))),
        columns(merge_of((0, 1, 2), number=1)),
        columns(merge_of((0, 1, 2), secret=9)),
    ]
    for first in some:
        # uniform sums of three shares below 2**15, so around 49,152 with a deviation of 518
        assert first.double().mean().item() == pytest.approx(49_152, abs=1500)
    assert (some[0] != some[1]).float().mean() > 0.99
    assert (some[0] != some[2]).float().mean() > 0.99


def test_two_updates_of_one_partner_have_shares_of_their_own() -> None:
    """With the same shares twice, a proxy would see the difference of the two updates."""
    updates = rows(1).repeat(3, 1)

    def work(ranks: ThreadRanks) -> torch.Tensor:
        total = AdditiveSum(6, 2, merge_of((4, 2, 4)), CODING, ranks)
        total.add(updates[:1], [4])
        first = total._columns.copy()
        total.add(updates[1:2], [4])
        assert (total._columns[0] - first[0] != first[0]).all()
        total.add(updates[2:], [2])
        return total.finish()

    assert torch.equal(on_threads(1, work)[0], updates.double().sum(dim=0))


@pytest.mark.parametrize("partners", [(3,), (3, 3), ()])
def test_the_updates_of_one_partner_are_not_revealed(partners: tuple[int, ...]) -> None:
    with pytest.raises(SumNotRevealed):
        AdditiveSum(6, 2, merge_of(partners, (1, 2)), CODING, None)


def test_a_missing_update_is_an_error() -> None:
    def work(ranks: ThreadRanks) -> str:
        total = AdditiveSum(6, 2, merge_of((0, 1, 2)), CODING, ranks)
        total.add(rows(2), [0, 1])
        with pytest.raises(RuntimeError, match="sum of 3 updates was given 2"):
            total.finish()
        return "refused"

    assert on_threads(1, work) == ["refused"]
