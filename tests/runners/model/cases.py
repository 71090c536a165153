"""Models that tests go through, each with a form that it can take."""

import numpy as np
import torch

from runners.model import Form, Model
from runners.model.autoencoder import Autoencoder
from runners.model.cnn import Cnn
from runners.model.gpt import Gpt
from runners.model.mlp import Mlp
from runners.model.resnet import Resnet
from runners.model.text_cnn import TextCnn
from runners.model.text_lstm import TextLstm

Case = tuple[Model, Form]


def vectors(num_inputs: int, num_outputs: int) -> Form:
    return Form(inputs=(num_inputs,), vocabulary=None, num_outputs=num_outputs, per_token=False)


def images(channels: int, size: int, num_outputs: int) -> Form:
    inputs = (channels, size, size)
    return Form(inputs=inputs, vocabulary=None, num_outputs=num_outputs, per_token=False)


def texts(length: int, vocabulary: int, num_outputs: int) -> Form:
    return Form(inputs=(length,), vocabulary=vocabulary, num_outputs=num_outputs, per_token=False)


def next_tokens(length: int, vocabulary: int) -> Form:
    return Form(inputs=(length,), vocabulary=vocabulary, num_outputs=vocabulary, per_token=True)


def mlp(*hidden_units: int, batch_norm: bool = False, dropout: float = 0.0) -> Mlp:
    return Mlp(hidden_units=hidden_units, batch_norm=batch_norm, dropout=dropout)


def cnn(
    channels: tuple[int, ...] = (3, 4),
    *,
    width: int = 3,
    pools: tuple[int, ...] = (1, 2),
    padded: bool = True,
    hidden_units: tuple[int, ...] = (6,),
) -> Cnn:
    return Cnn(
        channels=channels,
        width=width,
        pools=pools,
        padded=padded,
        hidden_units=hidden_units,
        dropout=0.0,
    )


def resnet(channels: int, num_blocks: int, norm_groups: int | None) -> Resnet:
    return Resnet(channels=channels, num_blocks=num_blocks, norm_groups=norm_groups)


def gpt(*, width: int = 8, num_heads: int = 2, tied_head: bool = False) -> Gpt:
    return Gpt(width=width, num_blocks=2, num_heads=num_heads, tied_head=tied_head)


TEXT_CNN = TextCnn(embedding=6, channels=8, width=3, pool=2)
TEXT_LSTM = TextLstm(embedding=6, hidden_units=8)

CASES: dict[str, Case] = {
    "logistic": (mlp(), vectors(12, 3)),
    "mlp": (mlp(8, 6), images(1, 4, 5)),
    "mlp_batch_norm": (mlp(8, 6, batch_norm=True), vectors(12, 5)),
    "mlp_dropout": (mlp(8, dropout=0.5), vectors(12, 5)),
    "cnn": (cnn(), images(2, 9, 5)),
    "cnn_unpadded": (cnn(width=2, pools=(2, 1), padded=False), images(1, 9, 5)),
    "cnn_logistic": (cnn((4,), pools=(3,), hidden_units=()), images(1, 9, 5)),
    "resnet": (resnet(4, 2, None), images(3, 9, 5)),
    "resnet_group_norm": (resnet(4, 1, 2), images(1, 8, 5)),
    "text_cnn": (TEXT_CNN, texts(20, 30, 3)),
    "text_lstm": (TEXT_LSTM, texts(20, 30, 3)),
    "autoencoder": (Autoencoder(hidden_units=20, relu=False), vectors(10, 10)),
    "autoencoder_relu": (Autoencoder(hidden_units=3, relu=True), vectors(10, 10)),
    "gpt": (gpt(), next_tokens(12, 30)),
    "gpt_tied": (gpt(tied_head=True), next_tokens(12, 30)),
}


def new_module(case: Case) -> torch.nn.Sequential:
    """Return a case's module; the same weights each time."""
    model, form = case
    torch.manual_seed(0)
    return model.build(form)


def some_inputs(form: Form, num_samples: int) -> torch.Tensor:
    """Return inputs of a form; the same each time."""
    rng = np.random.default_rng(0)
    shape = (num_samples, *form.inputs)
    if form.vocabulary is None:
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
    return torch.from_numpy(rng.integers(0, form.vocabulary, shape))


def statistics(module: torch.nn.Module) -> list[torch.Tensor]:
    """Return what batch norms keep, but for their count of batches."""
    return [one for name, one in module.named_buffers() if not name.endswith("num_batches_tracked")]
