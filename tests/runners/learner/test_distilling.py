"""A student learns what teachers predict on average."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from runners.learner.distilling import distil
from runners.learner.local_training import LocalTraining
from sim.learner import Distillation, Part
from tests.runners.learner.one_rank import Little, OneRank, mlp, training

TWO_STEPS = Distillation(num_steps=2, data_of=(0,))


def drawn(alike: LocalTraining, seed: int) -> torch.Tensor:
    """Return weights near the initial ones."""
    noise = torch.randn(alike.model.size, generator=torch.Generator().manual_seed(seed))
    return alike.model.initial + noise


def outputs(alike: LocalTraining, vector: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Return logits 4-3, computed by hand."""
    weights, bias = vector[:12].view(3, 4), vector[12:]
    return inputs @ weights.T + bias


def test_two_teachers_against_torch() -> None:
    """Soft targets in torch's cross entropy, and its SGD, on the same two batches."""
    mine, other = training(model=mlp()), training(model=mlp())
    start = mine.model.initial.clone()
    teachers = [(None, drawn(mine, 1), 0.25), (None, drawn(mine, 2), 0.75)]
    student = distil(OneRank(), mine, start, teachers, TWO_STEPS)
    inputs, _ = other.inputs((0,), 2)
    soft = sum(
        weight * outputs(mine, vector, inputs).softmax(dim=1) for _, vector, weight in teachers
    )
    expected = start.clone().requires_grad_()
    optimizer = torch.optim.SGD([expected], lr=0.1)
    for batch in (slice(0, 4), slice(4, 8)):
        optimizer.zero_grad()
        cross_entropy(outputs(mine, expected, inputs[batch]), soft[batch]).backward()
        optimizer.step()
    torch.testing.assert_close(student, expected.detach(), rtol=0, atol=1e-6)
    assert torch.equal(start, mine.model.initial)  # the start is left as it was


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_who_is_its_own_teacher_has_nothing_to_learn(loss: str) -> None:
    """The gradient of −Σ q log p is p − q at the logits."""
    mine = training(data=Little(num_classes=2), loss=loss)
    start = drawn(mine, 1)
    student = distil(OneRank(), mine, start, [(None, start, 1.0)], TWO_STEPS)
    torch.testing.assert_close(student, start, rtol=0, atol=1e-6)


def test_a_part_can_teach_the_whole() -> None:
    """The first half of 6 hidden units is taught to all of them."""
    mine = training()
    part = Part(kind="width", index=0, count=2)
    indices = mine.parts.indices(part)
    teacher = drawn(mine, 1)[indices]
    start = mine.model.initial
    many = Distillation(num_steps=200, data_of=(0,))
    student = distil(OneRank(), mine, start, [(part, teacher, 1.0)], many)
    inputs, _ = training().inputs((0,), 200)
    wanted = mine.outputs(part, teacher, inputs).softmax(dim=1)
    before, after = (
        (mine.outputs(None, vector, inputs).softmax(dim=1) - wanted).abs().mean()
        for vector in (start, student)
    )
    assert after < before / 2


def test_dropout_is_drawn_anew_and_the_same_for_all() -> None:
    """Whatever torch's generator did before, which differs from rank to rank."""
    students = []
    for seed in (1, 2):
        mine = training(model=mlp(6, dropout=0.5))
        torch.manual_seed(seed)
        teachers = [(None, drawn(mine, 1), 1.0)]
        students.append(distil(OneRank(), mine, mine.model.initial, teachers, TWO_STEPS))
    assert torch.equal(*students)


def test_refuses_what_has_no_classes() -> None:
    values = training(
        data=Little(target="values", num_classes=1, num_values=2), loss="squared_error"
    )
    with pytest.raises(ValueError, match=r"mode\.fusion=distillation needs a task that predicts"):
        distil(OneRank(), values, values.model.initial, [], TWO_STEPS)
