"""Without anonymisation, data are passed on as they are."""

import numpy as np

from runners.anonymisation.none import Unchanged
from tests.runners.anonymisation.small_data import Letters, People


def test_samples_are_the_data_s_own() -> None:
    release = Unchanged().release(People(), [np.array([0, 1])], 0)
    raw = People().samples()
    assert (release.samples.train == raw.train).all() and (release.samples.test == raw.test).all()
    assert release.figures is None and Unchanged().guarantee() is None


def test_any_data_will_do_and_the_mode_says_what_they_cost() -> None:
    Unchanged().check(People(), [])
    Unchanged().check(Letters(), [])
    assert Unchanged().transform_bytes_per_s is None and Unchanged().size_ratio is None
