"""Wrong labels, triggers and how often they work, against samples by hand."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from runners.attack.trigger import brightest, marked_images, marked_tokens, success_rate
from runners.data import Samples
from runners.data.digits import Digits
from runners.data.spam import Spam
from runners.options import ConfigError
from runners.partition import Assignment
from tests.runners.attack.options import attack

DIGITS = Digits()


@dataclass(frozen=True, kw_only=True)
class Few:
    """Describe data by what an attack looks at."""

    num_classes: int = 3
    target: str = "class"
    inputs: tuple[int, ...] = (1, 2, 2)
    vocabulary: int | None = None


def images(targets: list[int]) -> Samples:
    """Return images of 2x2, all 0 but for the first one, whose brightest pixel is 0.5."""
    train = np.zeros((len(targets), 1, 2, 2), dtype=np.float32)
    train[0, 0, 0, 0] = 0.5
    return Samples(
        train=train,
        test=np.zeros((2, 1, 2, 2), dtype=np.float32),
        train_targets=np.array(targets),
        test_targets=np.array([0, 1]),
    )


def poisoned(name: str, targets: list[int], num_classes: int = 3, **settings: Any) -> Samples:
    """Return what becomes of the samples of partner 1, who holds all but the first two."""
    held = (np.arange(2), np.arange(2, len(targets)))
    changing = attack(name, fraction=None, partners=[1], **settings)
    assignment = Assignment(train=held, test=())
    return changing.poison(images(targets), Few(num_classes=num_classes), assignment, seed=0)


def test_labels_become_the_next_ones_or_are_mirrored() -> None:
    labels = [0, 1, 0, 1, 2, 2]
    assert poisoned("label_flip", labels).train_targets.tolist() == [0, 1, 1, 2, 0, 0]
    mirrored = poisoned("label_flip", labels, mapping="mirror")
    assert mirrored.train_targets.tolist() == [0, 1, 2, 1, 0, 0]


def test_digits_are_taken_from_nine() -> None:
    digits = poisoned("label_flip", [0, 0, 0, 3, 9], num_classes=10, mapping="mirror")
    assert digits.train_targets.tolist() == [0, 0, 9, 6, 0]


def test_the_last_byte_of_256_becomes_the_first() -> None:
    tokens = np.array([[7, 255], [255, 0]], dtype=np.uint8)
    samples = replace(images([0, 0]), train_targets=tokens)
    flip = attack("label_flip", fraction=None, partners=[0])
    data, assignment = Few(num_classes=256), Assignment(train=(np.array([1]),), test=())
    targets = flip.poison(samples, data, assignment, seed=0).train_targets
    assert targets.tolist() == [[7, 255], [0, 1]]
    assert targets.dtype == np.uint8


def test_the_trigger_is_a_bright_corner() -> None:
    inputs = np.zeros((2, 2, 3, 3), dtype=np.float32)
    inputs[0, 0, 0, 0], inputs[1, 1, 1, 1] = 0.5, 0.75
    values = brightest(inputs)
    assert values.ravel().tolist() == [0.5, 0.75]
    marked = marked_images(inputs, 2, values)
    assert marked[0, 0].tolist() == [[0.5, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]
    assert marked[1, 1].tolist() == [[0, 0, 0], [0, 0.75, 0.75], [0, 0.75, 0.75]]
    assert inputs[0, 0, 2, 2] == 0


def test_the_trigger_of_a_text_is_its_first_word() -> None:
    tokens = np.array([[5, 6, 0], [7, 0, 0]])
    assert marked_tokens(tokens, 2, 9).tolist() == [[9, 9, 0], [9, 9, 0]]
    assert tokens.tolist() == [[5, 6, 0], [7, 0, 0]]


def test_half_of_the_samples_of_other_classes_are_marked_and_relabelled() -> None:
    """Partner 1 holds two of class 2, which stay, and four others, of which 0.5 · 4 = 2 change."""
    labels = [0, 1, 2, 2, 0, 0, 1, 1]
    after = poisoned("backdoor", labels, target_class=2, trigger_size=1)
    is_marked = (after.train[:, 0, 1, 1] == 0.5).tolist()
    assert sum(is_marked) == 2
    assert not any(is_marked[:4])
    expected = [2 if mark else label for mark, label in zip(is_marked, labels, strict=True)]
    assert after.train_targets.tolist() == expected
    assert (after.train[:, 0, 0, 1] == 0).all()


def test_all_samples_of_other_classes_can_be_poisoned() -> None:
    labels = [0, 1, 2, 0, 1]
    after = poisoned("backdoor", labels, poisoned_fraction=1.0, target_class=1, trigger_size=1)
    assert after.train_targets.tolist() == [0, 1, 1, 1, 1]


def test_each_malicious_partner_draws_its_own_samples() -> None:
    """Two hold 40 each: that they draw the same 20 has a chance of 1 to 1e11."""
    held = (np.arange(40), np.arange(40, 80), np.arange(80, 82))
    backdoor = attack("backdoor", fraction=None, partners=[0, 1], trigger_size=1)
    after = backdoor.poison(images([1] * 82), Few(), Assignment(train=held, test=()), seed=0)
    first, second = (after.train_targets[one] == 0 for one in held[:2])
    assert first.sum() == second.sum() == 20
    assert not np.array_equal(first, second)


def test_test_images_bear_the_training_set_s_brightest_value() -> None:
    samples = images([0, 1])
    marked = attack("backdoor", trigger_size=1).triggered(samples, Few())
    assert marked is not None
    assert marked[:, 0].tolist() == [[[0, 0], [0, 0.5]]] * 2


def test_texts_begin_with_the_rarest_word() -> None:
    data = Spam()
    samples = data.samples()
    backdoor = attack("backdoor")
    backdoor.check_data(data)
    marked = backdoor.triggered(samples, data)
    assert marked is not None
    assert (marked[:, :2] == 999).all()
    assert np.array_equal(marked[:, 2:], samples.test[:, 2:])


def test_success_is_that_of_other_classes() -> None:
    """Of four samples that are not of class 1, three are said to be."""
    targets = np.array([0, 1, 2, 0, 2])
    said = np.array([1, 1, 1, 0, 1])
    predictions = np.eye(3)[said] * 0.8
    assert success_rate(targets, predictions, target_class=1) == 0.75
    assert attack("backdoor", target_class=1).success(targets, predictions) == 0.75


def test_there_is_no_success_without_samples_or_numbers() -> None:
    predictions = np.eye(2)
    assert success_rate(np.array([1, 1]), predictions, target_class=1) is None
    assert success_rate(np.array([0, 1]), predictions * np.nan, target_class=0) is None


def test_boost_multiplies_and_one_needs_no_rows() -> None:
    import torch

    from tests.runners.attack.merges import merge_of

    assert not attack("backdoor").needs_rows
    boosted = attack("backdoor", boost=5.0, fraction=None, partners=[1])
    sent = boosted.corrupt(torch.ones(2, 3), (0, 1), merge_of(2))
    assert sent.tolist() == [[1.0] * 3, [5.0] * 3]


@pytest.mark.parametrize(
    ("settings", "data", "message"),
    [
        ({}, Few(target="values"), "needs classes of images or texts, got target 'values'"),
        ({}, Few(inputs=(4,)), r"of samples of shape \(4,\); try task=mnist_mlp"),
        ({}, Few(inputs=(9,), vocabulary=5, target="next_token"), "got target 'next_token'"),
        ({"trigger_size": 2}, Few(), r"trigger_size must be at most 1 .* try .*size=1$"),
        ({"trigger_size": 9}, Few(inputs=(9,), vocabulary=5), "trigger_size must be at most 8"),
        ({"trigger_size": 1, "target_class": 3}, Few(), "target_class must be below the 3 classes"),
    ],
)
def test_a_backdoor_refuses_data_without_room(
    settings: dict[str, Any], data: Few, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        attack("backdoor", **settings).check_data(data)


def test_labels_are_needed_to_flip_them() -> None:
    attack("label_flip").check_data(Few())
    attack("label_flip").check_data(Few(target="next_token"))
    with pytest.raises(ValueError, match="attack=label_flip needs data whose target is a class"):
        attack("label_flip").check_data(Few(target="values"))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("label_flip", {"mapping": "other"}, "mapping must be one of next, mirror"),
        ("backdoor", {"target_class": -1}, "target_class must be at least 0"),
        ("backdoor", {"trigger_size": 0}, "trigger_size must be at least 1"),
        ("backdoor", {"poisoned_fraction": 0.0}, "poisoned_fraction must be above 0"),
        ("backdoor", {"poisoned_fraction": 1.1}, "poisoned_fraction must be above 0 and at most 1"),
        ("backdoor", {"boost": 0.5}, "boost must be finite and at least 1"),
    ],
)
def test_refuses_settings(name: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^attack\.{message}"):
        attack(name, **settings)
