"""Constant bandwidth never changes."""

import numpy as np

from sim.bandwidth.constant import Constant


def test_there_are_no_changes() -> None:
    assert list(Constant().changes({"a.up": 1.0}, np.random.default_rng(0))) == []
