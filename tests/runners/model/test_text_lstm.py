"""The LSTM model reads texts to their last word, by the five equations of source system M2."""

import pytest
import torch
from torch import nn

from runners.model.layers import LastState, PadInFront
from tests.runners.model.cases import CASES, new_module


def test_padding_moves_to_the_front() -> None:
    tokens = torch.tensor([[5, 6, 0, 0], [5, 6, 7, 8], [0, 0, 0, 0], [5, 0, 6, 0]])
    moved = [[0, 0, 5, 6], [5, 6, 7, 8], [0, 0, 0, 0], [0, 5, 0, 6]]
    assert PadInFront()(tokens).tolist() == moved


def test_padding_at_the_end_is_padding_in_front() -> None:
    module = new_module(CASES["text_lstm"])
    behind, in_front = torch.tensor([[5, 6, 7, 0, 0]]), torch.tensor([[0, 0, 5, 6, 7]])
    assert torch.equal(module(behind), module(in_front))


def test_the_last_state_is_that_of_the_five_equations() -> None:
    torch.manual_seed(0)
    layer = LastState(inputs=3, units=4)
    vectors = torch.randn(2, 5, 3)
    lstm = layer.lstm
    weights_in, weights_state = lstm.weight_ih_l0, lstm.weight_hh_l0
    state = cell = torch.zeros(2, 4)
    for place in range(5):
        gates = vectors[:, place] @ weights_in.T + state @ weights_state.T
        gates = gates + lstm.bias_ih_l0 + lstm.bias_hh_l0
        enter, forget, new, leave = gates.split(4, dim=1)  # torch's order
        cell = forget.sigmoid() * cell + enter.sigmoid() * new.tanh()
        state = leave.sigmoid() * cell.tanh()
    torch.testing.assert_close(layer(vectors), state)


def test_a_word_counts_wherever_it_stands() -> None:
    module = new_module(CASES["text_lstm"])
    tokens = torch.tensor([[5, 6, 7, 8, 0, 0]])
    for place in range(4):
        other = tokens.clone()
        other[0, place] = 9
        assert not torch.equal(module(other), module(tokens))


def test_its_layer_of_states_is_what_a_cohort_can_not_stack() -> None:
    """Engines that stack models look for this class."""
    assert any(isinstance(layer, nn.RNNBase) for layer in new_module(CASES["text_lstm"]).modules())


@pytest.mark.parametrize("name", ["text_lstm", "text_cnn"])
def test_a_text_of_padding_alone_has_an_output(name: str) -> None:
    _, form = CASES[name]
    module = new_module(CASES[name])
    assert module(torch.zeros(2, *form.inputs, dtype=torch.int64)).isfinite().all()
