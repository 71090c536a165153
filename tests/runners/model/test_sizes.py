"""Numbers of parameters and FLOPs as published, or worked by hand."""

import pytest

from runners.model import Form, Model
from runners.model.autoencoder import Autoencoder
from runners.model.gpt import Gpt
from runners.model.text_cnn import TextCnn
from runners.model.text_lstm import TextLstm
from tests.runners.model.cases import cnn, images, mlp, next_tokens, resnet, texts, vectors

MNIST = images(1, 28, 10)
MCMAHAN = cnn((32, 64), width=5, pools=(2, 2), hidden_units=(512,))


@pytest.mark.parametrize(
    ("model", "form", "expected"),
    [
        # 784 * 10 + 10
        (mlp(), MNIST, 7_850),
        # 784 * 128 + 128 + 128 * 10 + 10
        (mlp(128), MNIST, 101_770),
        # the 2NN of McMahan et al. 2017, section 3
        (mlp(200, 200), MNIST, 199_210),
        # their CNN, likewise: 832 + 51_264 + (7 * 7 * 64 * 512 + 512) + 5_130
        (MCMAHAN, MNIST, 1_663_370),
        # 5x5 with 8 and 16 channels: 208 + 3_216 + (7 * 7 * 16 * 10 + 10)
        (cnn((8, 16), width=5, pools=(2, 2), hidden_units=()), MNIST, 11_274),
        # 3x3 with 32 and 64, 14 * 14 * 64 = 12_544: 320 + 18_496 + 1_605_760 + 1_290
        (cnn((32, 64), pools=(1, 2), hidden_units=(128,)), MNIST, 1_625_866),
        # the same on CIFAR-10 without padding, 32 - 2 - 2 = 28: 896 + 18_496 + 1_605_760 + 1_290
        (
            cnn((32, 64), pools=(1, 2), padded=False, hidden_units=(128,)),
            images(3, 32, 10),
            1_626_442,
        ),
        # source M1: 32_000 + (32 * 5 * 128 + 128) + (128 * 5 * 128 + 128) + (128 * 3 + 3)
        (TextCnn(embedding=32, channels=128, width=5, pool=5), texts(100, 1000, 3), 135_043),
        # source M2: 32_000 + 4 * 128 * (32 + 128 + 2) + 128 * 2 + 2
        (TextLstm(embedding=32, hidden_units=128), texts(100, 1000, 2), 115_202),
        # source M4 on Adult: (107 * 128 + 128) + (128 * 64 + 64) + (64 + 1)
        (mlp(128, 64), vectors(107, 1), 22_145),
        # source M5: 10 * 20 + 20 + 20 * 10 + 10
        (Autoencoder(hidden_units=20, relu=False), vectors(10, 10), 430),
    ],
)
def test_parameters(model: Model, form: Form, expected: int) -> None:
    model.check(form)
    assert sum(model.tensor_parameters(form)) == expected


def test_resnet_20_has_its_published_size() -> None:
    """He et al. 2016, table 6: 0.27 million; their shortcuts have no weights, ours have."""
    sizes = resnet(16, 3, 4).tensor_parameters(images(3, 32, 10))
    shortcuts = (16 * 32 + 2 * 32) + (32 * 64 + 2 * 64)
    # 432 + 6 * 2_304 + (4_608 + 5 * 9_216) + (18_432 + 5 * 36_864) + norms 2 * 16 * 7 + 2 * 32 * 6
    # + 2 * 64 * 6 + 650
    assert sum(sizes) - shortcuts == 269_722


def test_batch_norm_adds_two_statistics_to_each_scale_and_shift() -> None:
    with_batch, with_group = resnet(8, 1, None), resnet(8, 1, 4)
    # one norm of 8 channels, then by stage 2 of 8, 3 of 16 and 3 of 32, shortcuts included
    channels = 3 * 8 + 3 * 16 + 3 * 32
    difference = sum(with_batch.tensor_parameters(MNIST)) - sum(with_group.tensor_parameters(MNIST))
    assert difference == 2 * channels


def test_a_gpt_by_hand() -> None:
    form = next_tokens(128, 256)
    untied = Gpt(width=64, num_blocks=2, num_heads=4, tied_head=False)
    tied = Gpt(width=64, num_blocks=2, num_heads=4, tied_head=True)
    # places 8_192, tokens 16_384, block 2 * 128 + (12_288 + 192 + 4_096 + 64) + (16_384 + 256 +
    # 16_384 + 64) = 49_984, last norm 128, head 16_384
    assert sum(untied.tensor_parameters(form)) == 8_192 + 16_384 + 2 * 49_984 + 128 + 16_384
    assert sum(tied.tensor_parameters(form)) == 8_192 + 16_384 + 2 * 49_984 + 128
    # weights that meet each token: 2 * 12 * 64² + 256 * 64 = 114_688; attention 12 * 128 * 64 * 2
    expected = 128 * (6 * 114_688 + 196_608)
    assert untied.train_flops_per_sample(form) == tied.train_flops_per_sample(form) == expected


def test_flops_of_mcmahans_cnn_by_hand() -> None:
    # multiply-adds forward: 784 * 25 * 32, 196 * 25 * 32 * 64, 3136 * 512, 512 * 10; the image's
    # gradient is not needed
    first, second, third, last = 627_200, 10_035_200, 1_605_632, 5_120
    assert MCMAHAN.train_flops_per_sample(MNIST) == 4 * first + 6 * (second + third + last)
