"""Steps of owned models, put off and taken together."""

import pytest
import torch

from runners.learner.local_training import LocalTraining
from runners.learner.owned_steps import OwnedSteps
from runners.learner.rates import Rates
from runners.learner.version import Version
from runners.optimizer.adam import Adam
from runners.stopwatch import Stopwatch
from sim.learner import Part, Work
from tests.runners.learner.one_rank import CPU, RECIPE, OneRank, mlp, sgd, training

ADAM = Adam(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-8, weight_decay=0.0, l1=0.0)


def owned(mine: LocalTraining) -> OwnedSteps:
    rates = Rates(RECIPE, mine.task.optimizer.learning_rate, 1000)
    return OwnedSteps(OneRank(), mine, rates, Stopwatch(CPU))


def begin(mine: LocalTraining, owner: int) -> Version:
    return Version(version=0, owner=owner, vector=mine.model.initial)


def work(start: Version, num_steps: int, part: Part | None = None) -> Work:
    assert start.owner is not None
    return Work(
        partner=start.owner, start=start, num_steps=num_steps, data_of=(start.owner,), part=part
    )


def plain(mine: LocalTraining, partner: int, num_steps: int) -> tuple[torch.Tensor, list[float]]:
    """Return what torch.optim makes of a partner's batches, and each one's loss."""
    module = mine.task.new_module()
    module.load_state_dict(mine.model.named(mine.model.initial))
    kind = torch.optim.Adam if mine.task.optimizer is ADAM else torch.optim.SGD
    optimizer = kind(module.parameters(), lr=mine.task.optimizer.learning_rate)
    start, losses = Version(version=0, owner=partner, vector=None), []
    for _ in range(num_steps):
        optimizer.zero_grad()
        inputs, targets = mine.union_batch([work(start, 1)])
        loss = torch.nn.functional.cross_entropy(module(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.nn.utils.parameters_to_vector(module.parameters()).detach(), losses


def test_nothing_is_computed_before_it_is_needed() -> None:
    mine = training()
    steps = owned(mine)
    end, _ = steps.add(begin(mine, 0), work(begin(mine, 0), 2))
    assert end.vector is None and end.version == 1
    steps.compute()
    assert end.vector is not None and not torch.equal(end.vector, mine.model.initial)


@pytest.mark.parametrize("optimizer", [sgd(), ADAM])
def test_works_of_two_partners_are_torch_s(optimizer: Adam) -> None:
    """Partner 0 takes 2 and then 1 steps, partner 1 takes 2; an optimizer's state goes on."""
    mine = training(optimizer=optimizer)
    steps = owned(mine)
    first, other = begin(mine, 0), begin(mine, 1)
    middle, _ = steps.add(first, work(first, 2))
    end, number = steps.add(middle, work(middle, 1))
    there, _ = steps.add(other, work(other, 2))
    (feedback,) = steps.feedback(0, number)
    zero, losses = plain(training(optimizer=optimizer), 0, 3)
    one, _ = plain(training(optimizer=optimizer), 1, 2)
    torch.testing.assert_close(end.vector, zero, rtol=0, atol=1e-6)
    torch.testing.assert_close(there.vector, one, rtol=0, atol=1e-6)
    assert feedback.partner == 0 and feedback.train_loss == pytest.approx(losses[2], abs=1e-6)
    assert end.version == 2 and there.version == 1


def test_models_of_other_ranks_are_not_stepped() -> None:
    mine = training()
    steps = owned(mine)
    elsewhere = Version(version=0, owner=1, vector=None)
    end, number = steps.add(elsewhere, work(elsewhere, 3))
    (feedback,) = steps.feedback(1, number)
    assert end.vector is None and feedback.train_loss == 0.0


def test_a_part_leaves_the_rest_as_it_was() -> None:
    mine = training(model=mlp(6))
    part = Part(kind="width", index=0, count=3)
    steps = owned(mine)
    start = begin(mine, 0)
    end, _ = steps.add(start, work(start, 2, part))
    steps.compute()
    moved = end.weights() != start.weights()
    indices = mine.parts.indices(part)
    assert indices is not None and end.part == part
    assert moved[indices].any() and int(moved.sum()) == int(moved[indices].sum())


def test_rates_go_on_with_all_samples() -> None:
    """3 and 2 steps of batches of 4 are 20 samples."""
    mine = training()
    rates = Rates(RECIPE, 0.1, 1000)
    steps = OwnedSteps(OneRank(), mine, rates, Stopwatch(CPU))
    for owner, num_steps in enumerate([3, 2]):
        start = begin(mine, owner)
        steps.add(start, work(start, num_steps))
    steps.compute()
    assert rates.num_samples == 20
