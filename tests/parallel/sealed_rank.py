"""A rank of tests/parallel/test_sealed_ranks.py: it joins sealed collectives, among them a sum
under homomorphic encryption, and writes down what Horovod moves for them.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runners.homomorphic.encrypted_sum import EncryptedSum
from runners.homomorphic.keys import keys_of
from runners.learner.horovod import Ranks
from runners.transport.handshake import Member
from runners.transport.sealed_ranks import SealedRanks
from runners.transport.session import name_of
from tests.parallel.on_ranks import file_of
from tests.runners.homomorphic.schemes import SMALL

SECRET = b"the update of a partner"


class Wire(Ranks):
    """Keep all bytes that come from other ranks."""

    def __init__(self) -> None:
        super().__init__("cpu", 1.0)
        self.received: list[bytes] = []

    def exchange_bytes(self, outgoing: Sequence[bytes], name: str) -> list[bytes]:
        received = super().exchange_bytes(outgoing, name)
        self.received += [received[rank] for rank in range(self.size) if rank != self.rank]
        return received


def main() -> None:
    """Join the collectives, and leave what came of them."""
    folder = Path(sys.argv[1])
    wire = Wire()
    given = json.loads((folder / f"member_{wire.rank}.json").read_text())
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["key"]))
    member = Member(name_of(wire.rank), given["token"], key)
    authority = Ed25519PublicKey.from_public_bytes(bytes.fromhex(given["authority"]))
    ranks = SealedRanks(wire, member, authority, "run 1")
    total = torch.arange(5.0, dtype=torch.float64) + 10 * ranks.rank
    ranks.sum(total, "merge")
    encrypted = EncryptedSum(3000, SMALL, keys_of(1, SMALL, ranks), ranks)
    encrypted.add(torch.full((1, 3000), 1.0 + ranks.rank), [ranks.rank])
    seen = {
        "sum": total,
        "messages": ranks.exchange_bytes([SECRET] * ranks.size, "message"),
        "gathered": ranks.gather(ranks.rank, "who"),
        "exchanged": ranks.exchange([torch.full((2,), float(ranks.rank))] * 2, [(2,)] * 2),
        "encrypted": encrypted.finish(),
        "wire": wire.received,
    }
    torch.save(seen, file_of(folder, ranks.rank))
    ranks.leave()


if __name__ == "__main__":
    main()
