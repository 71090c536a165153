"""Further rows of the table, and its limits."""

from pathlib import Path

import pytest

from tests.runners.published.tables import csv_file, table


def test_other_numbers_of_gpus(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "gpus,vgg16", "1,154", "3,1", "16,1")
    changed = table("tf_p100", file=file, num_steps=5)
    three, sixteen = (figure.simulated for figure in changed.figures())
    assert 2.5 * 154 < three < 3 * 154
    assert 10 * 154 < sixteen < 16 * 154


def test_links_without_limit_scale_perfectly(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "gpus,alexnet,resnet50", "8,23896,1752", "1,2987,219")
    changed = table(
        "tf_p100", file=file, bytes_per_s=1e15, message_sim_s=0.0, step_sigma=0.0, num_steps=3
    )
    for figure in changed.figures():
        assert figure.simulated == pytest.approx(figure.published, rel=1e-3)


def test_one_gpu_is_an_input(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "# comment", "gpus,alexnet", "8,23896")
    with pytest.raises(ValueError, match="must have a row for gpus=1"):
        list(table("tf_p100", file=file).figures())
