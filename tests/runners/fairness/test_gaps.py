"""Gaps between partners and groups, against figures worked by hand on small tables."""

import numpy as np
import pytest

from runners.build import build
from runners.data.adult import load_people
from runners.fairness.gaps import HasGroups, group_figures, held_out_groups, partner_gap
from runners.folds import samples_of
from tests.runners.compose import compose

LABELS = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0])
PREDICTED = np.array([1, 0, 0, 1, 1, 1, 0, 0, 1])
GROUP = np.array([*"aaaabbbbb"], dtype=object)
# a: right 1st and 3rd of 4; selected 2 of 4; of 2 positives 1 is found, of 2 others 1 is taken
# b: right all but the last of 5; selected 3 of 5; of 2 positives both, of 3 others 1


def test_groups_are_held_apart_as_by_hand() -> None:
    figures = group_figures(LABELS, [PREDICTED], {"letter": GROUP}, 2)["letter"]
    assert figures["groups"] == {
        "a": {"num_samples": 4, "accuracy": 0.5, "selection_rate": 0.5},
        "b": {"num_samples": 5, "accuracy": 0.8, "selection_rate": 0.6},
    }
    assert figures["accuracy_gap"] == pytest.approx(0.3)
    assert figures["demographic_parity_difference"] == pytest.approx(0.1)
    # true positive rates 1/2 and 1, false ones 1/2 and 1/3
    assert figures["equalised_odds_difference"] == pytest.approx(0.5)


def test_several_models_have_the_mean_of_their_gaps() -> None:
    figures = group_figures(LABELS, [PREDICTED, LABELS], {"letter": GROUP}, 2)["letter"]
    # who predicts the labels has no gap but in selection: 2/4 and 2/5
    assert figures["accuracy_gap"] == pytest.approx(0.3 / 2)
    assert figures["demographic_parity_difference"] == pytest.approx((0.1 + 0.1) / 2)
    assert figures["groups"]["b"] == pytest.approx(
        {"num_samples": 5, "accuracy": 0.9, "selection_rate": 0.5}
    )


def test_of_more_than_two_classes_accuracies_are_held_apart() -> None:
    figures = group_figures(LABELS * 2, [PREDICTED * 2, LABELS * 2], {"letter": GROUP}, 3)["letter"]
    assert figures["accuracy_gap"] == pytest.approx(0.3 / 2)
    assert figures["demographic_parity_difference"] is None
    assert figures["equalised_odds_difference"] is None
    assert figures["groups"] == {
        "a": {"num_samples": 4, "accuracy": 0.75, "selection_rate": None},
        "b": {"num_samples": 5, "accuracy": 0.9, "selection_rate": None},
    }


def test_partners_are_held_apart() -> None:
    gap = partner_gap({"north": 0.75, "east": 0.5, "south": None, "west": 0.625})
    assert gap == {"accuracy_gap": 0.25, "best_partner": "north", "worst_partner": "east"}
    assert set(partner_gap({"north": 0.75, "south": None}).values()) == {None}


def test_adult_knows_the_groups_of_its_test_rows() -> None:
    run = build(compose("task=adult_mlp", "mode=solo"))
    groups = held_out_groups(run.task, run.training)
    people, is_test = load_people()
    assert groups is not None and list(groups) == ["sex", "race"]
    for name, of_each in groups.items():
        assert of_each.tolist() == people[name][is_test].astype(str).tolist()


def test_a_fold_has_the_groups_of_its_own_rows() -> None:
    run = build(compose("task=adult_mlp", "training.num_folds=5", "training.held_out_fold=2"))
    groups, features = (
        held_out_groups(run.task, run.training),
        samples_of(run.task, run.training).test,
    )
    assert groups is not None
    # being male is one of the features of the same rows
    is_male = (groups["sex"] == "Male").astype(np.float32)
    assert (features == is_male[:, np.newaxis]).all(axis=0).sum() == 1


def test_a_users_table_has_the_groups_that_it_names() -> None:
    named = build(compose("task=table_mlp", "task.data.sensitive_columns=[race]"))
    groups = held_out_groups(named.task, named.training)
    assert groups is not None and list(groups) == ["race"]
    assert len(groups["race"]) == len(named.task.index().test_labels)
    plain = build(compose("task=table_mlp"))
    assert held_out_groups(plain.task, plain.training) is None


def test_data_without_groups_have_none() -> None:
    run = build(compose("task=digits_mlp"))
    assert not isinstance(run.task.data, HasGroups)
    assert held_out_groups(run.task, run.training) is None
