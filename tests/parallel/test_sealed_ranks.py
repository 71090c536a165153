"""Two real ranks whose messages are sealed: the collectives come out alike, and the wire shows
nothing.
"""

import json
import time
from typing import Any

import pytest
import torch
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runners.transport.session import new_members
from tests.parallel.on_ranks import on_ranks
from tests.parallel.sealed_rank import SECRET


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what each rank got."""
    folder = tmp_path_factory.mktemp("sealed")
    authority = Ed25519PrivateKey.generate()
    now_s = time.time()
    for rank, member in enumerate(new_members(2, authority, now_s - 60, now_s + 600)):
        given = {
            "token": member.token,
            "key": member.key.private_bytes_raw().hex(),
            "authority": authority.public_key().public_bytes_raw().hex(),
        }
        (folder / f"member_{rank}.json").write_text(json.dumps(given))
    return on_ranks(2, "tests.parallel.sealed_rank", folder)


def test_collectives_come_out_as_unsealed(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        # 0, 1, ... of both, and 0 + 10
        assert one["sum"].tolist() == [10.0, 12.0, 14.0, 16.0, 18.0]
        assert one["gathered"] == [0, 1]
        assert one["messages"] == [SECRET] * 2
        assert [tensor.tolist() for tensor in one["exchanged"]] == [[0.0, 0.0], [1.0, 1.0]]


def test_homomorphic_encryption_works_over_them(seen: list[dict[str, Any]]) -> None:
    for one in seen:
        assert (one["encrypted"] - 3).abs().max() < 1e-4  # 1 + 2


def test_the_wire_shows_no_message_and_no_numbers(seen: list[dict[str, Any]]) -> None:
    for one, begin in zip(seen, (10.0, 3.0), strict=True):  # of the piece that the other sends it
        numbers = torch.tensor([begin, begin + 1], dtype=torch.float64).numpy().tobytes()
        assert len(one["wire"]) > 8
        for message in one["wire"]:
            assert SECRET[:8] not in message and numbers not in message
