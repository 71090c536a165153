"""Stages on different ranks compute what the whole model computes, micro-batches or not."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import nn

from runners.learner.flat_model import FlatModel
from runners.learner.staged_passes import StagedPasses
from sim.learner import Stages
from tests.runners.learner.ranks_in_threads import ThreadRank, on_ranks

CPU = torch.device("cpu")
NUM_SAMPLES = 7

Make = Callable[[], nn.Sequential]


def dense() -> nn.Sequential:
    """Return tensors 0-1, 2-3, 4-5."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3))
    )


def words() -> nn.Sequential:
    """Return tensors 0 of 11 words, 1-2 and 3-4; what goes between stages has three axes."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Embedding(11, 4), nn.Conv1d(6, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(15, 3))
    )


def tied() -> nn.Sequential:
    """Return layers of which the first and the last share their weights."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 6))
    module[3].weight = module[0].weight
    return module


def inputs_of(make: Make) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    if make is words:
        return torch.randint(11, (NUM_SAMPLES, 6), generator=generator)
    return torch.randn(NUM_SAMPLES, 6, generator=generator)


TARGETS = torch.tensor([0, 1, 2, 2, 1, 0, 1])
WEIGHTS = torch.tensor([0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.1])


def stages(cuts: tuple[int, ...], num_micro_batches: int) -> Stages:
    runs = tuple(range(start, end) for start, end in pairwise([0, *cuts, 6]))
    return Stages(tensors=runs, num_micro_batches=num_micro_batches)


def whole(make: Make) -> tuple[torch.Tensor, torch.Tensor]:
    """Return autograd's losses and gradient of their weighted sum, for the whole model at once."""
    module = make()
    losses = nn.functional.cross_entropy(module(inputs_of(make)), TARGETS, reduction="none")
    gradients = torch.autograd.grad((losses * WEIGHTS).sum(), list(module.parameters()))
    return losses.detach(), torch.cat([one.reshape(-1) for one in gradients])


def staged(make: Make, cut: Stages) -> list[tuple[torch.Tensor, torch.Tensor, list[int]]]:
    """Return losses, gradient and sizes of what was sent, of each rank."""
    models = [FlatModel(make(), "cross_entropy", CPU, tail=0) for _ in cut.tensors]

    def step(rank: ThreadRank) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
        model = models[rank.rank]
        model.at(model.initial)
        passes = StagedPasses(model, cut, rank.rank, rank.exchange)
        model.gradient.fill_(9.0)  # of a step before
        losses = passes.backward(inputs_of(make), TARGETS, WEIGHTS)
        return losses, model.gradient, rank.sent

    return on_ranks(len(models), step)


@pytest.mark.parametrize("num_micro_batches", [1, 2, 3, 20])
@pytest.mark.parametrize("cuts", [(2,), (2, 4), (1, 2, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("make", [dense, words, tied])
def test_the_sum_over_ranks_is_the_gradient_of_the_union(
    make: Make, cuts: tuple[int, ...], num_micro_batches: int
) -> None:
    losses, gradient = whole(make)
    ranks = staged(make, stages(cuts, num_micro_batches))
    summed = torch.stack([one for _, one, _ in ranks]).sum(dim=0)
    torch.testing.assert_close(summed, gradient, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(ranks[-1][0], losses, rtol=1e-6, atol=1e-6)
    assert not any(one.any() for one, _, _ in ranks[:-1])


def test_a_rank_has_the_gradient_of_its_own_tensors_only() -> None:
    _, gradient = whole(dense)
    first, second = (one for _, one, _ in staged(dense, stages((2,), 3)))
    own = 6 * 5 + 5
    torch.testing.assert_close(first[:own], gradient[:own], rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(second[own:], gradient[own:], rtol=1e-6, atol=1e-6)
    assert not first[own:].any() and not second[:own].any()


def test_what_moves_is_activations_one_way_and_their_gradients_the_other() -> None:
    # cuts behind 5 and 4 units; 7 samples in micro-batches of 3, 2 and 2
    first, second, last = (sent for _, _, sent in staged(dense, stages((2, 4), 3)))
    assert [one for one in first if one] == [3 * 5, 2 * 5, 2 * 5]
    assert [one for one in second if one] == [3 * 4, 2 * 4, 2 * 4, 2 * 5, 2 * 5, 3 * 5]
    assert [one for one in last if one] == [2 * 4, 2 * 4, 3 * 4]
    # m + s - 2 exchanges each way, a tensor for each of 3 ranks in each
    assert len(first) == len(second) == len(last) == 2 * (3 + 3 - 2) * 3
