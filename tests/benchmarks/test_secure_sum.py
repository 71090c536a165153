"""How fast secure sums are: masks, one partner's work for a merge, and a whole merge of which one
process plays all parties.

Seconds are of the processor, not of the wall, as other work shares the cores; one thread.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from runners.privacy import Merge
from runners.secure_sum.additive import split
from runners.secure_sum.fixed_point import Coding
from runners.secure_sum.key_agreement import KeyPair
from runners.secure_sum.mask import Mask, add_masks
from runners.secure_sum.pairwise import PairwiseSum, Setting
from runners.secure_sum.party import Party
from runners.secure_sum.plan import Plan
from runners.secure_sum.proxy import Proxy
from runners.secure_sum.randomness import Randomness, randomness_of
from runners.secure_sum.shamir import split as split_secret
from tests.runners.secure_sum.protocol import ThreadRanks, merge_of, summed

CODING = Coding(step=2.0**-20, max_abs=8.0, rounding="nearest")
GRAPHS = {"complete": None, "harary": 2.0}


def measured(benchmark: Any, work: Callable[[], object], num_units: float) -> float:
    """Return units per second of the processor, the best of several rounds."""
    took_s = []

    def one() -> None:
        started = time.process_time()
        work()
        took_s.append(time.process_time() - started)

    benchmark.pedantic(one, rounds=1 if benchmark.disabled else 5)
    return num_units / max(min(took_s), 1e-9)


def update_of(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, size).astype(np.float32)


@pytest.mark.parametrize("word", ["<u4", "<u8"])
def test_masks(benchmark: Any, word: str) -> None:
    """At least 0.5 GB/s are to be made and added."""
    num_masks = 2 if benchmark.disabled else 100
    total = np.zeros(1_000_000, dtype=word)
    masks = [Mask(seed=bytes([number]) * 32, sign=1) for number in range(num_masks)]
    num_bytes = num_masks * total.nbytes
    rate = measured(benchmark, lambda: add_masks(total, masks), num_bytes)
    benchmark.extra_info["mask_bytes_per_s"] = rate
    assert total.any()


def test_encoding(benchmark: Any) -> None:
    values, grid = update_of(1_000_000), CODING.grid(100)
    rate = measured(benchmark, lambda: grid.encode(values, None), len(values))
    benchmark.extra_info["encode_parameters_per_s"] = rate
    assert grid.decode(grid.encode(values, None))[1] == 0


def test_agreements(benchmark: Any) -> None:
    mine, other = KeyPair(b"1" * 32), KeyPair(b"2" * 32)
    rate = measured(benchmark, lambda: [mine.agree(other.public, "mask") for _ in range(100)], 100)
    benchmark.extra_info["agreements_per_s"] = rate
    assert mine.agree(other.public, "mask") == other.agree(mine.public, "mask")


def test_sharing(benchmark: Any) -> None:
    randomness = Randomness(bytes(32))
    rate = measured(benchmark, lambda: split_secret(5, range(1, 101), 66, randomness), 100 * 66)
    benchmark.extra_info["multiplications_per_s"] = rate
    assert len(split_secret(5, range(1, 101), 66, randomness)) == 100


@pytest.mark.parametrize("num_proxies", [2, 3])
def test_additive_shares(benchmark: Any, num_proxies: int) -> None:
    grid, randomness = CODING.grid(100), Randomness(bytes(32))
    entries = grid.encode(update_of(1_000_000), None)
    num_bytes = (num_proxies - 1) * entries.nbytes
    rate = measured(
        benchmark, lambda: split(entries, num_proxies, grid.bits, randomness), num_bytes
    )
    benchmark.extra_info["share_bytes_per_s"] = rate
    assert rate > 0


def begun(merge: Merge, degree_factor: float | None) -> tuple[Plan, Proxy, list[list]]:
    """Return what one party needs of all others: the plan, the proxy with everybody's keys, and the
    sealed shares for the first party.
    """
    setting = Setting(coding=CODING, degree_factor=degree_factor, threshold_fraction=0.66)
    total = PairwiseSum(1, merge, setting, None)  # type: ignore[arg-type]
    parties = list(total._parties.values())
    letters = [letter for party in parties[1:] for letter in party.share(total._proxy._keys)]
    return total._plan, total._proxy, [one for one in letters if one.receiver == 0]


@pytest.mark.parametrize("graph", GRAPHS)
def test_work_of_one_of_100_partners(benchmark: Any, graph: str) -> None:
    """Keys, shares for and from neighbours, encoding and masks of a million parameters are to take
    less than half a second.
    """
    merge = merge_of(range(20 if benchmark.disabled else 100))
    values, grid = update_of(1_000_000), CODING.grid(100)
    plan, proxy, letters = begun(merge, GRAPHS[graph])
    vectors = []

    def one() -> None:
        party = Party(0, plan, proxy.public_key, randomness_of(merge, "secagg", "party", 0))
        party.advertise()
        party.share(proxy._keys)
        party.receive(letters)
        vectors.append(party.send(grid.encode(values, None)))
        party.reveal(merge.partners)

    benchmark.extra_info["partner_s"] = 1 / measured(benchmark, one, 1)
    assert all(np.array_equal(one.vector, vectors[0].vector) for one in vectors)


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("num_partners", [10, 100])
def test_a_merge_in_one_process(benchmark: Any, num_partners: int, graph: str) -> None:
    """Every party's masked vector of 100,000 parameters is really made."""
    size = 100_000
    if benchmark.disabled:
        size, num_partners = 1000, num_partners // 5
    setting = Setting(coding=CODING, degree_factor=GRAPHS[graph], threshold_fraction=0.66)
    updates = torch.from_numpy(update_of(size)).expand(num_partners, -1)
    merge = merge_of(range(num_partners))
    sums = []

    def begin(ranks: ThreadRanks) -> PairwiseSum:
        return PairwiseSum(size, merge, setting, ranks)  # type: ignore[arg-type]

    def one() -> None:
        sums.append(summed(begin, updates, merge.partners)[0])

    benchmark.extra_info["merge_s"] = 1 / measured(benchmark, one, 1)
    expected = updates.double().sum(dim=0)
    torch.testing.assert_close(sums[0], expected, rtol=0, atol=num_partners * CODING.step / 2)
