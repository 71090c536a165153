"""Parameters that tests encrypt with."""

from runners.homomorphic import Scheme

USUAL = Scheme(poly_modulus_degree=8192, coeff_mod_bit_sizes=(60, 40, 40, 60), scale_bits=40)
SMALL = Scheme(poly_modulus_degree=4096, coeff_mod_bit_sizes=(54, 55), scale_bits=30)
"""A quick one: 2,048 slots and one prime."""
