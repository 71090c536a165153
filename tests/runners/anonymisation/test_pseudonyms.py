"""Providers' texts have pseudonyms; the trainer's and the held-out ones stay as they are."""

from typing import Any

import numpy as np
import pytest

from runners.anonymisation.pseudonyms import Keyed
from tests.runners.anonymisation.small_data import LETTERS, Letters, People

FIRST, SECOND = np.array([0]), np.array([1, 2])
"""Training samples of two providers; 3, which is letter 4, is the trainer's."""


def option(**settings: Any) -> Keyed:
    return Keyed(
        **{"kinds": ("mail", "name"), "transform_bytes_per_s": 6e5, "size_ratio": 1.0} | settings
    )


def test_only_what_passes_the_proxy_is_changed() -> None:
    release = option().release(Letters(), [FIRST, SECOND], 0)
    # a@b.example (11) becomes mail and 12 digits (16); Kate (4) name and 12 digits (16)
    lengths = [len(text) for text in LETTERS]
    assert release.samples.train[:, 0].tolist() == [
        *(lengths[0] + 5, lengths[1] + 12, lengths[2] + 12, lengths[4]),
    ]
    assert release.samples.test[:, 0].tolist() == [lengths[3]]
    assert release.samples.train_targets.tolist() == [0, 1, 2, 4]


def test_what_is_replaced_is_counted() -> None:
    figures = option().release(Letters(), [FIRST, SECOND], 0).figures
    before = sum(len(text) for text in LETTERS[:3])
    assert figures == {
        "num_texts": 3,
        "num_changed": 3,
        "num_replaced": {"mail": 1, "name": 2},
        "num_given": {"mail": 1, "name": 1},
        "num_at_signs_left": 0,
        "num_schemes_left": 0,
        "size_ratio": (before + 5 + 12 + 12) / before,
    }


def test_a_thing_of_two_providers_is_counted_once() -> None:
    figures = option().release(Letters(), [FIRST, np.array([3])], 0).figures
    assert figures["num_replaced"] == {"mail": 2} and figures["num_given"] == {"mail": 1}


def test_what_is_not_looked_for_is_left() -> None:
    figures = option(kinds=("name",)).release(Letters(), [FIRST, SECOND], 0).figures
    assert figures["num_at_signs_left"] == 1 and figures["num_changed"] == 2


def test_names_are_learned_from_one_providers_texts() -> None:
    # Kate is told from "Kate wrote:", which the other provider has.
    wrote, sees = np.array([1]), np.array([2])
    for providers in ([wrote, sees], [sees, wrote]):
        figures = option().release(Letters(), providers, 0).figures
        assert figures["num_replaced"] == {"name": 1}


def seen(seed: int) -> list[str]:
    """Return the texts as they become inputs."""
    letters, texts = Letters(), []

    class Listening:
        def texts(self) -> Any:
            raw = letters.texts()
            return type(raw)(
                texts=raw.texts,
                targets=raw.targets,
                is_test=raw.is_test,
                encode=lambda some: texts.extend(some) or raw.encode(some),
            )

    option().release(Listening(), [FIRST, np.array([1, 2, 3])], seed)  # type: ignore[arg-type]
    return texts


def test_one_address_has_one_pseudonym_in_a_run() -> None:
    texts = seen(0)
    assert texts[0] == f"From {texts[4]}" and texts[3] == LETTERS[3]
    assert seen(0) == texts


def test_another_seed_is_another_key() -> None:
    assert seen(0)[4] != seen(1)[4]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kinds": ()}, r"^kinds must be some of url, mail"),
        ({"kinds": ("mail", "faces")}, r"^kinds must be one of url, .* got 'faces'"),
        ({"transform_bytes_per_s": -1.0}, r"^transform_bytes_per_s"),
        ({"size_ratio": 0.0}, r"^size_ratio"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        option(**settings)


def test_a_table_is_refused() -> None:
    option().check(Letters(), [])
    with pytest.raises(ValueError, match=r"pseudonyms needs texts, got People"):
        option().check(People(), [])


def test_the_guarantee_names_what_it_rests_on() -> None:
    guarantee = option().guarantee()
    assert "mail, name" in guarantee.mechanism and "seed" in guarantee.assumptions
