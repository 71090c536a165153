"""Code of a test on real ranks, without a run around it: a module that each rank executes, and
files by which it answers.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from runners.learner.horovod import rendezvous

ROOT = Path(__file__).parents[2]


def on_ranks(num_ranks: int, module: str, folder: Path) -> list[Any]:
    """Run `python -m <module> <folder>` on each rank; return what each left in its file."""
    environments, close = rendezvous(num_ranks)
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            env=os.environ | environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for environment in environments
    ]
    try:
        told = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
        close()
    assert [process.returncode for process in processes] == [0] * num_ranks, "\n".join(told)
    return [torch.load(file_of(folder, rank), weights_only=False) for rank in range(num_ranks)]


def file_of(folder: Path, rank: int) -> Path:
    """Return where a rank leaves what it has to say."""
    return folder / f"rank_{rank}.pt"
