"""The yardstick: data-parallel training as Horovod's own examples write it, with nothing of Accord
around it.

A rank of its own: python -m tests.benchmarks.bare_horovod <steps> <batch per rank>; rank 0 prints
samples per second. MNIST in memory, the MLP 784-128-10, SGD, hvd.DistributedOptimizer; the first
steps are warm-up and not counted.
"""

import os
import sys
import time

import horovod.torch as hvd
import torch

from runners.data.mnist import Mnist

WARM_UP_STEPS = 30


def main() -> None:
    """Train and print the throughput."""
    num_steps, batch = int(sys.argv[1]), int(sys.argv[2])
    hvd.init()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    samples = Mnist(num_samples=None).samples()
    inputs = torch.from_numpy(samples.train).flatten(1)
    labels = torch.from_numpy(samples.train_targets)
    mine = torch.arange(hvd.rank(), len(labels), hvd.size())
    model = torch.nn.Sequential(
        torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10)
    )
    optimizer = hvd.DistributedOptimizer(
        torch.optim.SGD(model.parameters(), lr=0.1, fused=True),
        named_parameters=model.named_parameters(),
    )
    hvd.broadcast_parameters(model.state_dict(), root_rank=0)
    started = 0.0
    for step in range(WARM_UP_STEPS + num_steps):
        if step == WARM_UP_STEPS:
            started = time.perf_counter()
        chosen = mine[torch.randint(len(mine), (batch,))]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs[chosen]), labels[chosen]).backward()
        optimizer.step()
    took_wall_s = time.perf_counter() - started
    if hvd.rank() == 0:
        print(num_steps * batch * hvd.size() / took_wall_s)
    hvd.shutdown()


if __name__ == "__main__":
    main()
