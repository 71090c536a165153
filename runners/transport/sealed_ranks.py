"""Owns Horovod ranks whose messages are sealed: what passes between two of them can be read by no
other, and is noticed when it was altered, replayed or put in.

`SealedRanks` is a `runners.learner.horovod.Ranks` and takes its place (`learner.sealed`). Horovod
can't add what it can't read, so a sum is an exchange: rank r gets everyone's r-th piece, adds the
pieces in the order of the ranks, and sends the sum to all. What a rank may do with what it can open
is up to the mode; single updates are hidden from ranks by a secure sum, not by this.

Sealed is all that the methods are given: sums of updates, gradients, control variates, losses and
masked integers, pipelines' activations, keys and ciphertexts, metrics, models. Plain are the hellos
of the handshake, which hold tokens and public keys, the names of collectives, and how long messages
are. `SealedRanks` has no Horovod of its own: a method of `Ranks` that it lacked would fail.

Measured (tests/benchmarks/test_sealing.py, MNIST's MLP of 4 partners on 2 ranks, 2 cores that
others used too; medians, single pairs in brackets): a round of federated averaging with 10 local
steps takes 1.1 times as long as a plain one (1.0 to 2.0), a step of allreduce 3.3 times (1.6 to
4.4), since it waits for two exchanges and the log where one sum went on beside other work.
"""

import math
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.learner.horovod import Ranks
from runners.transport import Credentials, Tampered, Token
from runners.transport.channel import Channel
from runners.transport.handshake import Handshake, Member
from runners.transport.session import name_of


class SealedRanks(Ranks):
    """Join the other ranks over sealed channels; all make the same calls in the same order."""

    def __init__(
        self, ranks: Ranks, member: Member, authority: Ed25519PublicKey, session: str
    ) -> None:
        """Agree on keys with every other rank; `session` is the same on all, and not used twice."""
        self._ranks = ranks
        self.rank, self.size, self.device = ranks.rank, ranks.size, ranks.device
        others = [rank for rank in range(ranks.size) if rank != ranks.rank]
        handshakes = {rank: Handshake(member, name_of(rank), session) for rank in others}
        hellos = [
            handshakes[rank].hello() if rank in handshakes else b"" for rank in range(ranks.size)
        ]
        received = ranks.exchange_bytes(hellos, "hello")
        met = {
            rank: handshake.meet(received[rank], authority, time.time())
            for rank, handshake in handshakes.items()
        }
        self.peers: dict[int, Token] = {rank: token for rank, (token, _) in met.items()}
        self._channels: dict[int, Channel] = {rank: channel for rank, (_, channel) in met.items()}

    def exchange_bytes(self, outgoing: Sequence[bytes | bytearray], name: str) -> list[bytes]:
        """Send `outgoing[r]` to rank r and to no other; return what comes from each rank."""
        sealed = list(outgoing)
        for rank, channel in self._channels.items():
            sealed[rank] = channel.seal(outgoing[rank], name)
        received = self._ranks.exchange_bytes(sealed, name)
        for rank, channel in self._channels.items():
            try:
                received[rank] = channel.open(received[rank], name)
            except Tampered as error:
                raise type(error)(f"from {name_of(rank)}: {error}") from error
        return received

    def exchange(
        self, outgoing: Sequence[torch.Tensor], shapes: Sequence[tuple[int, ...]]
    ) -> list[torch.Tensor]:
        """Send `outgoing[r]`, float32 of any shape, to rank r; return what comes from each rank, of
        these shapes.
        """
        received = self.exchange_bytes([_bytes(tensor) for tensor in outgoing], "exchange")
        return [
            _tensor(message, torch.float32, self.device).view(shape)
            for message, shape in zip(received, shapes, strict=True)
        ]

    def sum(self, tensor: torch.Tensor, name: str) -> None:
        """Sum `tensor` over the ranks, in place."""
        length = math.ceil(tensor.numel() / self.size)
        pieces = [_bytes(piece) for piece in tensor.detach().reshape(-1).split(max(length, 1))]
        pieces += [b""] * (self.size - len(pieces))
        received = self.exchange_bytes(pieces, name)
        mine = sum(_tensor(message, tensor.dtype, self.device) for message in received)
        assert isinstance(mine, torch.Tensor)
        sums = b"".join(self.exchange_bytes([_bytes(mine)] * self.size, name))
        tensor.copy_(_tensor(sums, tensor.dtype, self.device).view(tensor.shape))

    def start_sum(self, tensor: torch.Tensor, name: str) -> Callable[[], None]:
        """Return the call that sums `tensor` over the ranks, in place; nothing is under way before
        it, so no sum goes on beside other work.
        """
        return lambda: self.sum(tensor, name)

    def gather(self, value: Any, name: str) -> list[Any]:
        """Return every rank's `value`, in the order of the ranks."""
        received = self.exchange_bytes([pickle.dumps(value)] * self.size, name)
        return [pickle.loads(message) for message in received]  # sealed by ranks of ours

    def leave(self) -> None:
        """Say goodbye to the other ranks."""
        self._ranks.leave()


def joined(ranks: Ranks, credentials: Credentials) -> SealedRanks:
    """Return `ranks` as seen over sealed channels; all ranks join together."""
    key = Ed25519PrivateKey.from_private_bytes(credentials.key)
    member = Member(name_of(ranks.rank), credentials.token, key)
    authority = Ed25519PublicKey.from_public_bytes(credentials.authority)
    return SealedRanks(ranks, member, authority, credentials.session)


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()


def _tensor(message: bytes, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    flat = torch.from_numpy(np.frombuffer(bytearray(message), dtype=np.uint8))
    return flat.view(dtype).to(device)
