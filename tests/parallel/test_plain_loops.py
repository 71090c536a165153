"""What systems learn on two real ranks, against loops in plain PyTorch."""

from math import ceil

import pytest
import torch

from tests.parallel.conftest import Done, Train
from tests.parallel.plain_loops import Setup, federated, union_batch

STEPS = ("mode=proxy/federated", "mode.local_steps=5")
EPOCHS = ("mode=proxy/federated", "mode.local_steps=null", "mode.local_epochs=0.5")


def evaluated(done: Done) -> list[int]:
    """Return the rounds that were evaluated."""
    return done.rounds.dropna(subset=["test_accuracy"])["round"].tolist()


@pytest.mark.parametrize(
    ("optimizer", "kind"), [("sgd", torch.optim.SGD), ("adam", torch.optim.Adam)]
)
def test_allreduce_is_one_machine_on_the_union_batch(
    train: Train, optimizer: str, kind: type[torch.optim.Optimizer]
) -> None:
    overrides = (
        *("mode=partner/allreduce", f"optimizer@task.optimizer={optimizer}"),
        "task.optimizer.learning_rate=0.01",
    )
    done = train(*overrides)
    expected = union_batch(overrides, kind, evaluated(done))
    assert done.curve("test_loss") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("algorithm", ["fedavg", "scaffold"])
def test_equal_steps_are_the_plain_loop(train: Train, algorithm: str) -> None:
    done = train(*STEPS, f"mode.algorithm={algorithm}")
    expected = federated(STEPS, algorithm=algorithm, num_steps=[5] * 4, rounds=evaluated(done))
    assert done.curve("test_loss") == pytest.approx(expected, abs=1e-5)


def test_fedprox_is_the_plain_loop(train: Train) -> None:
    done = train(*STEPS, "mode.algorithm=fedprox", "mode.proximal_weight=0.5")
    expected = federated(
        *(STEPS,),
        algorithm="fedprox",
        num_steps=[5] * 4,
        rounds=evaluated(done),
        proximal_weight=0.5,
    )
    assert done.curve("test_loss") == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("algorithm", ["fedavg", "fednova", "scaffold"])
def test_unequal_steps_are_the_plain_loop(train: Train, algorithm: str) -> None:
    """Half an epoch is another number of batches at each partner."""
    done = train(*EPOCHS, f"mode.algorithm={algorithm}")
    num_steps = [ceil(0.5 * held / 32) for held in Setup(EPOCHS).held]
    assert len(set(num_steps)) > 1
    expected = federated(EPOCHS, algorithm=algorithm, num_steps=num_steps, rounds=evaluated(done))
    assert done.curve("test_loss") == pytest.approx(expected, abs=1e-5)
