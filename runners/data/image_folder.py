"""Data `image_folder`: your own images, a folder for each class: `folder/class/*.png` or `.jpg`.

Images are turned as their camera noted, resized to a square (which may squeeze them), and scaled
from 0-255 to 0-1. Classes are the folders in alphabetical order. There is no natural key.
"""

from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np

from runners.data import Samples
from runners.data.holdout import divided_index, divided_samples, stratified_fifth
from runners.data.shipped import SHIPPED
from runners.data.targets import FEWEST
from runners.partition import Index
from sim.bounds import at_least, one_of

SUFFIXES = (".png", ".jpg", ".jpeg")
COLORS = {"grey": 1, "rgb": 3}
MODES = {"grey": "L", "rgb": "RGB"}
"""Pillow's names."""


@dataclass(frozen=True, kw_only=True)
class ImageFolder:
    """Provide float32 images of shape (channels, size, size), 0 to 1.

    Without a `test_folder`, which has the same classes, a fifth of each class is held out.
    """

    folder: str
    test_folder: str | None
    size: int
    color: str

    vocabulary = None
    target = "class"
    num_values = 0

    def __post_init__(self) -> None:
        at_least("size", self.size, 1, remedy="try task.data.size=32")
        one_of("color", self.color, tuple(COLORS))
        _list(self)

    @property
    def inputs(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (COLORS[self.color], self.size, self.size)

    @property
    def num_classes(self) -> int:
        """The number of folders."""
        return int(_list(self)[1].max()) + 1

    @property
    def sample_bytes(self) -> int:
        """The mean size of a file, and a byte for its class."""
        return ceil(np.mean([path.stat().st_size for path in _list(self)[0]])) + 1

    def index(self) -> Index:
        """Return the labels."""
        _, labels, is_test = _list(self)
        return divided_index(labels, None, is_test)

    def samples(self) -> Samples:
        """Return images and labels; raises ValueError for a file that is no image."""
        _, labels, is_test = _list(self)
        return divided_samples(_images(self), labels, is_test)


@cache
def _list(data: ImageFolder) -> tuple[list[Path], np.ndarray, np.ndarray]:
    """Return all files, their class numbers, and which are the test set."""
    names, files, labels = _find("folder", data.folder)
    if data.test_folder is None:
        rarest = int(np.bincount(labels).argmin())
        if np.bincount(labels)[rarest] < FEWEST:
            raise ValueError(
                f"folder must have {FEWEST} images of each class at least, so that a held-out "
                f"fifth has one, got {np.bincount(labels)[rarest]} in {names[rarest]}; add some, "
                "or name a test_folder"
            )
        return files, labels, stratified_fifth("image_folder", labels)
    test_names, test_files, test_labels = _find("test_folder", data.test_folder)
    if test_names != names:
        raise ValueError(
            f"test_folder must have the classes {', '.join(names)}, got {', '.join(test_names)}; "
            "name its folders like those of task.data.folder"
        )
    is_test = np.arange(len(files) + len(test_files)) >= len(files)
    return files + test_files, np.concatenate([labels, test_labels]), is_test


def _find(setting: str, name: str) -> tuple[list[str], list[Path], np.ndarray]:
    """Return the classes, their files, and the files' class numbers."""
    folder = next((path for path in (Path(name), SHIPPED / name) if path.is_dir()), None)
    classes = [] if folder is None else sorted(path for path in folder.iterdir() if path.is_dir())
    if len(classes) < 2:
        raise ValueError(
            f"{setting} must be a folder, below the working directory, with a folder for each of "
            f"two classes or more, got {name!r} with {len(classes)}; check the path"
        )
    files = [
        sorted(path for path in one.iterdir() if path.suffix.lower() in SUFFIXES) for one in classes
    ]
    for one, mine in zip(classes, files, strict=True):
        if not mine:
            raise ValueError(
                f"{setting} must have {', '.join(SUFFIXES)} files in every class, got none in "
                f"{one}; add some, or remove the folder"
            )
    labels = np.repeat(np.arange(len(files)), [len(mine) for mine in files])
    return [one.name for one in classes], [path for mine in files for path in mine], labels


@cache
def _images(data: ImageFolder) -> np.ndarray:
    files = _list(data)[0]
    images = np.empty((len(files), *data.inputs), dtype=np.float32)
    for image, path in zip(images, files, strict=True):
        image[:] = _read(path, data.size, MODES[data.color])
    return images


def _read(path: Path, size: int, mode: str) -> np.ndarray:
    """Return one image, float32 of shape (channels, size, size)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert(mode).resize((size, size))
    except OSError as error:  # Pillow's for a file that it can't read
        raise ValueError(
            f"task.data.folder: {path} must be an image, got {error}; replace or remove the file"
        ) from error
    return np.atleast_3d(np.asarray(image, dtype=np.float32)).transpose(2, 0, 1) / 255
