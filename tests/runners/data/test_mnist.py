"""MNIST is MNIST."""

import numpy as np
import pytest

from runners.data.mnist import Mnist


def test_mnist_has_its_known_counts_of_labels() -> None:
    # published with the data set (LeCun et al. 1998)
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    index, samples = Mnist().index(), Mnist().samples()
    assert np.bincount(index.train_labels).tolist() == train
    assert np.bincount(index.test_labels).tolist() == test
    # its mean and deviation, as everyone normalises it
    assert samples.train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert samples.train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
