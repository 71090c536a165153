"""What conf/compression/*.yaml should say on this machine: bytes of float32 updates that a core
encodes and decodes in a second.

Updates of 20 partners to the MLP 784-200-200-10 (199,210 numbers), with conf's settings. Encoding
takes in what error feedback costs. Quoted, not asserted: the values belong to the machine.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from runners.compression import Compression, Layout, Wire
from runners.compression.groups import groups
from runners.options import build_option
from runners.privacy import Merge

CONF = Path(__file__).parents[2] / "conf" / "compression"
OPTIONS = sorted(path.stem for path in CONF.glob("*.yaml") if path.stem != "none")
PARTNERS = tuple(range(20))
LAYOUT = Layout(tensor_shapes=((200, 784), (200,), (200, 200), (200,), (10, 200), (10,)))
NUM_BYTES = 4 * len(PARTNERS) * LAYOUT.size


def option_of(name: str) -> Compression:
    node: Any = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    option = build_option("compression", node)
    assert isinstance(option, Compression)
    return option


def bytes_per_s(work: Callable[[], object], num_rounds: int = 15) -> float:
    """Return the rate of the fastest round, which other processes have disturbed least."""
    times = []
    for _ in range(num_rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return NUM_BYTES / min(times)


@pytest.mark.parametrize("name", OPTIONS)
def test_compression(benchmark, name: str) -> None:
    torch.set_num_threads(1)
    option, updates = option_of(name), torch.randn(len(PARTNERS), LAYOUT.size)
    merge = Merge(
        number=0, partners=PARTNERS, dropped=(), num_partners=20, seed=0, secret=0, memory={}
    )
    pieces = list(groups(PARTNERS, updates))

    def encode() -> list[Wire]:
        return [option.encode(updates[rows], PARTNERS[rows], merge, LAYOUT) for rows in pieces]

    def decode() -> None:
        for rows, wire in zip(pieces, wires, strict=True):
            option.decode(wire, PARTNERS[rows], merge, LAYOUT)

    def compress() -> None:  # what a partner does that has to know what it did not send
        option.compress(updates, PARTNERS, merge, LAYOUT)

    wires = encode()
    benchmark.pedantic(compress, rounds=3, warmup_rounds=1)
    encoding = bytes_per_s(compress if option.keeps_errors else encode)
    benchmark.extra_info["encode_bytes_per_s"] = encoding
    benchmark.extra_info["decode_bytes_per_s"] = bytes_per_s(decode)
    benchmark.extra_info["ratio"] = NUM_BYTES / len(PARTNERS) / option.wire_bytes(LAYOUT)
    assert updates.isfinite().all()
