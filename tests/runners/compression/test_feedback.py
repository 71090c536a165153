"""Error feedback: what is not sent arrives later, and what a partner remembers can be saved."""

import io

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.compression import Compression
from tests.runners.compression.options import (
    ALL,
    LAYOUT,
    WITH_MEMORY,
    compressed,
    merge_of,
    rows,
    top_k,
    vector,
)

each_with_memory = pytest.mark.parametrize("option", WITH_MEMORY.values(), ids=WITH_MEMORY)


def test_two_merges_by_hand() -> None:
    option, memory = top_k(0.5), {}
    # of (3, 2) the 3 is sent; then (1, 2) + (0, 2) = (1, 4), of which the 4 is
    updates = torch.tensor([[3.0, 2.0]])
    assert compressed(option, updates, vector(2), merge_of((7,), memory=memory)).tolist() == [
        [3.0, 0.0]
    ]
    assert memory["errors"][7].tolist() == [0.0, 2.0]
    merge = merge_of((7,), number=1, memory=memory)
    updates = torch.tensor([[1.0, 2.0]])
    assert compressed(option, updates, vector(2), merge).tolist() == [[0.0, 4.0]]
    assert memory["errors"][7].tolist() == [1.0, 0.0]


@each_with_memory
@settings(deadline=None, max_examples=15)
@given(
    cohorts=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5), min_size=1, max_size=6)
)
def test_what_arrived_and_what_is_kept_is_all_there_was(
    option: Compression, cohorts: list[list[int]]
) -> None:
    """Whoever takes part in a merge, and how often."""
    given_sum, decoded_sum = torch.zeros(4, 173), torch.zeros(4, 173)
    memory: dict[str, dict[int, torch.Tensor]] = {}
    for number, partners in enumerate(cohorts):
        updates = rows(len(partners), seed=number)
        merge = merge_of(partners, number=number, memory=memory)
        decoded = compressed(option, updates, LAYOUT, merge)
        given_sum.index_add_(0, torch.tensor(partners), updates[:, :173])
        decoded_sum.index_add_(0, torch.tensor(partners), decoded[:, :173])
    for partner in {partner for partners in cohorts for partner in partners}:
        arrived = decoded_sum[partner] + memory["errors"][partner]
        torch.testing.assert_close(arrived, given_sum[partner], rtol=1e-5, atol=1e-5)


@each_with_memory
def test_only_partners_that_took_part_remember(option: Compression) -> None:
    merge = merge_of((5, 2))
    compressed(option, rows(2), LAYOUT, merge)
    assert set(merge.memory["errors"]) == {5, 2}


@each_with_memory
def test_the_errors_of_equal_updates_stay_bounded(option: Compression) -> None:
    """A contraction by δ keeps the error below 2 (1 − δ)^½ / δ |u| (Karimireddy et al. 2019, lemma
    3, in the mean); here in 200 merges 40 |u| is above what δ = 0.05 allows.
    """
    update, memory = rows(1), {}
    for number in range(200):
        compressed(option, update, LAYOUT, merge_of((1,), number=number, memory=memory))
    assert memory["errors"][1].norm() < 40 * update.norm()


@pytest.mark.parametrize("name", ["float16", "int8", "int4", "sign_alone", "unbiased_random_k"])
def test_others_remember_nothing(name: str) -> None:
    merge = merge_of((5, 2))
    compressed(ALL[name], rows(2), LAYOUT, merge)
    assert not merge.memory


@each_with_memory
def test_a_checkpoint_can_hold_the_memory(option: Compression) -> None:
    updates, merge = rows(2), merge_of((5, 2))
    compressed(option, updates, LAYOUT, merge)
    file = io.BytesIO()
    torch.save(merge.memory, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)  # plain values and tensors alone
    again = compressed(option, updates, LAYOUT, merge_of((5, 2), number=1, memory=merge.memory))
    resumed = compressed(option, updates, LAYOUT, merge_of((5, 2), number=1, memory=loaded))
    assert torch.equal(again, resumed)


@each_with_memory
def test_the_memory_does_not_hold_on_to_the_cohort(option: Compression) -> None:
    merge = merge_of(range(3))
    compressed(option, rows(3), LAYOUT, merge)
    for error in merge.memory["errors"].values():
        assert error.untyped_storage().nbytes() == 4 * 173
    for of_tensor in merge.memory.get("bases", {}).values():
        for base in of_tensor.values():
            assert base.untyped_storage().nbytes() == 4 * base.numel()


def test_a_model_in_parts_is_refused() -> None:
    merge = merge_of((1,))
    compressed(top_k(0.5), rows(1, 10), vector(10), merge)
    with pytest.raises(
        ValueError,
        match=r"^compression must have error_feedback=false where a partner sends parts .*, "
        r"got 8 numbers after 10; try compression\.error_feedback=false",
    ):
        compressed(top_k(0.5), rows(1, 8), vector(8), merge)
