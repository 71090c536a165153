"""Owns what secure aggregation adds to an update: sizes only, in bits of one client.

Bonawitz et al. (2017), "Practical Secure Aggregation for Privacy-Preserving Machine Learning",
section 7.1: keys, encrypted shares of secrets, and the masked vector.
"""

KEY_BITS = 256
SHARE_BITS = 256


def client_bits(num_users: int, vector_length: int, bits_per_entry: int) -> int:
    """Return the bits of one client's messages in a round among n users.

    `2 n * 256` for public keys, `(5 n - 4) * 256` for shares, and `m ceil(log2 R)` for a vector of
    m entries of b bits that are masked modulo `R = n (2**b - 1) + 1`, so that no sum overflows.
    """
    modulus = num_users * (2**bits_per_entry - 1) + 1
    masked_bits = (modulus - 1).bit_length()  # ceil(log2 R), exact for any size
    keys_bits = 2 * num_users * KEY_BITS
    shares_bits = (5 * num_users - 4) * SHARE_BITS
    return keys_bits + shares_bits + vector_length * masked_bits


def expansion(num_users: int, vector_length: int, bits_per_entry: int) -> float:
    """Return a client's bits over those of the plain vector."""
    plain_bits = vector_length * bits_per_entry
    return client_bits(num_users, vector_length, bits_per_entry) / plain_bits
