"""An embedding's gradient names the tokens of a batch."""

import numpy as np
import pytest
import torch
from torch import nn

from runners.audit.tokens import embedding_norms, recover_tokens
from runners.audit.victims import Victims
from runners.learner.flat_model import FlatModel
from tests.runners.audit.finished import flat

VOCABULARY = 40


class Mean(nn.Module):
    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors.mean(dim=1)


@pytest.fixture
def model() -> FlatModel:
    torch.manual_seed(0)
    first = nn.Linear(3, 3)  # that is used last: the embedding is not at the vector's start
    layers = nn.Sequential(nn.Embedding(VOCABULARY, 3), Mean(), nn.Linear(3, 2))
    return flat(nn.Sequential(*layers[:2], first, layers[2]))


def victims(model: FlatModel, noise: float = 0.0) -> Victims:
    """Return five batches of two texts of four tokens, and their gradients."""
    torch.manual_seed(1)
    inputs, targets = torch.randint(VOCABULARY, (5, 2, 4)), torch.randint(2, (5, 2))
    seen = torch.zeros(5, model.size)
    for row, some, said in zip(seen, inputs, targets, strict=True):
        model.at(model.initial.clone())
        model.backward(some, said, None)
        row.copy_(model.gradient)
    seen += noise * torch.randn(seen.shape)
    return Victims(model=model, inputs=inputs, targets=targets, seen=seen, decoys=inputs[:0])


def test_rows_that_are_not_zero_are_the_tokens(model: FlatModel) -> None:
    batches = victims(model)
    norms = embedding_norms(model, batches.seen)
    for row, some in zip(norms, batches.inputs, strict=True):
        assert set(np.flatnonzero(row.numpy())) == set(some.flatten().tolist())
    found = recover_tokens(batches)
    assert found.quality["recall"].value == found.quality["precision"].value == 1.0
    assert found.judgement is not None
    assert found.judgement.auc.value == 1.0
    num_tokens = sum(len(set(some.flatten().tolist())) for some in batches.inputs)
    assert found.judgement.num_positives == num_tokens
    assert found.judgement.num_negatives == 5 * VOCABULARY - num_tokens
    chance = found.quality["chance_precision"].value
    assert chance == pytest.approx(num_tokens / (5 * VOCABULARY))


def test_noise_hides_the_tokens(model: FlatModel) -> None:
    found = recover_tokens(victims(model, noise=100.0))
    assert found.judgement is not None
    assert found.judgement.auc.low < 0.5 < found.judgement.auc.high
    assert found.quality["precision"].value == pytest.approx(
        found.quality["chance_precision"].value
    )


def test_the_embedding_is_found_behind_other_tensors() -> None:
    layer = nn.Embedding(4, 2)
    model = flat(nn.Sequential(nn.Linear(3, 5), layer))
    row = torch.arange(float(model.size))[None]
    # 3 · 5 + 5 = 20 numbers come before: the rows are (20, 21), (22, 23), …
    expected = torch.linalg.vector_norm(torch.arange(20.0, 28.0).view(4, 2), dim=1)
    torch.testing.assert_close(embedding_norms(model, row), expected[None])


def test_refuses_a_model_without_an_embedding() -> None:
    with pytest.raises(ValueError, match="needs a model with an embedding"):
        embedding_norms(flat(nn.Sequential(nn.Linear(2, 2))), torch.zeros(1, 6))
