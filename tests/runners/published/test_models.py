"""Networks have the parameters and the work that are published for them."""

import pytest

from runners.published.models import LAYERS, model


@pytest.mark.parametrize(
    ("name", "num_parameters", "giga_multiply_adds"),
    [
        # torchvision's counts; multiply-adds as in its table of models, at 224 (299 for Inception)
        ("vgg16", 138357544, 15.47),
        ("resnet50", 25557032, 4.09),
        ("resnet101", 44549160, 7.80),
        ("resnet152", 60192808, 11.51),
        ("inception_v3", 27161264, 5.71),
    ],
)
def test_totals(name: str, num_parameters: int, giga_multiply_adds: float) -> None:
    assert model(name).num_parameters == num_parameters
    assert model(name).multiply_adds / 1e9 == pytest.approx(giga_multiply_adds, abs=0.01)


def test_alexnet_by_hand() -> None:
    # convolutions 23,296 + 307,392 + 663,936 + 1,327,488 + 884,992 = 3,207,104, and three dense
    dense = 9217 * 4096 + 4097 * 4096 + 4097 * 1000
    assert model("alexnet").num_parameters == 3207104 + dense


@pytest.mark.parametrize("name", LAYERS)
def test_time_fractions_add_up(name: str) -> None:
    fractions = model(name).time_fractions()
    assert len(fractions) == len(model(name).layers)
    assert min(fractions) > 0
    assert sum(fractions) == pytest.approx(1)


def test_most_bytes_of_vgg16_come_first_in_the_backward_pass() -> None:
    dense = model("vgg16").layers[-3:]
    assert sum(layer.num_parameters for layer in dense) / model("vgg16").num_parameters > 0.89
    assert sum(model("vgg16").time_fractions()[-3:]) < 0.01


def test_an_unknown_network_is_refused() -> None:
    with pytest.raises(ValueError, match="model must be one of alexnet, vgg16"):
        model("lenet")
