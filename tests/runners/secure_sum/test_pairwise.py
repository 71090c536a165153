"""Merges on ranks: the masked sum is the plain one, however partners are spread and whoever drops
out.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.privacy import Merge
from runners.secure_sum import SumNotRevealed
from runners.secure_sum.fixed_point import Coding
from runners.secure_sum.pairwise import PairwiseSum, Setting, plan_of
from tests.runners.secure_sum.protocol import ThreadRanks, merge_of, on_threads, summed

STEP = 2.0**-10
PARTNERS = (7, 2, 9, 4, 5)
SETTING = Setting(
    coding=Coding(step=STEP, max_abs=4.0, rounding="nearest"),
    degree_factor=None,
    threshold_fraction=0.6,
)


def rows(num: int, size: int = 6, seed: int = 0) -> torch.Tensor:
    """Return whole numbers of the step, so that sums are exact."""
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(-4096, 4097, (num, size)).astype(np.float32)) * STEP


def pairwise(
    merge: Merge, updates: torch.Tensor, num_ranks: int = 1, setting: Setting = SETTING
) -> list[torch.Tensor]:
    size = updates.shape[1]
    return summed(
        lambda ranks: PairwiseSum(size, merge, setting, ranks), updates, merge.partners, num_ranks
    )


@pytest.mark.parametrize("num_ranks", [1, 2, 3])
@pytest.mark.parametrize("dropped", [(), (1,), (0, 3, 11)])
def test_it_is_the_plain_sum_on_any_ranks(num_ranks: int, dropped: tuple[int, ...]) -> None:
    updates = rows(len(PARTNERS))
    totals = pairwise(merge_of(PARTNERS, dropped), updates, num_ranks)
    for total in totals:
        assert total.dtype == torch.float64
        assert torch.equal(total, updates.double().sum(dim=0))


@pytest.mark.parametrize("max_abs", [4.0, 2.0**28])
@pytest.mark.parametrize("degree_factor", [None, 1.0])
def test_both_words_and_graphs(degree_factor: float | None, max_abs: float) -> None:
    coding = Coding(step=STEP, max_abs=max_abs, rounding="nearest")
    setting = replace(SETTING, coding=coding, degree_factor=degree_factor)
    partners, updates = tuple(range(16)), rows(16)
    (total,) = pairwise(merge_of(partners, (20,)), updates, setting=setting)
    assert torch.equal(total, updates.double().sum(dim=0))


@settings(deadline=None, max_examples=20)
@given(
    numbers=st.lists(st.integers(-(2**22), 2**22), min_size=6, max_size=6),
    num_dropped=st.integers(0, 2),
)
def test_sums_are_exact_in_whole_numbers(numbers: list[int], num_dropped: int) -> None:
    step = 2.0**-20
    setting = replace(SETTING, coding=Coding(step=step, max_abs=8.0, rounding="nearest"))
    updates = torch.tensor(numbers, dtype=torch.float32).reshape(6, 1) * step
    left = 6 - num_dropped
    (total,) = pairwise(merge_of(range(left), range(left, 6)), updates[:left], setting=setting)
    assert total.item() / step == sum(numbers[:left])


def test_rounding_is_within_half_a_step_of_each_update() -> None:
    updates = torch.rand(5, 100, generator=torch.Generator().manual_seed(0))
    (total,) = pairwise(merge_of(PARTNERS), updates)
    error = (total - updates.double().sum(dim=0)).abs().max()
    assert 0 < error <= 5 * STEP / 2


def test_stochastic_rounding_is_right_in_the_mean_and_the_same_on_any_ranks() -> None:
    setting = replace(SETTING, coding=Coding(step=0.5, max_abs=4.0, rounding="stochastic"))
    updates = torch.full((5, 4000), 0.1)
    one, two = (pairwise(merge_of(PARTNERS), updates, num, setting) for num in (1, 2))
    assert torch.equal(one[0], two[0]) and torch.equal(one[0], two[1])
    # each is 0.5 with probability 0.2; the standard deviation of the mean is 0.0071
    assert one[0].mean().item() == pytest.approx(0.5, abs=0.03)
    assert len(one[0].unique()) > 3  # partners round by themselves
    again = pairwise(merge_of(PARTNERS, number=1), updates, 1, setting)
    assert not torch.equal(one[0], again[0])


def test_a_partner_with_two_updates_masks_their_sum() -> None:
    partners, updates = (4, 2, 4, 3), rows(4)
    for num_ranks in (1, 2):
        (total, *_) = pairwise(merge_of(partners), updates, num_ranks)
        assert torch.equal(total, updates.double().sum(dim=0))


def test_the_sum_does_not_depend_on_the_secret_and_what_is_sent_does() -> None:
    updates = rows(3)
    sent, totals = [], []
    for secret in (1, 2):
        merge = merge_of((0, 1, 2), secret=secret)

        def work(ranks: ThreadRanks, merge: Merge = merge) -> None:
            total = PairwiseSum(6, merge, SETTING, ranks)
            total.add(updates, merge.partners)
            totals.append(total.finish())
            sent.append(ranks.sent)

        on_threads(1, work)
    assert torch.equal(totals[0], totals[1])
    assert [[wire.dtype for wire in some] for some in sent] == [[torch.int32]] * 2
    assert (sent[0][0][:-1] != sent[1][0][:-1]).all()


def test_no_rank_sends_a_plain_update() -> None:
    """Of two partners on a rank each, what leaves a rank is not the update, nor near it."""
    updates = torch.zeros(2, 1000)
    sent: dict[int, torch.Tensor] = {}

    def work(ranks: ThreadRanks) -> torch.Tensor:
        total = PairwiseSum(1000, merge_of((0, 1)), SETTING, ranks)
        total.add(updates[ranks.rank : ranks.rank + 1], [ranks.rank])
        result = total.finish()
        sent[ranks.rank] = ranks.sent[0][:-1].double()
        return result

    assert not torch.stack(on_threads(2, work)).any()
    # uniform from 0 to 2**15: 2 * 2 * 4096 = 2**14 needs 15 bits; the mean's deviation is 299
    for rank in (0, 1):
        assert sent[rank].mean().item() == pytest.approx(2**14, abs=1200)
        assert sent[rank].max() < 2**15


def test_clipped_values_are_counted_in_the_merges_memory() -> None:
    updates = rows(3)
    updates[0, 0], updates[2, 1], updates[2, 2] = 100.0, float("nan"), -100.0
    merge = merge_of((0, 1, 2))
    pairwise(merge, updates)
    assert merge.memory == {"num_clipped": 3}
    pairwise(replace(merge, number=1), updates[:1].repeat(3, 1))
    assert merge.memory == {"num_clipped": 6}


@pytest.mark.parametrize(("num_left", "num_dropped"), [(1, 0), (1, 1), (2, 2), (3, 3)])
def test_too_few_partners_reveal_nothing(num_left: int, num_dropped: int) -> None:
    # 0.6 of 4 is 2.4, so 3 are needed; of 6, 4
    merge = merge_of(range(num_left), range(num_left, num_left + num_dropped))
    with pytest.raises(SumNotRevealed):
        PairwiseSum(6, merge, SETTING, None)


def test_a_missing_update_is_an_error_and_not_a_random_sum() -> None:
    def work(ranks: ThreadRanks) -> str:
        total = PairwiseSum(6, merge_of((0, 1, 2)), SETTING, ranks)
        total.add(rows(2), [0, 1])
        with pytest.raises(RuntimeError, match="sum of 3 updates was given 2"):
            total.finish()
        return "refused"

    assert on_threads(1, work) == ["refused"]


def test_the_modulus_has_room_for_those_who_drop_out() -> None:
    # L = 4096: 2 * 4 * 4096 = 2**15 needs 16 bits, 2 * 3 * 4096 only 15
    def bits(merge: Merge) -> int:
        return PairwiseSum(6, merge, SETTING, None)._plan.bits

    assert [bits(merge_of((0, 1, 2))), bits(merge_of((0, 1, 2), (3,)))] == [15, 16]


def test_a_dropped_partner_whose_other_update_came_is_a_survivor() -> None:
    updates = rows(3)
    (total,) = pairwise(merge_of((0, 1, 2), (2,)), updates)
    assert torch.equal(total, updates.double().sum(dim=0))


def test_the_graph_is_drawn_anew_in_each_merge() -> None:
    setting = replace(SETTING, degree_factor=1.0)
    first, again, other = (
        plan_of(merge_of(range(20), number=number), setting, 15).neighbours for number in (0, 0, 1)
    )
    assert first == again != other
    assert {len(some) for some in first.values()} == {5}  # log2 20 = 4.3
