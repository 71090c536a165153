"""The transformer looks back only, and is torch's own pre-norm layer with the same weights."""

import math

import pytest
import torch
from torch import nn

from runners.model.transformer import CausalBlock
from tests.runners.model.cases import CASES, gpt, new_module, next_tokens, some_inputs


@pytest.mark.parametrize("name", ["gpt", "gpt_tied"])
def test_a_token_changes_what_is_said_from_its_place_on(name: str) -> None:
    module, tokens = new_module(CASES[name]), some_inputs(CASES[name][1], 1)
    other = tokens.clone()
    other[0, 5] = (other[0, 5] + 1) % 30
    change = (module(other) - module(tokens)).abs().amax(dim=2)[0]
    assert not change[:5].any()
    assert (change[5:] > 0).all()


def test_a_block_is_torchs_encoder_layer_with_a_causal_mask() -> None:
    torch.manual_seed(0)
    block = CausalBlock(width=8, num_heads=2, num_additions=4)
    theirs = nn.TransformerEncoderLayer(
        8, 2, dim_feedforward=32, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    ours = dict(block.named_parameters())
    names = {
        **{"self_attn.in_proj_": "questions_keys_values.", "self_attn.out_proj.": "answers."},
        **{"linear1.": "widen.", "linear2.": "narrow."},
        **{"norm1.": "attention_norm.", "norm2.": "mlp_norm."},
    }
    with torch.no_grad():
        for prefix, name in names.items():
            for kind in ("weight", "bias"):
                ours[name + kind].normal_()
                theirs.get_parameter(prefix + kind).copy_(ours[name + kind])
    vectors = torch.randn(3, 7, 8)
    mask = nn.Transformer.generate_square_subsequent_mask(7)
    expected = theirs(vectors, src_mask=mask, is_causal=True)
    torch.testing.assert_close(block(vectors), expected, rtol=1e-4, atol=1e-4)


def test_a_new_model_says_all_tokens_alike() -> None:
    _, form = CASES["gpt"]
    outputs, targets = new_module(CASES["gpt"])(some_inputs(form, 8)), some_inputs(form, 8)
    loss = nn.functional.cross_entropy(outputs.flatten(0, 1), targets.flatten())
    assert loss.item() == pytest.approx(math.log(30), abs=0.05)


def test_a_tied_head_has_the_tokens_vectors() -> None:
    module = new_module(CASES["gpt_tied"])
    assert module[-1].weight is module[0].tokens.weight
    module = new_module(CASES["gpt"])
    assert module[-1].weight is not module[0].tokens.weight


def test_a_text_may_be_shorter() -> None:
    module, tokens = new_module(CASES["gpt"]), some_inputs(CASES["gpt"][1], 2)
    torch.testing.assert_close(module(tokens[:, :4]), module(tokens)[:, :4])


def test_what_blocks_add_starts_smaller_the_more_there_are() -> None:
    torch.manual_seed(0)
    form = next_tokens(4, 8)
    block = gpt(width=128).build(form)[1]
    # 0.02, and 0.02 / sqrt(2 additions in each of 2 blocks) = 0.01; 49,152 and 16,384 weights
    assert block.questions_keys_values.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert block.answers.weight.std().item() == pytest.approx(0.01, rel=0.03)
    assert block.narrow.weight.std().item() == pytest.approx(0.01, rel=0.03)
