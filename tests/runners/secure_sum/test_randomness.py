"""Secrets differ by who they belong to, by merge and by run, and come back for the same."""

from runners.secure_sum.randomness import Randomness, randomness_of
from tests.runners.secure_sum.protocol import merge_of

# AES-256 of a zero block under a zero key (NIST, AESAVS, appendix B, KAT with all zeros)
ZERO_KEY_BLOCK = bytes.fromhex("dc95c078a2408989ad48a21492842087")


def test_it_is_the_cipher_of_zero() -> None:
    source = Randomness(bytes(32))
    assert source.bytes(5) + source.bytes(11) == ZERO_KEY_BLOCK
    assert source.bytes(16) != ZERO_KEY_BLOCK


def test_names_merges_and_runs_have_their_own() -> None:
    def first(number: int, secret: int, *names: str | int) -> bytes:
        return randomness_of(merge_of([0, 1], number=number, secret=secret), *names).bytes(16)

    drawn = [
        first(0, 1, "party", 1),
        first(0, 1, "party", 2),
        first(0, 1, "proxy"),
        first(1, 1, "party", 1),
        first(0, 2, "party", 1),
        first(11, 1, "party", 1),
        first(1, 11, "party", 1),
    ]
    assert len(set(drawn)) == len(drawn)
    assert first(0, 1, "party", 1) == drawn[0]
