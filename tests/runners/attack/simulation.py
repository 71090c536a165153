"""Federated averaging of logistic regression on digits, in torch alone: ten partners, one model,
every partner's local steps in one batched product.
"""

from dataclasses import dataclass

import numpy as np
import torch

from runners.aggregation import Aggregation
from runners.attack import Attack
from runners.data import Samples
from runners.data.digits import Digits
from runners.partition import Holding, Partition
from runners.partition.dirichlet import Dirichlet
from runners.partition.iid import Iid
from sim.streams import stream
from tests.runners.attack.merges import merge_of

NUM_PARTNERS, NUM_CLASSES, NUM_PIXELS = 10, 10, 64
NUM_ROUNDS, NUM_STEPS, BATCH, RATE = 25, 10, 32, 0.5
SIZE = NUM_CLASSES * (NUM_PIXELS + 1)
DATA = Digits()
IID, SKEWED = Iid(), Dirichlet(alpha=0.3)


@dataclass(frozen=True, kw_only=True)
class Result:
    """Hold accuracy on the test set, and the attack's success with and without its trigger."""

    accuracy: float
    success: float | None
    success_without_trigger: float | None


def train(
    attack: Attack, rule: Aggregation, partition: Partition = IID, clip: float | None = None
) -> Result:
    """Train among partners who hold equally much; `clip` bounds what anybody sends."""
    seed, plain = 0, DATA.samples()
    holdings = [Holding(share=1 / NUM_PARTNERS, skew=1.0)] * NUM_PARTNERS
    assignment = partition.assign(DATA.index(), holdings, stream(seed, "partition"))
    samples = attack.poison(plain, DATA, assignment, seed)
    inputs, targets = _tensors(samples.train, samples.train_targets)
    model, memory = torch.zeros(SIZE), dict[str, torch.Tensor]()
    rng = stream(seed, "batches")
    for number in range(NUM_ROUNDS):
        chosen = np.stack([rng.choice(one, (NUM_STEPS, BATCH)) for one in assignment.train])
        updates = _local_steps(model, inputs[chosen], targets[chosen])
        merge = merge_of(NUM_PARTNERS, number=number, seed=seed, memory=memory)
        updates = attack.corrupt(updates, merge.partners, merge)
        if clip is not None:
            updates = updates * (clip / updates.norm(dim=1)).clamp(max=1)[:, None]
        moved = merged(rule, updates)
        attack.observe(moved, memory)
        model = model + moved
    return _tested(attack, model, samples)


def _tested(attack: Attack, model: torch.Tensor, samples: Samples) -> Result:
    marked, targets = attack.triggered(samples, DATA), samples.test_targets
    plainly = _predict(model, samples.test)
    return Result(
        accuracy=float((plainly.argmax(axis=1) == targets).mean()),
        success=None if marked is None else attack.success(targets, _predict(model, marked)),
        success_without_trigger=attack.success(targets, plainly),
    )


def merged(rule: Aggregation, updates: torch.Tensor) -> torch.Tensor:
    """Return what a rule makes of rows with equal weights that sum to 1."""
    weights = torch.full((len(updates),), 1 / len(updates))
    if rule.needs_rows:
        return rule.merge(updates, weights)
    return rule.factors(weights, updates.norm(dim=1)) @ updates


def _local_steps(model: torch.Tensor, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return how SGD moves each partner's copy; the gradient of softmax regression is
    xᵀ (softmax(x w) − y) ÷ batch.
    """
    weights = model.view(1, NUM_PIXELS + 1, NUM_CLASSES).repeat(len(inputs), 1, 1)
    wanted = torch.nn.functional.one_hot(targets, NUM_CLASSES).float()
    for step in range(inputs.shape[1]):
        x, y = inputs[:, step], wanted[:, step]
        weights -= RATE / BATCH * x.mT @ ((x @ weights).softmax(dim=2) - y)
    return weights.reshape(len(inputs), SIZE) - model


def _predict(model: torch.Tensor, images: np.ndarray) -> np.ndarray:
    inputs, _ = _tensors(images, np.zeros(len(images), dtype=np.int64))
    return (inputs @ model.view(NUM_PIXELS + 1, NUM_CLASSES)).softmax(dim=1).numpy()


def _tensors(images: np.ndarray, targets: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images as rows that end with a 1, for the bias, and their targets."""
    rows = torch.from_numpy(images).flatten(1)
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1), torch.from_numpy(targets)
