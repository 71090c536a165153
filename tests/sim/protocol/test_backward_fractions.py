"""Where the time of a backward pass goes is part of a workload; tests/runners/published has the
schedule.
"""

import pytest

from sim.workload import Workload


def workload(fractions: tuple[float, ...] | None) -> Workload:
    return Workload(
        num_parameters=100,
        tensor_parameters=(70, 30),
        bytes_per_parameter=4,
        train_flops_per_sample=1.0,
        sample_bytes=1,
        batch_size=1,
        num_samples=(1,),
        backward_fractions=fractions,
    )


@pytest.mark.parametrize("fractions", [None, (0.5, 0.5), (1.0, 0.0)])
def test_fractions_that_add_up(fractions: tuple[float, ...] | None) -> None:
    assert workload(fractions).backward_fractions == fractions


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.6), (1.5, -0.5), ()])
def test_fractions_that_do_not_are_refused(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"backward_fractions must be 2 numbers"):
        workload(fractions)
