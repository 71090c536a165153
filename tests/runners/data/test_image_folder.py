"""Users' images are read as they are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from runners.data.digits import Digits
from runners.data.image_folder import ImageFolder

COLORS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


def images(folder: Path | str, **settings: Any) -> ImageFolder:
    usual = {"folder": str(folder), "test_folder": None, "size": 2, "color": "rgb"}
    return ImageFolder(**usual | settings)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images of one colour in each of two folders."""
    for name, color in COLORS.items():
        (tmp_path / "all" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (4, 3), color).save(tmp_path / "all" / name / f"{number}.png")
    return tmp_path / "all"


def test_the_shipped_example_is_the_first_digits() -> None:
    data = ImageFolder(folder="digit_images", test_folder=None, size=8, color="grey")
    samples, digits = data.samples(), Digits().samples()
    ours = np.rint(np.concatenate([samples.train, samples.test]) * 16).astype(np.uint8)
    theirs = np.rint(np.concatenate([digits.train, digits.test]) * 16).astype(np.uint8)
    assert len(ours) == 30 and set(map(bytes, ours)) <= set(map(bytes, theirs))


def test_colors_are_channels_from_0_to_1(folder: Path) -> None:
    data = images(folder)
    samples = data.samples()
    assert (data.inputs, data.num_classes) == ((3, 2, 2), 2)
    for image, label in zip(samples.train, samples.train_targets, strict=True):
        pure = [[0, 0, 1], [1, 0, 0]][label]  # blue is class 0
        assert (image == np.array(pure).reshape(3, 1, 1)).all()


def test_grey_is_the_luma(folder: Path) -> None:
    samples = images(folder, color="grey").samples()
    red = samples.train[samples.train_targets == 1]
    # ITU-R 601: 0.299 × 255 = 76.2, in whole numbers 76
    assert red.shape[1:] == (1, 2, 2) and red == pytest.approx(76 / 255)


def test_one_of_five_is_held_out_of_each_class(folder: Path) -> None:
    index = images(folder).index()
    assert np.bincount(index.train_labels).tolist() == [4, 4]
    assert np.bincount(index.test_labels).tolist() == [1, 1]


def test_a_test_folder_is_held_out_as_it_is(folder: Path, tmp_path: Path) -> None:
    for name in COLORS:
        (tmp_path / "test" / name).mkdir(parents=True)
        Image.new("L", (2, 2), 255).save(tmp_path / "test" / name / "white.jpg")
    samples = images(folder, test_folder=str(tmp_path / "test")).samples()
    assert (len(samples.train), samples.test_targets.tolist()) == (10, [0, 1])
    assert (samples.test == 1).all()


def test_an_image_is_turned_as_its_camera_noted(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    pixels = np.array([[0, 0], [255, 255]], dtype=np.uint8)
    for number in range(5):
        Image.fromarray(pixels).save(folder / "red" / f"{number}.png", exif=exif)
    samples = images(folder, color="grey").samples()
    assert samples.train[samples.train_targets == 1][0].tolist() == [[[1, 1], [0, 0]]]


def test_a_samples_bytes_are_the_mean_file(folder: Path) -> None:
    sizes = [path.stat().st_size for path in folder.rglob("*.png")]
    assert images(folder).sample_bytes == int(np.ceil(np.mean(sizes))) + 1


def test_a_file_that_is_no_image_is_named(folder: Path) -> None:
    (folder / "red" / "9.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"task\.data\.folder: \S+9\.png must be an image"):
        images(folder).samples()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"color": "cmyk"}, "color must be one of grey, rgb, got 'cmyk'"),
        ({"test_folder": "gone"}, r"test_folder must be a folder, .* got 'gone' with 0"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        images(folder, **settings)


def test_a_folder_without_classes_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"folder must be a folder, .* with 0; check the path"):
        images(folder / "red")


def test_a_class_too_small_to_hold_one_out_is_refused(folder: Path) -> None:
    (folder / "red" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"5 images of each class at least, .* got 4 in red"):
        images(folder)


def test_a_class_without_images_is_refused(folder: Path) -> None:
    (folder / "green").mkdir()
    with pytest.raises(ValueError, match=r"folder must have .* files in every class, got none in"):
        images(folder)


def test_classes_of_the_test_folder_are_the_same(folder: Path, tmp_path: Path) -> None:
    for name in ("blue", "green"):
        (tmp_path / "test" / name).mkdir(parents=True)
        Image.new("L", (2, 2)).save(tmp_path / "test" / name / "0.png")
    with pytest.raises(ValueError, match="must have the classes blue, red, got blue, green"):
        images(folder, test_folder=str(tmp_path / "test"))
