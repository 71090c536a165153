"""Ranks whose messages are sealed, as threads here and as processes in
tests/parallel/test_sealed_ranks.py.
"""

import time
from typing import Any

import pytest
import torch

from runners.learner.horovod import Ranks
from runners.transport import Refused, Tampered
from runners.transport.sealed_ranks import SealedRanks
from runners.transport.session import new_members
from tests.runners.homomorphic.thread_ranks import ThreadRanks, on_threads
from tests.runners.transport.members import AUTHORITY

PUBLIC = AUTHORITY.public_key()
MEMBERS = new_members(3, AUTHORITY, time.time() - 10, time.time() + 3600)


def sealed(ranks: Any, members: Any = MEMBERS, session: str = "run 1") -> SealedRanks:
    return SealedRanks(ranks, members[ranks.rank], PUBLIC, session)


@pytest.mark.parametrize("num_ranks", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1,), (2, 3), (7,)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
def test_sums(num_ranks: int, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    def work(ranks: ThreadRanks) -> torch.Tensor:
        tensor = torch.arange(torch.Size(shape).numel()).view(shape).to(dtype) + ranks.rank
        sealed(ranks).start_sum(tensor, "merge")()
        return tensor

    # each number, times the ranks, and 0 + 1 + ... of their own
    base = torch.arange(torch.Size(shape).numel()).view(shape).to(dtype)
    expected = base * num_ranks + sum(range(num_ranks))
    for total in on_threads(num_ranks, work):
        assert torch.equal(total, expected)


def test_gather_and_exchange() -> None:
    def work(ranks: ThreadRanks) -> Any:
        own = sealed(ranks)
        gathered = own.gather({"rank": ranks.rank}, "who")
        outgoing = [torch.full((2, ranks.rank + 1), float(10 * ranks.rank + to)) for to in range(3)]
        return gathered, own.exchange(outgoing, [(2, number + 1) for number in range(3)])

    for rank, (gathered, received) in enumerate(on_threads(3, work)):
        assert gathered == [{"rank": 0}, {"rank": 1}, {"rank": 2}]
        assert [tuple(tensor.shape) for tensor in received] == [(2, 1), (2, 2), (2, 3)]
        assert [tensor[0, 0].item() for tensor in received] == [rank, 10 + rank, 20 + rank]


def test_nothing_readable_passes_between_ranks() -> None:
    secret = b"the update of a partner"

    def work(ranks: ThreadRanks) -> list[bytes]:
        assert sealed(ranks).exchange_bytes([secret] * 2, "merge") == [secret] * 2
        return [message for name, message in ranks.received if name == "merge"]

    first, second = on_threads(2, work)
    assert secret not in first[1] and secret not in second[0]
    assert first[0] == secret  # its own, which passes no wire


class Meddler(ThreadRanks):
    """Does something to what comes from others."""

    def __init__(self, ranks: ThreadRanks, meddle: Any) -> None:
        vars(self).update(vars(ranks))
        self._meddle = meddle

    def exchange_bytes(self, outgoing: Any, name: str) -> list[bytes]:
        received = super().exchange_bytes(outgoing, name)
        if name == "merge":
            received[1 - self.rank] = self._meddle(received[1 - self.rank])
        return received


@pytest.mark.parametrize(
    ("meddle", "message"),
    [
        (lambda frame: frame[:-1] + bytes([frame[-1] ^ 1]), "from rank [01]: .* was altered"),
        (lambda frame: b"", "was altered"),
    ],
)
def test_what_is_altered_on_the_way_is_noticed(meddle: Any, message: str) -> None:
    def work(ranks: ThreadRanks) -> None:
        sealed(Meddler(ranks, meddle)).exchange_bytes([b"x", b"y"], "merge")

    with pytest.raises(Tampered, match=message):
        on_threads(2, work)


def test_what_is_replayed_is_noticed() -> None:
    def work(ranks: ThreadRanks) -> None:
        kept: list[bytes] = []

        def replay(frame: bytes) -> bytes:
            kept.append(frame)
            return kept[0]

        own = sealed(Meddler(ranks, replay))
        own.exchange_bytes([b"first"] * 2, "merge")
        own.exchange_bytes([b"second"] * 2, "merge")

    with pytest.raises(Tampered, match="message 0 about merge came again; the next is 1"):
        on_threads(2, work)


def test_ranks_of_another_authority_or_session_are_not_joined() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    strangers = new_members(2, Ed25519PrivateKey.generate(), 0.0, time.time() + 3600)
    with pytest.raises(Refused):
        on_threads(2, lambda ranks: sealed(ranks, strangers))
    with pytest.raises(Tampered):
        on_threads(2, lambda ranks: sealed(ranks, session=f"run {ranks.rank}"))


def test_a_rank_knows_its_peers_by_their_tokens() -> None:
    peers = on_threads(2, lambda ranks: sealed(ranks).peers)
    assert [{rank: token.name for rank, token in one.items()} for one in peers] == [
        {1: "rank 1"},
        {0: "rank 0"},
    ]


def test_no_call_of_the_plain_ranks_is_left_as_it_is() -> None:
    """A method that was not overridden would send plainly, or fail."""
    calls = {name for name, value in vars(Ranks).items() if callable(value) and name[0] != "_"}
    assert calls >= {"sum", "start_sum", "exchange", "exchange_bytes", "gather", "leave"}
    assert calls <= set(vars(SealedRanks))
