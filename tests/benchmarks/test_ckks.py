"""How long homomorphic encryption takes on one core: a round, and the figures of conf/privacy/ckks.

The round is to take at most 8 s for 200,000 parameters of 10 partners: all encryption, adding and
decryption by one process, in which ranks are no more than lists. It is one thread, so its CPU time
is what a core of its own would take, however busy the machine is.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from runners.homomorphic import Scheme
from runners.homomorphic.adder import Adder
from runners.homomorphic.encrypted_sum import EncryptedSum
from runners.homomorphic.key_holder import KeyHolder, new_key
from runners.homomorphic.keys import share_keys
from tests.runners.homomorphic.schemes import USUAL
from tests.runners.homomorphic.thread_ranks import ThreadRanks

pytestmark = pytest.mark.benchmark(timer=time.process_time)

LEAN = Scheme(poly_modulus_degree=8192, coeff_mod_bit_sizes=(60, 60), scale_bits=40)


@pytest.mark.parametrize("scheme", [USUAL, LEAN], ids=["60-40-40-60", "60-60"])
def test_ckks_round(benchmark, scheme: Scheme) -> None:
    num_parameters = 5000 if benchmark.disabled else 200_000
    rows = torch.randn(10, num_parameters, generator=torch.Generator().manual_seed(0))
    ranks: Any = ThreadRanks(0, [None], threading.Barrier(1))
    keys = share_keys(scheme, ranks)

    def one() -> torch.Tensor:
        ranks.received.clear()
        sum_ = EncryptedSum(num_parameters, scheme, keys, ranks)
        sum_.add(rows, range(10))
        return sum_.finish()

    total = benchmark.pedantic(one, rounds=1 if benchmark.disabled else 3)
    np.testing.assert_allclose(total, rows.double().sum(dim=0), atol=1e-6)
    num_bytes = sum(len(message) for name, message in ranks.received if name == "ckks update")
    benchmark.extra_info["times_float32_bytes"] = num_bytes / (10 * num_parameters * 4)


def encrypt(holder: KeyHolder, adder: Adder) -> Callable[[], Any]:
    numbers = torch.randn(4096)
    return lambda: holder.encrypt(numbers, 100.0)


def add(holder: KeyHolder, adder: Adder) -> Callable[[], Any]:
    ciphertexts = holder.encrypt(torch.randn(4096), 100.0)
    adder.add(ciphertexts)
    return lambda: adder.add(ciphertexts)


def serialise(holder: KeyHolder, adder: Adder) -> Callable[[], Any]:
    ciphertexts = holder.encrypt(torch.randn(4096), 100.0)
    adder.add(ciphertexts)

    def one() -> list[bytes]:
        sums = list(adder._sums)
        taken = adder.take()
        adder._sums = sums
        return taken

    return one


def decrypt(holder: KeyHolder, adder: Adder) -> Callable[[], Any]:
    ciphertexts = holder.encrypt(torch.randn(4096), 100.0)
    return lambda: holder.decrypt(ciphertexts)


@pytest.mark.parametrize("work", [encrypt, add, serialise, decrypt])
def test_ckks_ciphertext(benchmark, work: Callable[..., Any]) -> None:
    """One over the mean is the setting's number of ciphertexts per second."""
    holder = KeyHolder(new_key(USUAL), USUAL)
    one = work(holder, Adder(holder.public_part()))
    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 200)
