"""MNIST is MNIST."""

import numpy as np
import pytest

from runners.data.mnist import Mnist


def test_mnist_has_its_known_counts_of_labels() -> None:
    # published with the data set (LeCun et al. 1998)
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    data = Mnist(num_samples=None)
    index, samples = data.index(), data.samples()
    assert np.bincount(index.train_labels).tolist() == train
    assert np.bincount(index.test_labels).tolist() == test
    # its mean and deviation, as everyone normalises it
    assert samples.train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert samples.train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)


def test_some_images_are_some_of_all_with_their_labels() -> None:
    some, everything = Mnist(num_samples=100).samples(), Mnist(num_samples=None).samples()
    pairs = zip(everything.train, everything.train_targets, strict=True)
    labels = {image.tobytes(): label for image, label in pairs}
    assert len({image.tobytes() for image in some.train}) == 100
    assert [labels[image.tobytes()] for image in some.train] == some.train_targets.tolist()
    index = Mnist(num_samples=100).index()
    assert index.train_labels.tolist() == some.train_targets.tolist()
    assert len(some.test) == len(index.test_labels) == 10_000
    fewer = Mnist(num_samples=99).samples().train
    assert {image.tobytes() for image in fewer} < {image.tobytes() for image in some.train}


@pytest.mark.parametrize("num_samples", [0, 60_001])
def test_refuses_a_number_that_mnist_has_not(num_samples: int) -> None:
    with pytest.raises(ValueError, match="num_samples must be between 1 and 60000, got"):
        Mnist(num_samples=num_samples)
