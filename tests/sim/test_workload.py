"""A workload's tensors make up its model, and every partner holds something."""

from typing import Any

import pytest

from sim.workload import Workload


def workload(**changes: Any) -> Workload:
    values: dict[str, Any] = {
        "num_parameters": 100,
        "tensor_parameters": (70, 30),
        "bytes_per_parameter": 4,
        "train_flops_per_sample": 1.0,
        "sample_bytes": 10,
        "batch_size": 4,
        "num_samples": (8, 4),
    }
    return Workload(**values | changes)


def test_sums() -> None:
    assert workload().update_bytes == 400  # 100 * 4
    assert workload().total_samples == 12  # 8 + 4


@pytest.mark.parametrize("tensors", [(), (99,), (70, 31), (120, -20), (100, 0)])
def test_tensors_add_up_to_the_model(tensors: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"add up to the 100 parameters.*one tensor is \(100,\)"):
        workload(tensor_parameters=tensors)


def test_every_partner_holds_a_sample() -> None:
    with pytest.raises(ValueError, match="partner 1 would hold 0 of the 8 training samples"):
        workload(num_samples=(8, 0))
