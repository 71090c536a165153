"""A training step takes what the hardware profile's formula says, worked by hand."""

import pytest

from sim.hardware import Hardware
from sim.hardware.cpu_core import CpuCore
from sim.hardware.instant import Instant
from sim.hardware.measured import Measured
from sim.workload import Workload

WORKLOAD = Workload(
    num_parameters=100,
    tensor_parameters=(60, 40),
    bytes_per_parameter=4,
    train_flops_per_sample=10.0,
    sample_bytes=10,
    batch_size=64,
    num_samples=(128,),
)


@pytest.mark.parametrize(
    ("hardware", "step_sim_s"),
    [
        (CpuCore(step_overhead_sim_s=0.5, flops_per_s=160.0), 4.5),  # 0.5 + 64 * 10 / 160
        (Measured(samples_per_s=256.0), 0.25),  # 64 / 256
        (Instant(), 0.0),
    ],
)
def test_step_time(hardware: Hardware, step_sim_s: float) -> None:
    assert hardware.steps_sim_s(WORKLOAD, 1) == step_sim_s
    assert hardware.steps_sim_s(WORKLOAD, 3) == 3 * step_sim_s


@pytest.mark.parametrize("samples_per_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_throughput_is_above_zero(samples_per_s: float) -> None:
    with pytest.raises(ValueError, match="samples_per_s must be finite and above 0"):
        Measured(samples_per_s=samples_per_s)
