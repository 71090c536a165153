"""powersgd: exact for low ranks, a projection otherwise, better from merge to merge."""

import pytest
import torch

from runners.compression import Layout
from tests.runners.compression.options import compressed, merge_of, powersgd, rows, vector

MATRIX = Layout(tensor_shapes=((20, 30),))


def of_rank(rank: int, num_rows: int = 2) -> torch.Tensor:
    """Return matrices of 20 by 30 as rows."""
    left, right = rows(num_rows, 20 * rank), rows(num_rows, 30 * rank, seed=1)
    matrices = left.unflatten(1, (20, rank)) @ right.unflatten(1, (rank, 30))
    return matrices.flatten(1)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_what_has_no_more_than_the_rank_arrives_whole(rank: int) -> None:
    updates = of_rank(rank)
    decoded = compressed(powersgd(3), updates, MATRIX, merge_of((4, 9)))
    torch.testing.assert_close(decoded, updates, rtol=1e-4, atol=1e-4)


def test_what_has_a_higher_rank_does_not() -> None:
    updates = of_rank(4)
    decoded = compressed(powersgd(3), updates, MATRIX, merge_of((4, 9)))
    assert torch.linalg.matrix_rank(decoded.unflatten(1, (20, 30)), rtol=1e-5).tolist() == [3, 3]
    assert ((decoded - updates).norm(dim=1) > 0.05 * updates.norm(dim=1)).all()


def test_it_projects_so_that_nothing_grows() -> None:
    updates = rows(5, 600)
    decoded = compressed(powersgd(3), updates, MATRIX, merge_of(range(5)))
    # of a projection, |u|² = |C(u)|² + |u − C(u)|²
    squares = decoded.square().sum(dim=1) + (updates - decoded).square().sum(dim=1)
    torch.testing.assert_close(squares, updates.square().sum(dim=1))


def test_the_first_axis_stands_against_the_others() -> None:
    layout = Layout(tensor_shapes=((20, 5, 3, 2),))
    updates = of_rank(2)
    decoded = compressed(powersgd(2), updates, layout, merge_of((4, 9)))
    torch.testing.assert_close(decoded, updates, rtol=1e-4, atol=1e-4)


def test_from_where_the_last_ended_it_comes_to_the_best_of_its_rank() -> None:
    option, memory = powersgd(3, error_feedback=False), {}
    update = rows(1, 600) + 3 * of_rank(3)[:1]
    errors = []
    for number in range(10):
        merge = merge_of((4,), number=number, memory=memory)
        errors.append((compressed(option, update, MATRIX, merge) - update).norm().item())
    # Eckart & Young 1936: no matrix of rank 3 is nearer than the square root of the sum of the
    # other singular values' squares
    best = torch.linalg.svdvals(update.view(20, 30))[3:].square().sum().sqrt().item()
    assert errors[-1] == pytest.approx(best, rel=1e-3)
    assert errors[0] > 1.01 * best


def test_an_update_of_zeros_is_no_dead_end() -> None:
    option, memory = powersgd(3, error_feedback=False), {}
    compressed(option, torch.zeros(1, 600), MATRIX, merge_of((4,), memory=memory))
    updates = of_rank(3)[:1]
    for number in (1, 2):
        merge = merge_of((4,), number=number, memory=memory)
        decoded = compressed(option, updates, MATRIX, merge)
    torch.testing.assert_close(decoded, updates, rtol=1e-3, atol=1e-3)


def test_vectors_and_small_matrices_are_sent_as_they_are() -> None:
    # 3 by 6 in two factors of 2 columns is 2 * 9 = 18 numbers, no less; 4 by 6 is 20 of 24
    layout = Layout(tensor_shapes=((3, 6), (10,), (4, 6)))
    updates = rows(2, 52)
    decoded = compressed(powersgd(2), updates, layout, merge_of((4, 9)))
    assert torch.equal(decoded[:, :28], updates[:, :28])
    assert not torch.equal(decoded[:, 28:], updates[:, 28:])
    assert powersgd(2).wire_bytes(layout) == 4 * (18 + 10 + 20)


def test_refuses_a_model_that_it_can_not_make_smaller() -> None:
    powersgd(3).check(MATRIX)
    with pytest.raises(
        ValueError,
        match=r"^compression\.rank must make at least one of the model's tensors smaller, got 3 "
        r"for shapes \(\(100,\),\); try a lower rank, or compression=int8",
    ):
        powersgd(3).check(vector(100))


def test_refuses_a_rank_of_nothing() -> None:
    with pytest.raises(ValueError, match=r"^rank must be at least 1, got 0"):
        powersgd(0)
