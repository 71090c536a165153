"""What conf/hardware/cpu_core.yaml should say on this machine: step time as a line in FLOPs.

Steps of MLPs of growing width on one thread; the line through the least and the most costly gives
overhead and rate. Quoted, not asserted: the values belong to the machine.
"""

import statistics
import time

import torch

from runners.model import Form
from runners.model.mlp import Mlp

BATCH = 32
MNIST = Form(inputs=(784,), vocabulary=None, num_outputs=10, per_token=False)


def mlp(hidden_units: int) -> Mlp:
    """Return the MLP with one hidden layer."""
    return Mlp(hidden_units=(hidden_units,), batch_norm=False, dropout=0.0)


def step_wall_s(hidden_units: int, num_steps: int = 200) -> float:
    """Return the median seconds of one SGD step of the MLP 784-`hidden_units`-10."""
    model = mlp(hidden_units).build(MNIST)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    inputs, labels = torch.rand(BATCH, 784), torch.randint(10, (BATCH,))
    times = []
    for _ in range(num_steps):
        started = time.perf_counter()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def test_cpu_core(benchmark) -> None:
    torch.set_num_threads(1)
    small, large = benchmark.pedantic(lambda: (step_wall_s(8), step_wall_s(1024)), rounds=1)
    flops = [BATCH * mlp(width).train_flops_per_sample(MNIST) for width in (8, 1024)]
    flops_per_s = (flops[1] - flops[0]) / (large - small)
    benchmark.extra_info["flops_per_s"] = flops_per_s
    benchmark.extra_info["step_overhead_wall_s"] = small - flops[0] / flops_per_s
    assert small < large
