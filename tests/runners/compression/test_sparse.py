"""top_k and random_k: numbers by hand, contraction, and that scaled coordinates are unbiased."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.compression import top_k as top_k_module
from runners.compression.sparse import num_kept
from tests.runners.compression.options import (
    LAYOUT,
    compressed,
    merge_of,
    random_k,
    rows,
    top_k,
    vector,
)

fractions = st.floats(0.01, 1.0)
sizes = st.integers(1, 60)
seeds = st.integers(0, 10_000)


def test_how_many_are_kept() -> None:
    # 0.01 * 1 is 0, but one is sent; 2.5 is rounded up; 0.3 * 173 is 51.9
    kept = [num_kept(*one) for one in ((0.01, 1), (0.25, 10), (0.3, 173), (1.0, 9))]
    assert kept == [1, 3, 52, 9]


def test_top_k_by_hand() -> None:
    update = torch.tensor([[1.0, -5.0, 3.0, 0.5, -4.0, 2.0, 0.0, 0.0]])
    # with 3 of 8 numbers a byte says where they stand: places 1, 2 and 4 are 2 + 4 + 16
    option = top_k(0.375)
    values, places = option.encode(update, (0,), merge_of((0,)), vector(8))
    assert (values.tolist(), places.tolist()) == ([[-5.0, 3.0, -4.0]], [[22]])
    decoded = compressed(option, update, vector(8), merge_of((0,)))
    assert decoded.tolist() == [[0.0, -5.0, 3.0, 0.0, -4.0, 0.0, 0.0, 0.0]]


def test_few_of_many_have_their_places_as_numbers() -> None:
    update = torch.zeros(1, 1000)
    update[0, [998, 3]] = torch.tensor([1.0, -2.0])
    values, places = top_k(0.002).encode(update, (0,), merge_of((0,)), vector(1000))
    assert (values.tolist(), places.tolist()) == ([[-2.0, 1.0]], [[3, 998]])
    assert places.dtype == torch.int32


@settings(deadline=None, max_examples=40)
@given(fractions, sizes, seeds)
def test_top_k_is_a_contraction(fraction: float, size: int, seed: int) -> None:
    updates = rows(3, size, seed)
    option = top_k(fraction, error_feedback=False)
    decoded = compressed(option, updates, vector(size), merge_of(range(3)))
    left = (decoded - updates).square().sum(dim=1)
    share = 1 - num_kept(fraction, size) / size
    assert (left <= share * updates.square().sum(dim=1) + 1e-5).all()
    assert ((decoded == updates) | (decoded == 0)).all()


def test_of_equal_sizes_the_contraction_is_no_better() -> None:
    update = torch.ones(1, 10)
    decoded = compressed(top_k(0.3), update, vector(10), merge_of((0,)))
    assert (decoded - update).square().sum() == 7.0  # (1 − 3 / 10) 10


@given(sizes, seeds, st.data())
def test_gpus_choose_as_cpus_do(size: int, seed: int, data: st.DataObject) -> None:
    updates, kept = rows(3, size, seed).abs(), data.draw(st.integers(1, size))
    by_topk = top_k_module._by_topk(updates, kept)
    assert torch.equal(top_k_module._largest(updates, kept), by_topk)


def test_random_k_with_feedback_sends_numbers_as_they_are() -> None:
    update = rows(1, 40)
    decoded = compressed(random_k(0.25), update, vector(40), merge_of((0,)))
    assert (decoded != 0).sum() == 10
    assert torch.equal(decoded, torch.where(decoded != 0, update, 0.0))


def test_without_feedback_it_scales_by_what_is_trained() -> None:
    option = random_k(0.1, error_feedback=False)
    update = rows(1)
    decoded = compressed(option, update, LAYOUT, merge_of((0,)))[0, :173]
    sent = decoded != 0
    torch.testing.assert_close(decoded[sent], update[0, :173][sent] * (173 / 17))


@pytest.mark.parametrize("shared", [False, True])
def test_without_feedback_random_k_is_unbiased(shared: bool) -> None:
    num_draws, update = 1200, rows(1, 20)
    option = random_k(0.25, error_feedback=False, shared_support=shared)
    if shared:  # one draw for each merge
        draws = [merge_of((0,), number=number) for number in range(num_draws)]
        decoded = torch.cat([compressed(option, update, vector(20), merge) for merge in draws])
    else:
        merge = merge_of(range(num_draws))
        decoded = compressed(option, update.repeat(num_draws, 1), vector(20), merge)
    # each is 4 u with probability 1/4, so it deviates by 3^½ |u|
    error = (decoded.mean(dim=0) - update[0]).abs()
    assert (error <= 5 * (3 / num_draws) ** 0.5 * update[0].abs()).all()
    # E |C(u) − u|² = (d / k − 1) |u|² = 3 |u|²
    squares = (decoded - update).square().sum(dim=1).mean()
    assert squares.item() == pytest.approx(3 * update.square().sum().item(), rel=0.1)


def test_a_shared_support_is_the_same_for_all_and_new_in_each_merge() -> None:
    option = random_k(0.25, shared_support=True)
    supports = [
        compressed(option, rows(3, 40), vector(40), merge_of((4, 5, 6), number=number)) != 0
        for number in range(2)
    ]
    assert torch.equal(supports[0][0].expand(3, -1), supports[0])
    assert not torch.equal(supports[0], supports[1])


@pytest.mark.parametrize("option", [top_k, random_k])
@pytest.mark.parametrize("fraction", [0.0, -0.5, 1.5, float("nan")])
def test_refuses_other_fractions(option: type, fraction: float) -> None:
    with pytest.raises(ValueError, match=r"^fraction must be above 0 and at most 1, got "):
        option(fraction)
