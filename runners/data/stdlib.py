"""Data `stdlib`: the source text of the running interpreter's standard library, byte by byte.

A sample is a window of `length` + 1 bytes of one file: all but the last are the tokens, all but the
first what comes next. A window begins with the last byte of the one before, so that each byte is a
target once; a rest shorter than a window is left out. Every fifth file of a fixed shuffle is held
out with all its windows. The natural key is the top-level package or module. Tests of the library,
installed packages and files that differ from machine to machine are left out. The text differs by
Python version: `fingerprint` says which it was.
"""

import hashlib
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from runners.data import Samples
from runners.data.holdout import divided_index, held_out_fifth
from runners.partition import Index
from sim.bounds import at_least
from sim.streams import stream

LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}


@dataclass(frozen=True, kw_only=True)
class Stdlib:
    """Provide uint8 tokens of shape (length,) and what comes next.

    `num_samples` windows, drawn once for all seeds, are for training and a quarter as many for the
    test; None takes all there are.
    """

    length: int
    num_samples: int | None

    vocabulary = 256
    target = "next_token"
    num_classes = 256
    num_values = 0

    def __post_init__(self) -> None:
        at_least("length", self.length, 1, remedy="try task.data.length=128")
        if self.num_samples is not None:
            at_least("num_samples", self.num_samples, 4, remedy="try task.data.num_samples=8192")
        _windows(self)

    @property
    def inputs(self) -> tuple[int]:
        """The tokens of a window."""
        return (self.length,)

    @property
    def sample_bytes(self) -> int:
        """A window, which has its targets in it."""
        return self.length + 1

    def index(self) -> Index:
        """Return label 0 for all, and packages and modules as keys."""
        _, keys, is_test = _windows(self)
        return divided_index(np.zeros(len(keys), dtype=np.int64), keys, is_test)

    def samples(self) -> Samples:
        """Return tokens and next tokens; both are views of one memory."""
        windows, _, is_test = _windows(self)
        train, test = windows[~is_test], windows[is_test]
        return Samples(
            train=train[:, :-1],
            test=test[:, :-1],
            train_targets=train[:, 1:],
            test_targets=test[:, 1:],
        )

    def fingerprint(self) -> str:
        """Return the SHA-256 of the whole text, names of files included."""
        digest = hashlib.sha256()
        for name, text in _files():
            digest.update(f"{name} {len(text)}\n".encode() + text)
        return digest.hexdigest()


@cache
def _files() -> list[tuple[str, bytes]]:
    """Return the path below the library, and the text, of each file, in order of the paths."""
    root = Path(sysconfig.get_path("stdlib"))
    names = sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if LEFT_OUT.isdisjoint(path.relative_to(root).parts)
        and not path.name.startswith(("_sysconfigdata", "sitecustomize"))
    )
    return [(name, (root / name).read_bytes()) for name in names]


@cache
def _windows(data: Stdlib) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the chosen windows, uint8 of shape (num_windows, length + 1), their keys, and which
    are the test set.
    """
    files = _files()
    counts = np.array([max(0, len(text) - 1) // data.length for _, text in files])
    is_test = np.repeat(held_out_fifth("stdlib", len(files)), counts)
    chosen = _chosen(data, is_test)
    file = np.repeat(np.arange(len(files)), counts)[chosen]
    first = (chosen - np.repeat(np.cumsum(counts) - counts, counts)[chosen]) * data.length
    windows = np.empty((len(chosen), data.length + 1), dtype=np.uint8)
    for row, (number, start) in enumerate(zip(file.tolist(), first.tolist(), strict=True)):
        text = files[number][1]
        windows[row] = np.frombuffer(text, np.uint8, data.length + 1, start)
    keys = np.array([_key(name) for name, _ in files], dtype=object)[file]
    return windows, keys, is_test[chosen]


def _chosen(data: Stdlib, is_test: np.ndarray) -> np.ndarray:
    """Return the numbers of the windows that are taken, of those of which `is_test` tells the
    held-out ones.
    """
    if data.num_samples is None:
        return np.arange(len(is_test))
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    most = min(len(train), 4 * len(test))
    if data.num_samples > most:
        raise ValueError(
            f"num_samples must be at most {most}, for which the library has windows of "
            f"{data.length} bytes, got {data.num_samples}; try a smaller task.data.length, or "
            "task.data.num_samples=null for all"
        )
    rng = stream(0, "windows", "stdlib")
    drawn = (
        rng.choice(train, data.num_samples, replace=False),
        rng.choice(test, data.num_samples // 4, replace=False),
    )
    return np.sort(np.concatenate(drawn))


def _key(name: str) -> str:
    """Return the top-level package or module of a path."""
    return name.split("/")[0].removesuffix(".py")
