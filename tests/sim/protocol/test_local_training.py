"""Local training: steps are a number of their own, or follow from the data held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.learner import PLAIN, LocalRule
from sim.protocol.local_training import LocalTraining
from sim.workload import Workload


def workload(num_samples: int, batch_size: int) -> Workload:
    return Workload(
        num_parameters=1,
        tensor_parameters=(1,),
        bytes_per_parameter=4,
        train_flops_per_sample=1.0,
        sample_bytes=1,
        batch_size=batch_size,
        num_samples=(num_samples,),
    )


def epochs(number: float) -> LocalTraining:
    return LocalTraining(local_steps=None, local_epochs=number, proximal_weight=0.0)


@pytest.mark.parametrize(
    ("num_epochs", "num_samples", "batch_size", "num_steps"),
    [
        (1, 600, 10, 60),  # McMahan et al. 2017, table 2: E = 1, 600 samples, B = 10: u = 60
        (5, 600, 50, 60),  # and E = 5, B = 50: u = 60
        (1, 33, 32, 2),  # 1.03 is begun
        (0.5, 8, 4, 1),
        (0.01, 8, 4, 1),  # nobody takes none
        (1.1, 100, 10, 11),  # 1.1 * 100 is 110.00000000000001 in floats
    ],
)
def test_steps_of_epochs(
    num_epochs: float, num_samples: int, batch_size: int, num_steps: int
) -> None:
    assert epochs(num_epochs).num_steps(workload(num_samples, batch_size), 0) == num_steps


@given(
    num_epochs=st.integers(1, 20), num_samples=st.integers(1, 5000), batch_size=st.integers(1, 500)
)
def test_whole_epochs_are_covered_and_no_step_is_idle(
    num_epochs: int, num_samples: int, batch_size: int
) -> None:
    num_steps = epochs(num_epochs).num_steps(workload(num_samples, batch_size), 0)
    assert (num_steps - 1) * batch_size < num_epochs * num_samples <= num_steps * batch_size


def test_steps_that_are_given_don_t_ask_for_the_data() -> None:
    local = LocalTraining(local_steps=7, local_epochs=None, proximal_weight=0.0)
    assert local.num_steps(workload(1000, 1), 0) == 7


def test_the_rule_is_plain_without_a_proximal_weight() -> None:
    assert epochs(1).rule == PLAIN
    near = LocalTraining(local_steps=1, local_epochs=None, proximal_weight=0.1)
    assert near.rule == LocalRule(proximal_weight=0.1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"local_steps": 0}, "local_steps must be at least 1, got 0; try mode.local_steps=20"),
        ({"local_steps": None}, "local_steps must be a number where local_epochs is null, got Non"),
        ({"local_epochs": 1.0}, "local_steps must be null where local_epochs is given, got 20"),
        ({"local_steps": None, "local_epochs": 0.0}, "local_epochs must be finite and above 0"),
        ({"proximal_weight": -0.1}, "proximal_weight must be finite and at least 0, got -0.1"),
    ],
)
def test_refuses_what_is_no_training(changes: dict, message: str) -> None:
    settings = {"local_steps": 20, "local_epochs": None, "proximal_weight": 0.0}
    with pytest.raises(ValueError, match=message):
        LocalTraining(**(settings | changes))
