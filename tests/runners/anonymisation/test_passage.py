"""Whose data pass a data proxy, which runs have one, what it costs, and what the trainer learns
from; on a small table of one's own.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from runners.anonymisation.passage import providers_of, release
from runners.build import ConfigError, Run, assemble, build
from runners.data import Samples
from runners.folds import samples_of
from runners.partition import Assignment
from sim.setting import Setting
from tests.runners.compose import compose

NUM_ROWS = 200


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the override that names a table of 200 people, no two of one age in months."""
    rng = np.random.default_rng(0)
    rows = zip(
        240 + rng.permutation(NUM_ROWS),
        rng.choice(["Rome", "Oslo", "Bonn"], NUM_ROWS),
        rng.permutation(NUM_ROWS),
        rng.choice(["yes", "no"], NUM_ROWS),
        strict=True,
    )
    path: Path = tmp_path_factory.mktemp("people") / "people.csv"
    lines = ["months,town,phone,label", *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return f"task.data.files=[{path}]"


TABLE = (
    *("task=table_mlp", "task.data.label=label", "task.data.key=null", "task.data.features=null"),
    *("partition=iid", "mode=proxy/data_proxy"),
)
K_ANONYMITY = (
    *("anonymisation=k_anonymity", "anonymisation.k=5", "anonymisation.l_diversity=1.0"),
    "anonymisation.quasi_identifiers=[months,town]",
    "anonymisation.direct_identifiers=[phone]",
)
PHONE = 4  # features: months, Bonn, Oslo, Rome, phone


def prepared(*overrides: str) -> tuple[Run, Setting, Assignment]:
    run = build(compose(*TABLE, *overrides))
    return run, *assemble(run)


def released(run: Run, setting: Setting, assignment: Assignment) -> Samples:
    partners = setting.consortium.partners
    providers = providers_of(partners, assignment, run.task, run.training)
    return release(run.anonymisation, run.task, run.training, providers, run.seed).samples


FOLDS = ((), ("training.num_folds=3", "training.held_out_fold=1"))


@pytest.mark.parametrize("folds", FOLDS, ids=["whole", "a fold held out"])
def test_every_providers_rows_are_hidden_among_k_of_its_own(
    table: str, folds: tuple[str, ...]
) -> None:
    run, setting, assignment = prepared(table, *K_ANONYMITY, *folds)
    mine = released(run, setting, assignment)
    assert not mine.train[:, PHONE].any() and not mine.test[:, PHONE].any()
    for held in assignment.train[1:]:  # north is the fastest, and trains
        groups = Counter(row.tobytes() for row in mine.train[held][:, :PHONE])
        assert min(groups.values()) >= 5


@pytest.mark.parametrize("folds", FOLDS, ids=["whole", "a fold held out"])
def test_the_trainers_and_the_held_out_rows_stay(table: str, folds: tuple[str, ...]) -> None:
    run, setting, assignment = prepared(table, *K_ANONYMITY, *folds)
    raw, mine = samples_of(run.task, run.training), released(run, setting, assignment)
    trainers = assignment.train[0]
    assert (mine.train[trainers, :PHONE] == raw.train[trainers, :PHONE]).all()
    assert (mine.test[:, :PHONE] == raw.test[:, :PHONE]).all()
    assert (mine.train_targets == raw.train_targets).all()
    changed = (mine.train[:, :PHONE] != raw.train[:, :PHONE]).any(axis=1)
    assert changed.sum() > len(raw.train) / 2


def test_the_fastest_partner_trains_whoever_it_is(table: str) -> None:
    faster = "scenario.partners.south.speed=3.0"
    run, setting, assignment = prepared(table, *K_ANONYMITY, faster)
    raw, mine = samples_of(run.task, run.training), released(run, setting, assignment)
    is_changed = [
        (mine.train[held, :PHONE] != raw.train[held, :PHONE]).any() for held in assignment.train
    ]
    assert is_changed == [True, True, False, True]


@pytest.mark.parametrize(
    "option", [(), ("anonymisation=k_anonymity", *K_ANONYMITY[2:-1], "anonymisation.k=1")]
)
def test_without_anonymisation_and_with_k_1_the_trainer_has_the_rows_as_they_are(
    table: str, option: tuple[str, ...]
) -> None:
    run, setting, assignment = prepared(table, *option)
    raw, mine = samples_of(run.task, run.training), released(run, setting, assignment)
    assert (mine.train == raw.train).all() and (mine.test == raw.test).all()


def test_the_virtual_clock_has_the_costs_of_the_option(table: str) -> None:
    costs = ("anonymisation.transform_bytes_per_s=1000.0", "anonymisation.size_ratio=3.0")
    _, setting, _ = prepared(table, *K_ANONYMITY, *costs)
    assert vars(setting.mode) == {"transform_bytes_per_s": 1000.0, "size_ratio": 3.0}


def test_without_anonymisation_it_has_those_of_the_mode(table: str) -> None:
    own = {"transform_bytes_per_s": 7.0, "size_ratio": 2.0}
    _, setting, _ = prepared(table, *(f"mode.{name}={value}" for name, value in own.items()))
    assert vars(setting.mode) == own


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            [*K_ANONYMITY, "mode=pool"],
            "anonymisation must be none in a mode that passes no data through a proxy, got "
            "k_anonymity; try mode=proxy/data_proxy",
        ),
        ([*K_ANONYMITY, "mode=proxy/federated"], "that passes no data through a proxy"),
        (
            [*K_ANONYMITY, "mode.transform_bytes_per_s=1e6", "mode.size_ratio=1.0"],
            r"mode\.transform_bytes_per_s and .* must be null .* got 1000000\.0 and 1\.0",
        ),
        (
            [*K_ANONYMITY, "scenario=uniform", "scenario.num_partners=1", "learner=none"],
            "anonymisation must be none for one partner",
        ),
        (
            [*K_ANONYMITY, "attack=label_flip"],
            "attack must leave data alone with anonymisation=k_anonymity",
        ),
        (
            [*K_ANONYMITY, "anonymisation.l_diversity=2.0", "privacy=label_dp"],
            r"anonymisation\.l_diversity must be 1 where privacy=label_dp draws labels anew",
        ),
        ([*K_ANONYMITY, "anonymisation.k=100"], r"anonymisation\.k must be at most the 40 rows"),
        (["anonymisation=pseudonyms"], "pseudonyms needs texts, got Table; try task=spam_cnn"),
        (
            ["anonymisation=k_anonymity"],
            r"anonymisation\.quasi_identifiers must be columns .* got age",
        ),
    ],
)
def test_what_does_not_fit_is_refused(table: str, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        prepared(table, *overrides)


@pytest.mark.parametrize(
    ("task", "got"), [("digits_mlp", "Digits"), ("sized", "Sized"), ("text_table_cnn", "TextTable")]
)
def test_other_data_than_tables_are_refused(task: str, got: str) -> None:
    run = build(compose(f"task={task}", "mode=proxy/data_proxy", "learner=none", *K_ANONYMITY[:1]))
    with pytest.raises(ConfigError, match=f"k_anonymity needs a table .* got {got}; try task="):
        assemble(run)
