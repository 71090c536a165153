"""A rank of tests/parallel/test_ckks.py: it joins sums under homomorphic encryption, and writes
down everything that it sends and gets.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from runners.homomorphic.keys import keys_of
from runners.learner.horovod import Ranks
from runners.privacy import Merge
from tests.parallel.on_ranks import file_of
from tests.runners.privacy.test_ckks import ckks

NUM_UPDATES, SIZE, NUM_MERGES = 5, 4500, 2


class Recorded(Ranks):
    """Write down all calls; plain sums and exchanges are noted by their names alone."""

    def __init__(self) -> None:
        super().__init__("cpu", 1.0)
        self.calls: list[tuple[str, str, list[bytes], list[Any]]] = []

    def exchange_bytes(self, outgoing: Sequence[bytes], name: str) -> list[bytes]:
        received = super().exchange_bytes(outgoing, name)
        self.calls.append(("bytes", name, list(outgoing), received))
        return received

    def gather(self, value: Any, name: str) -> list[Any]:
        values = super().gather(value, name)
        self.calls.append(("gather", name, [], values))
        return values

    def start_sum(self, tensor: torch.Tensor, name: str) -> Any:
        self.calls.append(("sum", name, [], []))
        return super().start_sum(tensor, name)

    def exchange(self, outgoing: Any, shapes: Any) -> Any:
        self.calls.append(("exchange", "", [], []))
        return super().exchange(outgoing, shapes)


def updates(number: int) -> torch.Tensor:
    """Return all partners' updates in a merge; the last ones are of partners of one rank."""
    return torch.randn(NUM_UPDATES, SIZE, generator=torch.Generator().manual_seed(number))


def main() -> None:
    """Join the sums, and leave what was seen."""
    ranks, option = Recorded(), ckks()
    totals = []
    for number in range(NUM_MERGES):
        merge = Merge(
            number=number,
            partners=tuple(range(NUM_UPDATES)),
            dropped=(),
            num_partners=NUM_UPDATES,
            seed=0,
            secret=7,
        )
        sum_ = option.begin_sum(SIZE, merge, ranks)
        mine = list(range(ranks.rank, NUM_UPDATES, ranks.size))
        sum_.add(updates(number)[mine], mine)
        totals.append(sum_.finish())
    adder = keys_of(7, option.scheme, ranks).adder
    seen = {
        "totals": totals,
        "calls": ranks.calls,
        "adder_has_key": adder and adder.context.has_secret_key(),
        "adder_context": adder and adder.context.serialize(),
    }
    torch.save(seen, file_of(Path(sys.argv[1]), ranks.rank))
    ranks.leave()


if __name__ == "__main__":
    main()
