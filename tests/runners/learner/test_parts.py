"""A part's model has the numbers of the whole vector that its indices say, and trains like any."""

import pytest
import torch
from torch import nn

from runners.learner.flat_model import FlatModel
from runners.learner.parts import NUM_REMEMBERED, PartModels
from runners.model import Form, Model
from runners.model.cnn import Cnn
from runners.model.mlp import Mlp
from runners.model.resnet import Resnet
from runners.model.text_cnn import TextCnn
from sim.learner import Part

CPU = torch.device("cpu")
VECTORS = Form(inputs=(3,), vocabulary=None, num_outputs=2, per_token=False)
IMAGES = Form(inputs=(2, 8, 8), vocabulary=None, num_outputs=2, per_token=False)
TEXTS = Form(inputs=(20,), vocabulary=9, num_outputs=2, per_token=False)
HALF = Part(kind="width", index=0, count=2)


def parts_of(model: Model, form: Form, seed: int = 0) -> tuple[FlatModel, PartModels]:
    torch.manual_seed(0)
    whole = FlatModel(model.build(form), "cross_entropy", CPU, tail=2)
    return whole, PartModels(whole, model.hidden_axes(form), seed)


def mlp(*hidden_units: int, batch_norm: bool = False) -> Mlp:
    return Mlp(hidden_units=hidden_units, batch_norm=batch_norm, dropout=0.0)


def test_indices_of_a_width_by_hand() -> None:
    _, parts = parts_of(mlp(4), VECTORS)
    # weights (4, 3) at 0, biases (4,) at 12, weights (2, 4) at 16, biases (2,) at 24
    assert parts.indices(HALF).tolist() == [
        *(0, 1, 2, 3, 4, 5),  # rows 0 and 1
        *(12, 13),
        *(16, 17, 20, 21),  # columns 0 and 1
        *(24, 25),
    ]


def test_statistics_of_norms_are_cut_too() -> None:
    whole, parts = parts_of(mlp(4, batch_norm=True), VECTORS)
    # 26 numbers as above, with 4 scales and 4 shifts between; means at 34, variances at 38
    assert parts.indices(HALF).tolist()[-6:] == [32, 33, 34, 35, 38, 39]
    narrow = parts.model(HALF)
    assert (narrow.num_parameters, narrow.size) == (18, 22)
    assert (whole.num_parameters, whole.size) == (34, 42)


@pytest.mark.parametrize("kind", ["width", "independent"])
@pytest.mark.parametrize(
    ("model", "form", "inputs"),
    [
        (mlp(6, 5), VECTORS, torch.randn(8, 3)),
        (mlp(6, 5, batch_norm=True), VECTORS, torch.randn(8, 3)),
        (
            TextCnn(embedding=4, channels=6, width=3, pool=2),
            TEXTS,
            torch.randint(9, (8, 20)),
        ),
        (
            Cnn(
                channels=(6, 6), width=3, pools=(2, 2), padded=True, hidden_units=(5,), dropout=0.0
            ),
            IMAGES,
            torch.randn(8, 2, 8, 8),
        ),
        (
            Resnet(channels=6, num_blocks=1, norm_groups=None),
            IMAGES,
            torch.randn(8, 2, 8, 8),
        ),
    ],
    ids=["mlp", "batch norm", "text", "images", "residual"],
)
def test_a_part_computes_what_its_numbers_in_the_whole_say(
    kind: str, model: Model, form: Form, inputs: torch.Tensor
) -> None:
    """Take the weights from all units of a part to units of others away, and train a step: the
    part's numbers in the whole and the part's own model have one and the same gradient.
    """
    whole, parts = parts_of(model, form)
    part = Part(kind=kind, index=1, count=3)
    indices, narrow = parts.indices(part), parts.model(part)
    vector = 0.5 + torch.rand(whole.size)
    alone = torch.zeros_like(vector).index_copy(0, indices, vector[indices])
    targets = torch.tensor([0, 1] * 4)
    whole.at(alone)
    whole.backward(inputs, targets, None)
    narrow.at(vector[indices].clone())
    narrow.backward(inputs, targets, None)
    trained = indices < whole.num_parameters
    torch.testing.assert_close(narrow.gradient, whole.gradient[indices[trained]])
    assert narrow.gradient.abs().sum() > 0
    assert len(indices) < whole.size


def test_the_initial_numbers_are_those_of_the_whole() -> None:
    whole, parts = parts_of(mlp(4), VECTORS)
    whole.at(torch.zeros(whole.size))  # wherever the whole is at present
    assert torch.equal(parts.model(HALF).initial, whole.initial[parts.indices(HALF)])
    assert len(parts.model(HALF).tail) == 2


def test_none_is_the_whole() -> None:
    whole, parts = parts_of(mlp(4), VECTORS)
    assert parts.indices(None) is None
    assert parts.model(None) is whole


def test_a_part_is_cut_once_and_forgotten_among_many() -> None:
    _, parts = parts_of(mlp(4), VECTORS)
    first = parts.model(HALF)
    assert parts.model(Part(kind="width", index=0, count=2)) is first
    for index in range(NUM_REMEMBERED):
        parts.indices(Part(kind="independent", index=index, count=2))
    assert parts.model(HALF) is not first


def test_independent_parts_share_only_what_belongs_to_no_unit() -> None:
    whole, parts = parts_of(mlp(6), VECTORS)
    held = torch.zeros(whole.size)
    for index in range(3):
        held[parts.indices(Part(kind="independent", index=index, count=3))] += 1
    # all weights and biases of hidden units once, the 2 biases of the outputs by all three
    assert held.tolist() == [1.0] * (18 + 6 + 12) + [3.0] * 2


def test_runs_of_layers() -> None:
    _, parts = parts_of(mlp(4), VECTORS)
    # tensors of 12, 4, 8 and 2 numbers, 26 in all: 12 is nearer to 13 than 16 is
    runs = [Part(kind="layers", index=index, count=2) for index in range(2)]
    assert [parts.run(part) for part in runs] == [slice(0, 12), slice(12, 26)]
    assert parts.indices(runs[1]).tolist() == list(range(12, 26))
    with pytest.raises(ValueError, match=r"Work.part must be of kind width or independent"):
        parts.model(runs[1])


def test_a_model_that_cannot_be_cut_is_refused() -> None:
    parts = PartModels(FlatModel(nn.Linear(2, 2), "cross_entropy", CPU, tail=0), None, 0)
    with pytest.raises(ValueError, match=r"mode.kind=width of mode=partner/submodel needs a model"):
        parts.indices(HALF)
    assert parts.run(Part(kind="layers", index=0, count=2)) == slice(0, 4)
