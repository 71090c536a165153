"""Homomorphic encryption: updates are added up by someone who can't read them, with CKKS (Cheon,
Kim, Kim and Song 2017) as TenSEAL and SEAL implement it.

`KeyHolder` is what a partner has: the secret key. `Adder` is what the proxy has: ciphertexts, and a
context without the key. `EncryptedSum` is a merge among ranks. Between them pass bytes only.

A ciphertext holds N / 2 numbers in slots, as a pair of polynomials modulo a product of primes. The
last prime is SEAL's own, for keys; the others are a ciphertext's modulus Q.
"""

import math
from dataclasses import dataclass

from sim.bounds import at_least

MOST_MODULUS_BITS = {2048: 54, 4096: 109, 8192: 218, 16384: 438, 32768: 881}
"""Bits of all primes together that give 128 bits of security, by N (Albrecht et al. 2018,
Homomorphic Encryption Standard, table 1: ternary secret, classical attacks).
"""
LEAST_PRIME_BITS, MOST_PRIME_BITS = 20, 60
LEAST_SCALE_BITS = 20
LEAST_HEADROOM_BITS = 10


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """Hold CKKS' parameters: the degree N, the bits of its primes, and those of the scale Δ that
    numbers are multiplied by before they are rounded.
    """

    poly_modulus_degree: int
    coeff_mod_bit_sizes: tuple[int, ...]
    scale_bits: int

    def __post_init__(self) -> None:
        degree, bits = self.poly_modulus_degree, self.coeff_mod_bit_sizes
        if degree not in MOST_MODULUS_BITS:
            raise ValueError(
                f"poly_modulus_degree must be one of {', '.join(map(str, MOST_MODULUS_BITS))}, "
                f"got {degree}; try poly_modulus_degree=8192"
            )
        if len(bits) < 2 or not LEAST_PRIME_BITS <= min(bits) <= max(bits) <= MOST_PRIME_BITS:
            raise ValueError(
                f"coeff_mod_bit_sizes must be two numbers or more, each between "
                f"{LEAST_PRIME_BITS} and {MOST_PRIME_BITS}, got {list(bits)}; "
                "try coeff_mod_bit_sizes=[60,40,40,60]"
            )
        if sum(bits) > MOST_MODULUS_BITS[degree]:
            raise ValueError(
                f"coeff_mod_bit_sizes must add up to at most {MOST_MODULUS_BITS[degree]} for 128 "
                f"bits of security with poly_modulus_degree={degree}, got {list(bits)}, which is "
                f"{sum(bits)}; try fewer bits, or a larger poly_modulus_degree"
            )
        at_least("scale_bits", self.scale_bits, LEAST_SCALE_BITS, remedy="try scale_bits=40")
        if self.scale_bits > self.modulus_bits - LEAST_HEADROOM_BITS:
            raise ValueError(
                f"scale_bits must be at most {self.modulus_bits - LEAST_HEADROOM_BITS}, "
                f"{LEAST_HEADROOM_BITS} less than all coeff_mod_bit_sizes but the last, so that "
                f"sums have room, got {self.scale_bits}; try scale_bits=40"
            )

    @property
    def num_slots(self) -> int:
        """How many numbers a ciphertext holds."""
        return self.poly_modulus_degree // 2

    @property
    def modulus_bits(self) -> int:
        """The bits of a ciphertext's modulus Q."""
        return sum(self.coeff_mod_bit_sizes[:-1])

    def num_ciphertexts(self, size: int) -> int:
        """Return how many ciphertexts `size` numbers take."""
        return math.ceil(size / self.num_slots)

    def packed_bytes(self) -> int:
        """Return what a ciphertext's 2 N coefficients weigh with no bit wasted."""
        return 2 * self.poly_modulus_degree * self.modulus_bits // 8

    def unpacked_bytes(self) -> int:
        """Return what they weigh in memory, 8 bytes for each prime."""
        return 2 * self.poly_modulus_degree * 8 * (len(self.coeff_mod_bit_sizes) - 1)

    def most_absolute(self, num_updates: int) -> float:
        """Return how large a number may be so that a sum of `num_updates` can't overflow: an
        encoded coefficient is at most Δ times the largest number, and the sum of them stays below
        Q / 4.
        """
        return math.ldexp(1 / num_updates, self.modulus_bits - 2 - self.scale_bits)
