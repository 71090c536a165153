"""DiLoCo on the small GPT, the experiment made small: its steps are those of torch's optimizers,
and its bytes a fraction of those of a sum at every step.
"""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from runners.build import Run, assemble, build
from runners.config_file import read_config
from runners.job import CONF
from runners.perplexity import FILE_NAME
from sim.streams import stream
from tests.parallel.conftest import Done, Train

INNER_STEPS = 10
NUM_STEPS = 40  # of each partner: 320 windows / (2 partners x 4 windows)
SMALL = (
    "task=stdlib_gpt",
    "training.start_from=null",
    "task.model.width=16",
    "task.model.num_blocks=1",
    "task.data.length=16",
    "task.data.num_samples=320",
    "task.batch_size=4",
    "task.optimizer.learning_rate=0.004",
    "budget.num_epochs=1",
)


@pytest.fixture(scope="module")
def diloco(train: Train) -> Done:
    return train(*SMALL, "+experiment=diloco_gpt", f"mode.inner_steps={INNER_STEPS}")


@pytest.fixture(scope="module")
def allreduce(train: Train) -> Done:
    return train(*SMALL, "+experiment=diloco_gpt_allreduce")


def test_diloco_takes_the_steps_of_torchs_optimizers(diloco: Done) -> None:
    run = build(read_config(diloco.folder))
    assert diloco.curve("test_loss") == pytest.approx(plain_diloco(run), abs=2e-5)


def plain_diloco(run: Run) -> list[float]:
    """Return the test losses at the start and after each sum, by algorithm 1 of Douillard et al.
    (2023) in plain PyTorch.
    """
    samples, batches = run.task.samples(), windows_in_order(run)
    torch.manual_seed(int(stream(run.seed, "model").integers(2**63)))
    shared = run.task.new_module()
    replicas = [copy.deepcopy(shared) for _ in batches]
    peak = run.task.optimizer.learning_rate
    inner = [torch.optim.AdamW(one.parameters(), lr=peak, weight_decay=0.01) for one in replicas]
    outer = torch.optim.SGD(shared.parameters(), lr=0.7, momentum=0.9, nesterov=True)
    losses = [loss_of(shared, samples.test, samples.test_targets).item()]
    for step in range(NUM_STEPS):
        for replica, optimizer, order in zip(replicas, inner, batches, strict=True):
            optimizer.param_groups[0]["lr"] = peak * run.training.rate_factor(step / NUM_STEPS)
            optimizer.zero_grad()
            loss_of(
                replica, samples.train[order[step]], samples.train_targets[order[step]]
            ).backward()
            optimizer.step()
        if (step + 1) % INNER_STEPS == 0:
            outer_step(shared, replicas, outer)
            losses.append(loss_of(shared, samples.test, samples.test_targets).item())
    return losses


def outer_step(
    shared: torch.nn.Module, replicas: list[torch.nn.Module], outer: torch.optim.Optimizer
) -> None:
    """Let `outer` take minus what the replicas have moved for a gradient; all go on from there."""
    for weight, *others in zip(
        shared.parameters(), *(replica.parameters() for replica in replicas), strict=True
    ):
        weight.grad = weight.detach() - torch.stack([other.detach() for other in others]).mean(0)
    outer.step()
    for replica in replicas:
        replica.load_state_dict(shared.state_dict())


def windows_in_order(run: Run) -> list[np.ndarray]:
    """Return each partner's sample numbers, (NUM_STEPS, batch size): one pass, shuffled."""
    _, assignment = assemble(run)
    return [
        stream(run.seed, "batches", partner).permutation(held).reshape(NUM_STEPS, -1)
        for partner, held in enumerate(assignment.train)
    ]


def loss_of(model: torch.nn.Module, tokens: np.ndarray, targets: np.ndarray) -> torch.Tensor:
    outputs = model(torch.from_numpy(tokens.astype(np.int64)))
    return cross_entropy(
        outputs.flatten(0, 1), torch.from_numpy(targets.astype(np.int64)).flatten()
    )


def test_diloco_moves_the_bytes_of_one_sum_for_many(diloco: Done, allreduce: Done) -> None:
    assert diloco.record["virtual"]["num_samples"] == allreduce.record["virtual"]["num_samples"]
    ratio = diloco.record["virtual"]["num_bytes"] / allreduce.record["virtual"]["num_bytes"]
    assert ratio == pytest.approx(1 / INNER_STEPS, rel=1e-12)


def test_both_learn_from_the_same_start(diloco: Done, allreduce: Done) -> None:
    ours, theirs = diloco.curve("test_loss"), allreduce.curve("test_loss")
    assert ours[0] == theirs[0] == pytest.approx(math.log(256), abs=0.1)  # all bytes as likely
    assert max(ours[-1], theirs[-1]) < ours[0] - 1


def test_published_runs_lose_less_than_3_percent_with_a_fiftieth_of_the_bytes() -> None:
    runs = pd.read_csv(CONF.parent / "results" / "diloco_gpt" / FILE_NAME)
    assert runs["num_samples"].nunique() == 1
    diloco = runs[runs["label"] == "partner/diloco"]
    assert np.log(diloco["perplexity_ratio"]).mean() < math.log(1.03)
    assert diloco["bytes_ratio"].tolist() == pytest.approx([1 / 50] * len(diloco), rel=1e-12)
