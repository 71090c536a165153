"""The sources' own examples compose and fit, have the sources' numbers, and follow their corrected
arithmetic.
"""

from typing import Any

import numpy as np
import pytest
import torch

from runners.build import Run, assemble, build
from runners.job import CONF
from runners.learner.flat_model import FlatModel
from runners.optimizer import State
from sim.learner.none import TimeOnly
from sim.world import World
from tests.runners.compose import compose

TRAININGS = {"source_s1_q_learning"}  # of an agent; tests/runners/agent_training has it
EXPERIMENTS = sorted(
    {path.stem for path in (CONF / "experiment").glob("source_*.yaml")} - TRAININGS
)


def composed(name: str) -> Run:
    return build(compose(f"+experiment={name}"))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_fits_and_says_how_it_is_run(name: str) -> None:
    package, command, *_ = (CONF / "experiment" / f"{name}.yaml").read_text().splitlines()
    assert package == "# @package _global_"
    assert command == f"# python -m runners.run +experiment={name}"
    setting, assignment = assemble(composed(name))
    assert len(assignment.train) == len(setting.consortium.partners)


@pytest.mark.parametrize(
    ("name", "optimizer", "expected"),
    [
        # task, partners, epochs, batch, learning rate
        ("source_s0_text_cnn", "Adam", ("topic_cnn", 1, 10, 32, 0.001)),
        ("source_s1_data_parallel", "Sgd", ("regression", 10, 100, 8, 0.1)),
        ("source_s1_mlp", "Adam", ("mnist_mlp", 2, 5, 32, 0.001)),
        ("source_s1_parameter_server", "Adam", ("mnist_mlp", 2, 5, 32, 0.001)),
        ("source_s2_autoencoder", "Adam", ("autoencoder", 1, 1000, 32, 0.001)),
        ("source_s3_binary_mlp", "Adam", ("adult_mlp", 1, 10, 32, 0.001)),
        ("source_s4_text_lstm", "Adam", ("spam_lstm", 1, 10, 32, 0.001)),
    ],
)
def test_an_experiment_has_its_sources_numbers(
    name: str, optimizer: str, expected: tuple[Any, ...]
) -> None:
    run = composed(name)
    task = run.task
    num_partners = len(run.scenario.consortium(run.seed).partners)
    rate = task.optimizer.learning_rate
    found = (task.name, num_partners, run.budget.num_epochs, task.batch_size, rate)
    assert found == expected
    assert type(task.optimizer).__name__ == optimizer


def test_every_experiment_is_held_to_its_numbers() -> None:
    (mark,) = test_an_experiment_has_its_sources_numbers.pytestmark
    assert [row[0] for row in mark.args[1]] == EXPERIMENTS


def test_the_data_parallel_example_takes_1000_iterations() -> None:
    setting, assignment = assemble(composed("source_s1_data_parallel"))
    assert [len(samples) for samples in assignment.train] == [80] * 10
    outcome = World(setting, TimeOnly(), lambda fraction: None).run()
    assert len(outcome.rounds) == 1 + 1000  # the first is the untrained model


def test_the_data_parallel_example_by_its_corrected_rule() -> None:
    """θ ← θ − α · mean(g_k) over 10 nodes is a step on all data, and 1000 of them end at the least
    squares solution, whatever the start.
    """
    run = composed("source_s1_data_parallel")
    data = run.task.samples()
    inputs, values = torch.from_numpy(data.train), torch.from_numpy(data.train_targets)
    torch.manual_seed(0)
    model = FlatModel(run.task.new_module(), run.task.loss, torch.device("cpu"), tail=0)
    theta, state = model.initial.clone(), State()
    model.at(theta)
    of_nodes = []
    for node in torch.arange(800).view(10, 80):
        model.backward(inputs[node], values[node], None)
        of_nodes.append(model.gradient.clone())
    model.backward(inputs, values, None)
    torch.testing.assert_close(torch.stack(of_nodes).mean(dim=0), model.gradient)
    for _ in range(1000):
        model.backward(inputs, values, None)
        run.task.optimizer.step(theta[None], model.gradient[None], state, 0.1)
    with_ones = np.concatenate([data.train, np.ones((800, 1), dtype=np.float32)], axis=1)
    best, *_ = np.linalg.lstsq(with_ones, data.train_targets)
    np.testing.assert_allclose(theta.numpy(), best[:, 0], atol=1e-4)


def test_the_parameter_server_example_has_two_servers_of_its_own() -> None:
    mode: Any = composed("source_s1_parameter_server").mode
    assert (mode.num_servers, mode.placement) == (2, "dedicated")
