"""Encoders, blocks and projector: a literal reference of the maths, and what the fixes change."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from physiosync_models import Encoder, EncoderConfig, Projector
from physiosync_models.layers import Attention, Block

EEG = EncoderConfig(modality="eeg", n_chans=3, n_times=100, dim=16, n_prompts=2)
PPS = EncoderConfig(modality="pps", n_chans=1, n_times=100, dim=16)
CONFIGS = [
    replace(base, **change)
    for base in (EEG, PPS)
    for change in ({}, {"faithful": True}, {"embedding": "conv", "kernel": 17})
]


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """Move every parameter off its start, where biases are zero and scales equal."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return module


@torch.no_grad()
def test_attention_same_as_literal_reference():
    attention = shaken(Attention(8, 2))
    x = torch.randn(3, 5, 8)
    q, k, v = (x @ attention.qkv.weight.T).chunk(3, dim=-1)
    q, v = q + attention.q_bias, v + attention.v_bias
    mixed = torch.empty_like(x)
    for b in range(3):
        for columns in (slice(0, 4), slice(4, 8)):
            for i in range(5):
                scores = [float(q[b, i, columns] @ k[b, j, columns]) / 2 for j in range(5)]
                total = sum(math.exp(score) for score in scores)
                mixed[b, i, columns] = sum(
                    math.exp(score) / total * v[b, j, columns] for j, score in enumerate(scores)
                )
    expected = mixed @ attention.proj.weight.T + attention.proj.bias
    torch.testing.assert_close(attention(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("faithful", [True, False])
def test_block_appends_prompts_and_cuts_them_off(faithful):
    block = shaken(Block(8, 2, 32, 2, faithful))
    x = torch.randn(3, 4, 8)
    y = torch.cat((x, block.prompt.repeat(3, 1, 1)), dim=1)
    y = y + block.gamma_1 * block.attn(block.norm1(y))
    hidden = block.mlp.fc1(block.norm2(y))
    hidden = hidden.clamp(min=0) if faithful else hidden * (1 + torch.erf(hidden / 2**0.5)) / 2
    out = block.mlp.fc2(hidden)
    y = y + block.gamma_2 * (out.clamp(min=0) if faithful else out)
    torch.testing.assert_close(block(x), y[:, :4])


def test_paper_embedding_same_as_literal_reference():
    embedding = shaken(Encoder(EEG).embedding)
    x = torch.randn(4, 3, 100)
    flat = x.reshape(4, 300)
    u = flat @ embedding.transform1.weight.T + embedding.transform1.bias
    g = torch.sigmoid(flat @ embedding.transform2.weight.T + embedding.transform2.bias)
    views = torch.stack([u * g[:, h * 16 : (h + 1) * 16] for h in range(3)], dim=1)
    mean = views.mean((0, 1))
    var = views.var((0, 1), unbiased=False)
    expected = (views - mean) / (var + 1e-5).sqrt() * embedding.bn.weight + embedding.bn.bias
    torch.testing.assert_close(embedding(x), expected)


@pytest.mark.parametrize("config", CONFIGS)
def test_shape_determinism_and_independence_of_the_batch_in_eval(config):
    encoder = Encoder(config).eval()
    x = torch.randn(5, config.n_chans, config.n_times)
    y = encoder(x)
    assert y.shape == (5, config.out_dim)
    assert torch.equal(y, encoder(x))
    torch.testing.assert_close(encoder(x[2:3]), y[2:3])


@pytest.mark.parametrize("config", CONFIGS)
def test_gradients_reach_every_parameter(config):
    encoder = Encoder(config)
    projector = Projector(config)
    projector(encoder(torch.randn(8, config.n_chans, config.n_times))).square().mean().backward()
    for part in (encoder, projector):
        for name, parameter in part.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name


def varies(config, *, train):
    encoder = Encoder(replace(config, dropout=0.5)).train(train)
    x = torch.randn(6, config.n_chans, config.n_times)
    return not torch.equal(encoder(x), encoder(x))


def test_dropout_of_tokens():
    assert varies(EEG, train=True)
    assert not varies(EEG, train=False)
    assert varies(PPS, train=True)
    assert varies(replace(EEG, faithful=True), train=True)
    assert not varies(replace(PPS, faithful=True), train=True)


def test_the_released_projector_is_random_in_eval_and_the_mended_one_is_not():
    x = torch.randn(6, EEG.out_dim)
    released = Projector(replace(EEG, faithful=True)).eval()
    assert not torch.equal(released(x), released(x))
    fixed = Projector(EEG).eval()
    assert torch.equal(fixed(x), fixed(x))


def test_the_released_projector_is_one_linear_map_and_the_mended_one_is_not():
    a, b = torch.randn(2, 6, EEG.out_dim)

    def bend(config):
        projector = Projector(replace(config, dropout=0.0)).eval()
        return (projector(a) + projector(b) - 2 * projector((a + b) / 2)).abs().max().item()

    assert bend(replace(EEG, faithful=True)) < 1e-5
    assert bend(EEG) > 1e-3


def test_start_values():
    encoder = Encoder(EncoderConfig(modality="eeg", n_chans=8, n_times=128, dim=64, n_prompts=2))
    for tensor in (encoder.embedding.transform1.weight, encoder.embedding.transform2.weight):
        assert tensor.std().item() == pytest.approx(0.02, rel=0.05)
    assert encoder.blocks[0].prompt.std().item() == pytest.approx(0.02, rel=0.3)
    assert (encoder.blocks[2].gamma_1 == 0.1).all()
    assert (encoder.embedding.transform1.bias == 0).all()
    assert (encoder.blocks[1].attn.q_bias == 0).all()


@pytest.mark.parametrize("shape", [(2, 3, 99), (2, 4, 100), (3, 100), (2, 1, 3, 100)])
def test_windows_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(batch, 3, 100\)"):
        Encoder(EEG)(torch.zeros(shape))
