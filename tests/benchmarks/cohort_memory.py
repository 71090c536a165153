"""A process of its own whose memory is measured: one merge of many partners of the 2NN.

    python -m tests.benchmarks.cohort_memory <number of partners>

Prints the most memory that the process has had, and how much of it came with the merge. Partners
draw their samples from 60,000, as many as MNIST has.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.cohort_case import (
    BATCH,
    GREY,
    NUM_STEPS,
    TWO_NN,
    CohortRounds,
    random_samples,
)

NUM_SAMPLES = 60_000


def main() -> None:
    """Merge and print."""
    num_partners = int(sys.argv[1])
    torch.set_num_threads(1)
    rounds = CohortRounds(random_samples(GREY, NUM_SAMPLES), TWO_NN.build())
    numbers = np.random.default_rng(0).integers(NUM_SAMPLES, size=(num_partners, NUM_STEPS, BATCH))
    rounds.round(list(numbers[:1]))  # what torch sets up when it first trains is not the merge's
    before = peak_memory_bytes()
    rounds.round(list(numbers))
    peak = peak_memory_bytes()
    print(json.dumps({"peak_memory_bytes": peak, "merge_memory_bytes": peak - before}))


def peak_memory_bytes() -> int:
    """Return the most memory that this process has had so far; `ru_maxrss` would begin with what
    the process had that started it.
    """
    (line,) = re.findall(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    return int(line) * 1024


if __name__ == "__main__":
    main()
