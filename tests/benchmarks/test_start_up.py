"""How long a person waits for help, and for being told of a mistake; neither needs torch."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["scenario.partners.west.speed=fast", "hydra.run.dir=/tmp/accord-start-up"], 2),
    ],
    ids=["help", "config error"],
)
def test_start_up(benchmark, arguments: list[str], status: int) -> None:
    def one() -> None:
        done = subprocess.run(
            [sys.executable, "-m", "runners.run", *arguments], capture_output=True
        )
        assert done.returncode == status

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 5)
