"""X25519's published vectors, HKDF by the standard library, and what a secret is bound to."""

import hashlib
import hmac

import pytest

from runners.secure_sum.key_agreement import KeyPair, clamped
from runners.secure_sum.shamir import PRIME

# RFC 7748, section 6.1
ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
ALICE_PUBLIC = bytes.fromhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
BOB_PUBLIC = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
SHARED = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")


def test_public_keys_of_rfc_7748() -> None:
    assert (KeyPair(ALICE).public, KeyPair(BOB).public) == (ALICE_PUBLIC, BOB_PUBLIC)


def test_the_secret_is_hkdf_of_rfc_7748s() -> None:
    # RFC 5869 with no salt: T(1) = HMAC(HMAC(0, shared), info | 1), which is all of 32 bytes
    extracted = hmac.digest(bytes(32), SHARED, hashlib.sha256)
    info = b"mask" + ALICE_PUBLIC + BOB_PUBLIC  # the lower key is first
    expected = hmac.digest(extracted, info + b"\x01", hashlib.sha256)
    assert KeyPair(ALICE).agree(BOB_PUBLIC, "mask") == expected
    assert KeyPair(BOB).agree(ALICE_PUBLIC, "mask") == expected


def test_another_purpose_or_partner_gives_another_secret() -> None:
    alice = KeyPair(ALICE)
    others = {alice.agree(KeyPair(bytes([i]) * 32).public, "mask") for i in range(20)}
    assert (
        len(others | {alice.agree(BOB_PUBLIC, "envelope"), alice.agree(BOB_PUBLIC, "mask")}) == 22
    )


def test_a_key_that_gives_everybody_the_same_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="shared key"):
        KeyPair(ALICE).agree(bytes(32), "mask")


def test_a_clamped_key_is_the_same_key_and_fits_the_field() -> None:
    # RFC 7748, section 5: low three bits and the highest are 0, the next highest is 1
    assert clamped(bytes([255] * 32)) == bytes([248, *[255] * 30, 127])
    assert clamped(bytes(32)) == bytes([0] * 31 + [64])
    assert KeyPair(clamped(ALICE)).public == ALICE_PUBLIC
    assert int.from_bytes(clamped(bytes([255] * 32)), "little") < PRIME
