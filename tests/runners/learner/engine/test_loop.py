"""The loop, to which all engines are held, does what torch's own optimizers and autograd do."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from runners.data import Samples
from runners.learner.cohort import Job
from runners.learner.engine.loop import Loop
from runners.learner.rank_data import RankData
from runners.optimizer import State
from tests.runners.learner.engine.cohorts import CPU, RATES, SGD, Cohort, data, flat, in_order

NESTEROV = replace(SGD, momentum=0.9, nesterov=True, weight_decay=0.1)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))


def test_a_job_is_a_loop_around_torchs_optimizer() -> None:
    samples = data((5,), "cross_entropy", num_classes=3)
    model, module = flat(network(), "cross_entropy"), network()
    job = Cohort(num_steps=(6,), starts=(1,), batch_size=4).jobs(model)[0]
    nn.utils.vector_to_parameters(job.start.clone(), module.parameters())
    optimizer = torch.optim.SGD(
        module.parameters(), lr=1.0, momentum=0.9, nesterov=True, weight_decay=0.1
    )
    losses = []
    for numbers, rate in zip(job.samples, RATES, strict=False):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        inputs, targets = samples.batch(numbers)
        loss = F.cross_entropy(module(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    ends, mean_losses = in_order(Loop(model, samples, NESTEROV), [job])
    torch.testing.assert_close(ends[0], nn.utils.parameters_to_vector(module.parameters()).detach())
    squares = [loss**2 for loss in losses]
    assert mean_losses[0].tolist() == pytest.approx([sum(losses) / 6, sum(squares) / 6])


def test_proximal_term_and_drift_by_hand() -> None:
    # w a + b with a = 1, target 0, squared error: the gradient of both is 2 z, z = w + b.
    # From (1, 0), rate 0.1, μ 0.5, drift (1, 0): gradient (2 + 1, 2) -> (0.7, -0.2);
    # z = 0.5, rate 0.3: gradient (1 + 0.5 × (0.7 - 1) + 1, 1 + 0.5 × -0.2) = (1.85, 0.9)
    # -> (0.7 - 0.555, -0.2 - 0.27)
    one = np.ones((1, 1), dtype=np.float32)
    samples = Samples(train=one, test=one, train_targets=0 * one, test_targets=0 * one)
    job = Job(
        start=torch.tensor([1.0, 0.0]),
        samples=np.zeros((2, 1), dtype=np.int64),
        state=State(),
        proximal_weight=0.5,
        drift=torch.tensor([1.0, 0.0]),
    )
    model = flat(nn.Sequential(nn.Linear(1, 1)), "squared_error")
    ends, losses = in_order(Loop(model, RankData(samples, CPU), SGD), [job])
    torch.testing.assert_close(ends, torch.tensor([[0.145, -0.47]]))
    torch.testing.assert_close(losses, torch.tensor([[0.625, 0.53125]]))
    # (1 + 0.25) / 2 and (1 + 0.0625) / 2


def test_jobs_do_not_depend_on_their_neighbours() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 3))
    model = flat(module, "cross_entropy")
    samples = data((5,), "cross_entropy", num_classes=3)
    loop = Loop(model, samples, SGD)
    cohort = Cohort(num_steps=(2, 2, 2), starts=(0, 1, 2), batch_size=4)
    together = in_order(loop, cohort.jobs(model))[0]
    alone = [in_order(loop, [job])[0][0] for job in cohort.jobs(model)]
    assert torch.equal(together, torch.stack(alone))
    for one, other in itertools.pairwise(together):
        assert not torch.equal(one, other)


def test_dropout_follows_the_jobs_seed() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Dropout(0.5), nn.Linear(5, 3))
    model = flat(module, "cross_entropy")
    samples = data((5,), "cross_entropy", num_classes=3)
    job = Cohort(num_steps=(2,), starts=(0,)).jobs(model)[0]
    ends = [
        in_order(Loop(model, samples, SGD), [replace(job, state=State(), seed=seed)])[0]
        for seed in (1, 1, 2)
    ]
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])
