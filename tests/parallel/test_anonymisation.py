"""On real ranks, the trainer behind a data proxy learns from anonymised rows, and from nothing
else.
"""

import numpy as np
import pytest

from runners.anonymisation.k_anonymity import KAnonymity
from runners.anonymisation.passage import providers_of, release
from runners.anonymity.tables import feature_blocks
from runners.audit.subject import Subject, read_subject
from runners.data import Samples
from runners.data.adult import Adult
from tests.parallel.conftest import Done, Train


def anonymised(train: Train, num_ranks: int) -> Done:
    """Train on people of whom `hours_per_week` is dropped; 3 of 23 parts of them pass the proxy."""
    return train(
        *("task=adult_mlp", "mode=proxy/data_proxy", "anonymisation=k_anonymity"),
        *("anonymisation.direct_identifiers=[hours_per_week]", "partition=iid"),
        "scenario.partners.north.data_share=20.0",
        *("budget.num_epochs=0.1", "budget.num_evaluations=2", f"learner.num_ranks={num_ranks}"),
    )


def features_of(*names: str) -> np.ndarray:
    """Return which features come from columns of these names."""
    blocks = feature_blocks(Adult(key="occupation").rows())
    return np.concatenate([np.full(one.shape[1], name in names) for name, one in blocks.items()])


def released(subject: Subject) -> tuple[Samples, list[np.ndarray]]:
    """Return what a run's configuration makes of the data, and who provided which rows of it."""
    run, job = subject.job.run, subject.job
    partners = job.setting.consortium.partners
    providers = providers_of(partners, job.assignment, run.task, run.training)
    made = release(run.anonymisation, run.task, run.training, providers, run.seed)
    return made.samples, providers


def test_ranks_make_the_same_release(train: Train) -> None:
    one, two = anonymised(train, 1), anonymised(train, 2)
    assert one.curve("test_loss") == pytest.approx(two.curve("test_loss"), abs=1e-5)
    assert one.curve("test_accuracy") == pytest.approx(two.curve("test_accuracy"), abs=1e-5)
    assert one.record["privacy"] == two.record["privacy"]
    assert one.file("trace.parquet") == two.file("trace.parquet")


def test_the_release_is_on_record(train: Train) -> None:
    privacy = anonymised(train, 2).record["privacy"]
    figures, (guarantee,) = privacy["anonymisation"], privacy["guarantees"]
    assert guarantee["mechanism"] == "k-anonymity, k = 10, distinct l = 2"
    assert figures["num_rows"] == pytest.approx(39_071 * 3 / 23, abs=3)
    assert figures["smallest_class"] >= 10 and figures["least_diversity"] == 2
    assert figures["prosecutor"]["after"]["max"] <= 0.1 < figures["prosecutor"]["before"]["mean"]
    assert figures["linkage"]["after"] < figures["linkage"]["before"]
    assert 0 < figures["certainty_penalty"] < 1


def test_the_model_saw_no_direct_identifier(train: Train) -> None:
    """Weights of a feature that is 0 everywhere have no gradient, and stay as they were drawn."""
    subject = read_subject(anonymised(train, 2).folder, partner=0, device="cpu")
    training = subject.training(subject.job.assignment.train)
    trained, drawn = (
        next(iter(training.model.named(vector).values()))
        for vector in (subject.weights(training), training.model.initial)
    )
    stays = (trained == drawn).all(dim=0).numpy()
    is_dropped = features_of("hours_per_week")
    is_usual = (subject.samples.train != 0).mean(axis=0) > 0.5
    assert is_usual[is_dropped].all() and is_usual.sum() > 5
    assert stays[is_usual].tolist() == is_dropped[is_usual].tolist()


def test_every_row_that_passed_is_one_of_k(train: Train) -> None:
    subject = read_subject(anonymised(train, 2).folder, partner=0, device="cpu")
    option = subject.job.run.anonymisation
    assert isinstance(option, KAnonymity)
    is_quasi = features_of(*option.quasi_identifiers)
    samples, providers = released(subject)
    for rows in providers:
        known = np.unique(samples.train[rows][:, is_quasi], axis=0, return_counts=True)
        assert known[1].min() >= 10
    assert not samples.train[:, features_of("hours_per_week")].any()
