"""Further rows: other numbers of GPUs, NICs and models behave as the physics says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runners.published.tables import csv_file, table

HEADER = (
    "model,num_parameters,bytes_fp32,gpus,gpus_per_server,nic_gbit_per_s,transport,batch_per_gpu,"
    "scaling_efficiency,source"
)


def efficiency(folder: Path, model: str, gpus: int, nic: float = 25, **changes: Any) -> float:
    """Return the simulated efficiency of a made-up row."""
    row = f"{model},138357544,553430176,{gpus},4,{nic},RDMA,64,0.5,made up"
    file = csv_file(folder, HEADER, row)
    (figure,) = table("horovod_512gpu", files=[file], num_steps=5, **changes).figures()
    return figure.simulated


def test_one_gpu_is_perfect(tmp_path: Path) -> None:
    assert efficiency(tmp_path, "vgg16", 1, step_sigma=0.0) == pytest.approx(1)


def test_without_bytes_to_wait_for_only_stragglers_cost(tmp_path: Path) -> None:
    quick = {"RDMA": {"efficiency": 1.0, "message_sim_s": 0.0}}
    fusion = {"buffer_bytes": 1e9, "cycle_sim_s": 1e-6, "coordinator": "none"}
    changes: dict[str, Any] = {"transports": quick, "local_message_sim_s": 0.0, "fusion": fusion}
    changes |= {"local_bytes_per_s": 1e15}
    assert efficiency(tmp_path, "vgg16", 64, 1e6, step_sigma=0.0, **changes) == pytest.approx(
        1, abs=1e-3
    )
    # The slowest of 64: the mean of the largest of 64 draws, by sampling.
    draws = np.random.default_rng(0).standard_normal((20_000, 64)).max(axis=1)
    slowest = float(np.exp(0.1 * draws - 0.1**2 / 2).mean())
    simulated = efficiency(tmp_path, "vgg16", 64, 1e6, step_sigma=0.1, **changes)
    assert simulated == pytest.approx(1 / slowest, rel=0.03)


def test_more_gpus_lose_more_and_faster_nics_less(tmp_path: Path) -> None:
    by_gpus = [efficiency(tmp_path, "vgg16", gpus) for gpus in (4, 16, 64, 256)]
    by_nic = [efficiency(tmp_path, "vgg16", 64, nic) for nic in (10, 25, 100)]
    assert by_gpus == sorted(by_gpus, reverse=True)
    assert by_nic == sorted(by_nic)


def test_a_slow_nic_sets_the_pace(tmp_path: Path) -> None:
    # At 1 Gbit/s the ring takes 2 * 15/16 of 553 MB / (0.96 * 125 MB/s) = 8.65 s of a step. Before
    # it comes the forward pass, a third of 64 / 154 s, and waiting for cycles is small.
    simulated = efficiency(tmp_path, "vgg16", 16, 1)
    communication_s = 2 * 15 / 16 * 553430176 / (0.96 * 125e6)
    assert 64 / 154 / simulated == pytest.approx(communication_s + 64 / 154 / 3, rel=0.02)


def test_an_unknown_transport_is_refused(tmp_path: Path) -> None:
    file = csv_file(tmp_path, HEADER, "vgg16,1,4,8,4,25,TCP,64,0.5,made up")
    with pytest.raises(ValueError, match=r"published\.transports, RDMA, got 'TCP'"):
        list(table("horovod_512gpu", files=[file]).figures())
