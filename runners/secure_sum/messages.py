"""Owns the messages of the pairwise-masked sum. Secrets in them are sealed."""

from collections.abc import Mapping
from dataclasses import dataclass

from runners.secure_sum.fixed_point import Words


@dataclass(frozen=True, kw_only=True)
class PublicKeys:
    """Round 0, from a party to all others: keys for envelopes and for masks, 32 bytes each.

    Only the proxy uses `commitment`, the SHA-256 of the seed of the party's own mask, by which it
    can tell that shares are right.
    """

    sender: int
    sealing: bytes
    masking: bytes
    commitment: bytes


@dataclass(frozen=True, kw_only=True)
class SealedShares:
    """Round 1, from a party to a neighbour through the proxy: a share of the sender's seed and one
    of its masking key, which only the receiver can open.
    """

    sender: int
    receiver: int
    sealed: bytes


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskedVector:
    """Round 2, from a party to the proxy: what it adds to the sum, and the proof that it did."""

    sender: int
    vector: Words
    tag: bytes


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """Round 3, from a party to the proxy: the shares it holds, by their owner; of the seeds of
    those whose vectors came, and of the masking keys of those whose did not.
    """

    sender: int
    seed_shares: Mapping[int, int]
    key_shares: Mapping[int, int]
