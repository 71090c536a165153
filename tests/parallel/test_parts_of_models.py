"""Layers or widths over partners, on real ranks: what is learned is what the whole model learns."""

from collections.abc import Callable

import pytest

from runners.launch import RankFailure
from tests.parallel.conftest import Done

Train = Callable[..., Done]


def test_a_pipeline_learns_what_allreduce_learns(train: Train) -> None:
    pipeline, allreduce = train("mode=partner/pipeline"), train("mode=partner/allreduce")
    for column in ("test_loss", "test_accuracy"):
        assert pipeline.curve(column) == pytest.approx(allreduce.curve(column), abs=1e-5)


def test_whole_widths_learn_what_federated_averaging_learns(train: Train) -> None:
    submodel = train("mode=partner/submodel", "mode.fractions=[1.0]", "mode.local_steps=5")
    federated = train("mode=proxy/federated", "mode.local_steps=5")
    for column in ("test_loss", "test_accuracy"):
        assert submodel.curve(column) == pytest.approx(federated.curve(column), abs=1e-5)


def test_parts_are_refused_and_not_learned_as_something_else(train: Train) -> None:
    with pytest.raises(RankFailure, match="can't train parts of a model yet; try learner=none"):
        train("mode=partner/submodel")
