"""Updates reach what protects them in groups as large as a merge, however engines make them."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runners.audit.updates import seen_updates
from tests.runners.audit.finished import DIGITS, finished_run


@pytest.mark.parametrize("num_partners", [2, 3, 5, 6, 8])
def test_an_engine_that_works_one_by_one_shows_no_single_update(
    tmp_path: Path, num_partners: int
) -> None:
    subject = finished_run(tmp_path, *DIGITS, "task.model.dropout=0.1").subject()
    training = subject.training([np.array([number]) for number in range(num_partners)])
    sizes = []

    def note(updates: torch.Tensor) -> torch.Tensor:
        sizes.append(len(updates))
        return updates

    seen = list(seen_updates(training, 1, 0.1, note, num_together=3))
    assert training.engine_names()[0].startswith("loop")
    assert min(sizes) >= min(3, num_partners)
    assert max(sizes) <= 5  # and no more than needed
    assert [number for numbers, _ in seen for number in numbers] == list(range(num_partners))
    rows = torch.cat([updates for _, updates in seen])
    again = list(seen_updates(training, 1, 0.0, note, num_together=3))
    assert (rows != 0).any(dim=1).all()
    assert not torch.cat([updates for _, updates in again]).any()
