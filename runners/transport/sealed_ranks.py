"""Owns Horovod ranks whose messages are sealed: what passes between two of them can be read by no
other, and is noticed when it was altered, replayed or put in.

`SealedRanks` has the methods of `runners.learner.horovod.Ranks` and takes its place. Horovod can't
add what it can't read, so a sum is an exchange: rank r gets everyone's r-th piece, adds the pieces
in the order of the ranks, and sends the sum to all. What a rank may do with what it can open is up
to the mode; single updates are hidden from ranks by a secure sum, not by this.
"""

import math
import pickle
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.transport import Token
from runners.transport.channel import Channel
from runners.transport.handshake import Handshake, Member
from runners.transport.tokens import issue

if TYPE_CHECKING:
    from runners.learner.horovod import Ranks


def name_of(rank: int) -> str:
    """Return the name under which a rank is a member."""
    return f"rank {rank}"


def new_members(
    num_ranks: int, authority: Ed25519PrivateKey, from_s: float, until_s: float
) -> list[Member]:
    """Return each rank's name, token and key; rank 0 is the proxy, and all host partners."""
    members = []
    for rank in range(num_ranks):
        key = Ed25519PrivateKey.generate()
        token = Token(
            name=name_of(rank),
            roles=("proxy", "trainer") if rank == 0 else ("trainer",),
            public_key=key.public_key().public_bytes_raw(),
            valid_from_s=from_s,
            valid_until_s=until_s,
        )
        members.append(Member(name_of(rank), issue(token, authority), key))
    return members


class SealedRanks:
    """Join the other ranks over sealed channels; all make the same calls in the same order."""

    def __init__(
        self, ranks: "Ranks", member: Member, authority: Ed25519PublicKey, session: str
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
        self._channels: dict[int, Channel] = {
            rank: handshake.meet(received[rank], authority, time.time())[1]
            for rank, handshake in handshakes.items()
        }

    def exchange_bytes(self, outgoing: Sequence[bytes], name: str) -> list[bytes]:
        """Send `outgoing[r]` to rank r and to no other; return what comes from each rank."""
        sealed = list(outgoing)
        for rank, channel in self._channels.items():
            sealed[rank] = channel.seal(outgoing[rank], name)
        received = self._ranks.exchange_bytes(sealed, name)
        for rank, channel in self._channels.items():
            received[rank] = channel.open(received[rank], name)
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
        """Sum `tensor` over the ranks, in place, at once; the returned call does nothing."""
        self.sum(tensor, name)
        return lambda: None

    def gather(self, value: Any, name: str) -> list[Any]:
        """Return every rank's `value`, in the order of the ranks."""
        received = self.exchange_bytes([pickle.dumps(value)] * self.size, name)
        return [pickle.loads(message) for message in received]  # sealed by ranks of ours

    def leave(self) -> None:
        """Say goodbye to the other ranks."""
        self._ranks.leave()


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()


def _tensor(message: bytes, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    flat = torch.from_numpy(np.frombuffer(bytearray(message), dtype=np.uint8))
    return flat.view(dtype).to(device)
