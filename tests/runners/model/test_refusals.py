"""Models refuse forms that they can't have, and settings out of range."""

from collections.abc import Callable

import pytest

from runners.model import Form, Model
from runners.model.autoencoder import Autoencoder
from runners.model.gpt import Gpt
from runners.model.text_cnn import TextCnn
from runners.model.text_lstm import TextLstm
from tests.runners.model.cases import (
    CASES,
    TEXT_CNN,
    TEXT_LSTM,
    cnn,
    gpt,
    images,
    mlp,
    next_tokens,
    resnet,
    texts,
    vectors,
)

VECTORS, IMAGES, TEXTS, NEXT = vectors(4, 2), images(1, 8, 2), texts(20, 30, 2), next_tokens(8, 30)
CODE = Autoencoder(hidden_units=3, relu=False)


@pytest.mark.parametrize("name", list(CASES))
def test_a_case_is_a_form_that_its_model_can_have(name: str) -> None:
    model, form = CASES[name]
    model.check(form)


@pytest.mark.parametrize(
    ("model", "form", "words"),
    [
        (mlp(4), TEXTS, "model=mlp needs vectors or images, got tokens; try model@task.model="),
        (mlp(4), NEXT, "model=mlp needs vectors or images"),
        (CODE, TEXTS, "model=autoencoder needs vectors or images"),
        (CODE, VECTORS, "gives back its 4 inputs, got data that ask for 2 outputs"),
        (cnn(), VECTORS, r"model=cnn needs images .* got inputs of shape \(4,\); try .*=mlp"),
        (cnn(), TEXTS, "model=cnn needs vectors or images, got tokens"),
        (cnn(pools=(4, 4)), IMAGES, "model=cnn needs larger images .* got 8x8"),
        (cnn(width=5, pools=(1, 1), padded=False), images(1, 7, 2), "larger images .* got 7x7"),
        (resnet(4, 1, None), VECTORS, "model=resnet needs images"),
        (TEXT_CNN, VECTORS, r"model=text_cnn needs tokens, got inputs of shape \(4,\)"),
        (TEXT_CNN, NEXT, "text_cnn says one thing of all tokens, .* try model@task.model=gpt"),
        (TEXT_CNN, texts(7, 30, 2), "longer texts for width 3 and pool 2, got 7 tokens"),
        (TEXT_LSTM, IMAGES, "model=text_lstm needs tokens"),
        (TEXT_LSTM, NEXT, "text_lstm says one thing of all tokens"),
        (gpt(), TEXTS, "model=gpt needs data that ask for the next token, .* data=stdlib"),
        (gpt(), IMAGES, "model=gpt needs data that ask for the next token"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(model: Model, form: Form, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        model.check(form)


def test_the_smallest_images_and_texts_that_fit() -> None:
    cnn(width=5, pools=(1, 1), padded=False).check(images(1, 9, 2))  # 9 - 4 - 4 = 1 pixel is left
    TEXT_CNN.check(texts(8, 30, 2))  # (8 - 2) // 2 - 2 = 1 place is left


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: mlp(8, 0), r"hidden_units must be at least 1, got 0; try task.model.hidden"),
        (lambda: mlp(8, dropout=1.0), "dropout must be at least 0 and below 1, got 1.0"),
        (lambda: cnn((3, 0)), "channels must be at least 1, got 0"),
        (lambda: cnn((3,)), "pools must be one for each .* got 2 pools for 1; try"),
        (lambda: cnn((), pools=()), "at least one, got 0 pools for 0"),
        (lambda: cnn(pools=(0, 2)), "pools must be at least 1, got 0; 1 is none"),
        (lambda: cnn(width=4), "width must be odd where convolutions are padded, got 4"),
        (lambda: cnn(width=0, padded=False), "width must be at least 1, got 0"),
        (lambda: cnn(hidden_units=(0,)), "hidden_units must be at least 1, got 0"),
        (lambda: resnet(0, 1, None), "channels must be at least 1, got 0"),
        (lambda: resnet(8, 0, None), "num_blocks must be at least 1, got 0"),
        (lambda: resnet(8, 1, 0), "norm_groups must be at least 1, got 0; null is batch norm"),
        (lambda: resnet(8, 1, 3), "norm_groups must divide the 8 channels, got 3"),
        (lambda: TextCnn(embedding=1, channels=1, width=0, pool=1), "width must be at least 1"),
        (lambda: TextLstm(embedding=0, hidden_units=8), "embedding must be at least 1, got 0"),
        (lambda: TextLstm(embedding=8, hidden_units=0), "hidden_units must be at least 1, got 0"),
        (lambda: Autoencoder(hidden_units=0, relu=True), "hidden_units must be at least 1, got 0"),
        (lambda: gpt(width=0), "width must be at least 1, got 0"),
        (lambda: gpt(num_heads=0), "num_heads must be at least 1, got 0"),
        (lambda: gpt(num_heads=3), "num_heads must divide the width 8, got 3"),
        (
            lambda: Gpt(width=8, num_blocks=0, num_heads=1, tied_head=False),
            "num_blocks must be at least 1, got 0",
        ),
    ],
)
def test_a_setting_out_of_range_is_refused(make: Callable[[], Model], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()
