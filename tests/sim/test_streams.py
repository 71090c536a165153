"""Named streams are the same everywhere and do not disturb each other."""

from sim.streams import stream


def test_same_name_same_draws() -> None:
    assert stream(3, "batches", 7).random() == stream(3, "batches", 7).random()


def test_other_name_or_seed_other_draws() -> None:
    draws = {
        stream(*key).random() for key in [(3, "a"), (4, "a"), (3, "b"), (3, "a", 0), (3, "a0")]
    }
    assert len(draws) == 5


def test_draws_stay_what_they_are_from_version_to_version() -> None:
    assert stream(0, "agent").integers(2**31, size=3).tolist() == [717019461, 1868625263, 276551088]
