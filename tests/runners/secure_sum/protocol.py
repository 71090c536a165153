"""One pairwise-masked sum from beginning to end, with all that passes the proxy kept."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from runners.privacy import Merge
from runners.secure_sum.fixed_point import Words
from runners.secure_sum.graph import neighbours
from runners.secure_sum.messages import MaskedVector, PublicKeys, Revealed, SealedShares
from runners.secure_sum.party import Party
from runners.secure_sum.plan import Plan
from runners.secure_sum.proxy import Proxy, check_survivors
from runners.secure_sum.randomness import randomness_of

BITS = 20


def merge_of(
    partners: Sequence[int], dropped: Sequence[int] = (), number: int = 0, secret: int = 5
) -> Merge:
    return Merge(
        number=number,
        partners=tuple(partners),
        dropped=tuple(dropped),
        num_partners=1000,
        seed=0,
        secret=secret,
    )


def plan_of(num_parties: int, num_neighbours: int = 10**6, fraction: float = 0.6) -> Plan:
    rng = np.random.default_rng(num_parties)
    joined = neighbours(range(num_parties), num_neighbours, rng)
    return Plan(bits=BITS, neighbours=joined, threshold_fraction=fraction)


def random_entries(num_parties: int, size: int = 3, seed: int = 0) -> Words:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2**BITS, (num_parties, size)).astype("<u4")


@dataclass(kw_only=True)
class Transcript:
    """What the proxy sees."""

    keys: list[PublicKeys]
    letters: list[SealedShares]
    vectors: list[MaskedVector]
    revealed: list[Revealed]


class Play:
    """Play one round after the other; a test may alter messages between them."""

    def __init__(self, plan: Plan, secret: int = 5) -> None:
        merge = merge_of(range(len(plan.neighbours)), secret=secret)
        self.plan = plan
        self.proxy = Proxy(plan, randomness_of(merge, "proxy"))
        key = self.proxy.public_key
        self.parties = {
            number: Party(number, plan, key, randomness_of(merge, "party", number))
            for number in sorted(plan.neighbours)
        }

    def advertise(self) -> list[PublicKeys]:
        return [party.advertise() for party in self.parties.values()]

    def share(self, keys: Sequence[PublicKeys]) -> list[SealedShares]:
        known = self.proxy.take_keys(keys)
        return [letter for party in self.parties.values() for letter in party.share(known)]

    def deliver(self, letters: Sequence[SealedShares]) -> None:
        for number, mine in self.proxy.route(letters).items():
            self.parties[number].receive(mine)

    def send(self, entries: Words, survivors: Collection[int]) -> list[MaskedVector]:
        return [self.parties[number].send(entries[number].copy()) for number in survivors]

    def reveal(self, survivors: Collection[int]) -> list[Revealed]:
        return [self.parties[number].reveal(survivors) for number in sorted(survivors)]


def play(
    plan: Plan, entries: Words, survivors: Collection[int], num_revealing: int | None = None
) -> tuple[Words, Transcript]:
    """Return the sum of the survivors' entries; only the first of them reveal shares."""
    rounds, left = Play(plan), sorted(survivors)
    keys = rounds.advertise()
    letters = rounds.share(keys)
    rounds.deliver(letters)
    vectors = rounds.send(entries, left)
    check_survivors(plan, left)
    revealed = rounds.reveal(left)[:num_revealing]
    total = rounds.proxy.unmask(rounds.proxy.add_up(vectors), left, revealed)
    return total, Transcript(keys=keys, letters=letters, vectors=vectors, revealed=revealed)


def plain_sum(entries: Words, survivors: Collection[int]) -> Words:
    """Return the sum modulo 2**BITS."""
    total = entries[sorted(survivors)].astype(object).sum(axis=0) % 2**BITS
    return total.astype("<u4")


class ThreadRanks:
    """See `runners.learner.horovod.Ranks`; `sent` are the tensors that left this rank."""

    device = torch.device("cpu")

    def __init__(self, rank: int, board: list[Any], barrier: threading.Barrier) -> None:
        self.rank, self.size = rank, len(board)
        self.sent: list[torch.Tensor] = []
        self._board, self._barrier = board, barrier

    def sum(self, tensor: torch.Tensor, name: str) -> None:
        self.sent.append(tensor.clone())
        self._board[self.rank] = self.sent[-1]
        self._barrier.wait()
        total = sum(self._board[1:], self._board[0].clone())
        self._barrier.wait()
        tensor.copy_(total)

    def start_sum(self, tensor: torch.Tensor, name: str) -> Callable[[], None]:
        return partial(self.sum, tensor, name)


def on_threads(num_ranks: int, work: Callable[[ThreadRanks], Any]) -> list[Any]:
    """Return what `work` returns on each rank."""
    barrier = threading.Barrier(num_ranks, timeout=20)
    board: list[Any] = [None] * num_ranks
    results: list[Any] = [None] * num_ranks

    def run(rank: int) -> None:
        results[rank] = work(ThreadRanks(rank, board, barrier))

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(num_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def summed(
    begin: Callable[[ThreadRanks], Any],
    updates: torch.Tensor,
    partners: Sequence[int],
    num_ranks: int = 1,
) -> list[torch.Tensor]:
    """Return each rank's sum of updates whose partners are spread over ranks as in a run."""

    def work(ranks: ThreadRanks) -> torch.Tensor:
        total = begin(ranks)
        mine = [row for row, one in enumerate(partners) if one % num_ranks == ranks.rank]
        for row in mine:
            total.add(updates[row : row + 1], [partners[row]])
        return total.finish()

    return on_threads(num_ranks, work)
