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
MODES = ["solo", "pool", "partner/allreduce", "proxy/federated"]


@pytest.mark.parametrize("mode", MODES)
def test_one_two_and_four_ranks_agree(train: Train, mode: str) -> None:
    runs = [train(f"mode={mode}", f"learner.num_ranks={num_ranks}") for num_ranks in (1, 2, 4)]
    for other in runs[1:]:
        assert (other.folder / "trace.parquet").read_bytes() == (runs[0].folder / "trace.parquet").read_bytes()
        for column in ("test_accuracy", "test_loss", "train_loss"):
            assert other.curve(column)[1:] == pytest.approx(runs[0].curve(column)[1:], abs=1e-5)
        for figure, value in runs[0].record["metrics"]["overall"].items():
            assert other.record["metrics"]["overall"][figure] == pytest.approx(value, abs=1e-5)
    assert runs[0].curve("train_loss")[-1] < runs[0].curve("train_loss")[1]


def test_the_same_run_twice_is_the_same_run(train: Train) -> None:
    first, second = train("mode=proxy/federated"), train("mode=proxy/federated")
    assert (first.folder / "trace.parquet").read_bytes() == (second.folder / "trace.parquet").read_bytes()
    assert (first.folder / "rounds.parquet").read_bytes() == (second.folder / "rounds.parquet").read_bytes()
    assert first.record["config_hash"] == second.record["config_hash"]


def test_another_seed_is_another_run(train: Train) -> None:
    first, second = train("mode=proxy/federated", "seed=0"), train("mode=proxy/federated", "seed=1")
    assert first.curve("test_loss") != second.curve("test_loss")


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_allreduce_is_one_machine_on_the_union_batch(train: Train, optimizer: str) -> None:
    overrides = ("mode=partner/allreduce", f"task.optimizer={optimizer}", "task.learning_rate=0.01", "partition=dirichlet")
    done = train(*overrides)
    steps = done.rounds.dropna(subset=["test_accuracy"])["round"].tolist()
    assert done.curve("test_loss") == pytest.approx(union_batch_losses(overrides, steps), abs=1e-5)


def union_batch_losses(overrides: tuple[str, ...], steps: list[int]) -> list[float]:
    """Return test losses after so many steps of plain PyTorch on the partners' batches as one weighted batch."""
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
                losses.append(float(torch.nn.functional.cross_entropy(test, torch.from_numpy(index.test_labels))))
        optimizer.zero_grad()
        for partner, part in enumerate(assignment.train):
            while len(orders[partner]) < run.task.batch_size:
                orders[partner] = np.concatenate([orders[partner], rngs[partner].permutation(part)])
            batch, orders[partner] = np.split(orders[partner], [run.task.batch_size])
            logits = model(torch.from_numpy(samples.train[batch]))
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(index.train_labels[batch]))
            (loss * held[partner] / held.sum()).backward()
        optimizer.step()
    return losses


def test_federated_with_one_step_and_sgd_is_allreduce(train: Train) -> None:
    federated = train("mode=proxy/federated", "mode.local_steps=1", "task.optimizer=sgd")
    allreduce = train("mode=partner/allreduce", "task.optimizer=sgd")
    assert federated.curve("test_loss") == pytest.approx(allreduce.curve("test_loss"), abs=1e-5)
    assert federated.curve("test_accuracy") == pytest.approx(allreduce.curve("test_accuracy"), abs=1e-5)
    assert federated.curve("train_loss")[1:] == pytest.approx(allreduce.curve("train_loss")[1:], abs=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_on_one_partner_is_solo(train: Train, mode: str) -> None:
    alone = ("scenario=uniform", "scenario.num_partners=1", "learner.num_ranks=1", "budget.num_evaluations=1")
    solo, other = (train(*alone, f"mode={one}", *local) for one, local in [("solo", ()), (mode, one_round(mode))])
    assert other.curve("test_loss") == pytest.approx(solo.curve("test_loss"), abs=1e-6)


def one_round(mode: str) -> tuple[str, ...]:
    """Return what makes a federated run as long as two epochs of 1,437 samples in batches of 32: 90 steps."""
    return ("mode.local_steps=90",) if mode == "proxy/federated" else ()


def test_a_rank_of_any_size_hosts_any_partners(train: Train) -> None:
    few = train("mode=proxy/federated", "scenario=uniform", "scenario.num_partners=7", "learner.num_ranks=3", "partition=iid")
    many = train("mode=proxy/federated", "scenario=uniform", "scenario.num_partners=7", "learner.num_ranks=1", "partition=iid")
    assert few.curve("test_loss") == pytest.approx(many.curve("test_loss"), abs=1e-5)
