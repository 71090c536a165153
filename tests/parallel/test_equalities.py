"""Equalities between systems that must agree, held on real ranks."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from runners.build import assemble, build
from sim.streams import stream
from tests.parallel.conftest import FAST, Done
from tests.runners.compose import compose

Train = Callable[..., Done]


def test_the_same_run_twice_is_the_same_run(train: Train) -> None:
    first, second = train("mode=proxy/federated"), train("mode=proxy/federated")
    assert (first.folder / "trace.parquet").read_bytes() == (
        second.folder / "trace.parquet"
    ).read_bytes()
    assert (first.folder / "rounds.parquet").read_bytes() == (
        second.folder / "rounds.parquet"
    ).read_bytes()
    assert first.record["config_hash"] == second.record["config_hash"]


def test_another_seed_is_another_run(train: Train) -> None:
    first, second = train("mode=proxy/federated", "seed=0"), train("mode=proxy/federated", "seed=1")
    assert first.curve("test_loss") != second.curve("test_loss")


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_allreduce_is_one_machine_on_the_union_batch(train: Train, optimizer: str) -> None:
    overrides = (
        "mode=partner/allreduce",
        f"task.optimizer={optimizer}",
        "task.learning_rate=0.01",
        "partition=dirichlet",
    )
    done = train(*overrides)
    steps = done.rounds.dropna(subset=["test_accuracy"])["round"].tolist()
    assert done.curve("test_loss") == pytest.approx(union_batch_losses(overrides, steps), abs=1e-5)


def union_batch_losses(overrides: tuple[str, ...], steps: list[int]) -> list[float]:
    """Return test losses after so many steps of plain PyTorch on the partners' batches as one
    weighted batch.
    """
    run = build(compose(*FAST, *overrides))
    _, assignment = assemble(run)
    index, samples = run.task.index(), run.task.samples()
    torch.manual_seed(int(stream(run.seed, "model").integers(2**63)))
    model = run.task.model()
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[run.task.optimizer]
    optimizer = kind(model.parameters(), lr=run.task.learning_rate)
    orders = [np.empty(0, dtype=np.int64) for _ in assignment.train]
    rngs = [stream(run.seed, "batches", partner) for partner in range(len(assignment.train))]
    held = np.array([len(part) for part in assignment.train])
    losses = []
    for step in range(max(steps) + 1):
        if step in steps:
            with torch.no_grad():
                test = model(torch.from_numpy(samples.test))
                losses.append(
                    float(
                        torch.nn.functional.cross_entropy(test, torch.from_numpy(index.test_labels))
                    )
                )
        optimizer.zero_grad()
        for partner, part in enumerate(assignment.train):
            while len(orders[partner]) < run.task.batch_size:
                orders[partner] = np.concatenate([orders[partner], rngs[partner].permutation(part)])
            batch, orders[partner] = np.split(orders[partner], [run.task.batch_size])
            logits = model(torch.from_numpy(samples.train[batch]))
            loss = torch.nn.functional.cross_entropy(
                logits, torch.from_numpy(index.train_labels[batch])
            )
            (loss * held[partner] / held.sum()).backward()
        optimizer.step()
    return losses


def test_federated_with_one_step_and_sgd_is_allreduce(train: Train) -> None:
    federated = train("mode=proxy/federated", "mode.local_steps=1", "task.optimizer=sgd")
    allreduce = train("mode=partner/allreduce", "task.optimizer=sgd")
    assert federated.curve("test_loss") == pytest.approx(allreduce.curve("test_loss"), abs=1e-5)
    assert federated.curve("test_accuracy") == pytest.approx(
        allreduce.curve("test_accuracy"), abs=1e-5
    )
    assert federated.curve("train_loss")[1:] == pytest.approx(
        allreduce.curve("train_loss")[1:], abs=1e-5
    )
