"""Windows are the library's text, and no file is on both sides."""

import hashlib
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from runners.data.stdlib import Stdlib

ALL = Stdlib(length=1000, num_samples=None)


def test_windows_are_the_text_of_their_file() -> None:
    index, samples = ALL.index(), ALL.samples()
    assert index.train_keys is not None and index.test_keys is not None
    keys = np.concatenate([index.train_keys, index.test_keys])
    windows = np.concatenate([samples.train, samples.test])
    found = b"".join(bytes(window) for window in windows[keys == "bisect"])
    text = (Path(sysconfig.get_path("stdlib")) / "bisect.py").read_bytes()
    # one window after the other; what does not fill the last is left out
    assert found == text[: len(found)] and 0 < len(text) - len(found) <= 1000


def test_no_file_is_on_both_sides() -> None:
    index = ALL.index()
    assert index.train_keys is not None and index.test_keys is not None
    root = Path(sysconfig.get_path("stdlib"))
    modules = {path.stem for path in root.glob("*.py")} - {path.name for path in root.iterdir()}
    both = set(index.train_keys) & set(index.test_keys) & modules
    assert not both and "asyncio" in index.train_keys


def test_tests_and_installed_packages_are_left_out() -> None:
    index = ALL.index()
    assert index.train_keys is not None
    assert {"test", "site-packages", "dist-packages"}.isdisjoint(index.train_keys)


def test_a_sample_of_windows_is_some_of_all() -> None:
    data = Stdlib(length=1000, num_samples=100)
    samples, all_samples = data.samples(), ALL.samples()
    assert (samples.train.shape, samples.test.shape) == ((100, 1000), (25, 1000))
    assert set(map(bytes, samples.train)) <= set(map(bytes, all_samples.train))
    assert set(map(bytes, samples.test)) <= set(map(bytes, all_samples.test))


def test_windows_stay_small_in_memory() -> None:
    samples = ALL.samples()
    assert samples.train.dtype == np.uint8
    assert np.shares_memory(samples.train, samples.train_targets)


def test_the_fingerprint_is_of_names_and_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ALL.fingerprint() == Stdlib(length=7, num_samples=4).fingerprint()
    monkeypatch.setattr("runners.data.stdlib._files", lambda: [("a.py", b"x = 1\n")])
    assert ALL.fingerprint() == hashlib.sha256(b"a.py 6\nx = 1\n").hexdigest()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"length": 0, "num_samples": 10}, "length must be at least 1, got 0"),
        ({"length": 10, "num_samples": 3}, "num_samples must be at least 4, got 3"),
        (
            {"length": 1000, "num_samples": 10**6},
            r"num_samples must be at most \d+, .* of 1000 bytes, got 1000000; try a smaller",
        ),
    ],
)
def test_windows_that_there_are_not_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Stdlib(**settings)
