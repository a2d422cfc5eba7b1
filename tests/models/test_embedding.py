"""The filter embeddings: what they see, what they forgive, and how small they are."""

from __future__ import annotations

import math

import pytest
import torch

from physiosync_models import EncoderConfig, compact, deap_paper
from physiosync_models import embedding as embeddings
from physiosync_models.embedding import (
    BandPowerEmbedding,
    FilterBank,
    LevelRhythmEmbedding,
    MultiViewEmbedding,
    SlowSpectrum,
    make_embedding,
)

SFREQ = 128


def seconds(n_times: int) -> torch.Tensor:
    return torch.arange(n_times) / SFREQ


def n_weights(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_filter_bank_same_as_a_literal_correlation():
    bank = FilterBank(3, 9, 4.0, 40.0)
    x = torch.randn(2, 3, 4, 30)
    expected = torch.empty(2, 3, 4, 22)
    for f in range(3):
        for t in range(22):
            expected[:, f, :, t] = x[:, f, :, t : t + 9] @ bank.weight[f]
    torch.testing.assert_close(bank(x), expected)


def test_filters_start_in_their_bands_without_an_answer_to_a_constant():
    bank = FilterBank(16, 65, 4.0, 45.0)
    response = torch.fft.rfft(bank.weight.detach(), n=1280).abs()
    peaks = response.argmax(1) * SFREQ / 1280
    centres = torch.logspace(math.log10(4), math.log10(45), 16)
    assert (peaks - centres).abs().max() < 0.6
    assert response[:, 0].max() < 1e-4
    torch.testing.assert_close(bank.weight.norm(dim=1), torch.ones(16))


def test_slow_spectrum_finds_the_rhythm_whatever_its_phase_and_level():
    spectrum = SlowSpectrum(640)
    assert spectrum.n_freqs == 20
    phases = torch.arange(8)[:, None]
    x = 7 + torch.cos(2 * math.pi * 1.2 * seconds(640) + phases)
    power = spectrum(x)
    assert (power.argmax(1) == 5).all()  # 1.2 Hz is six cycles in 5 s
    assert (power[:, 5] - math.log(0.25)).abs().max() < 0.01


def test_order_of_mixing_and_filtering_does_not_matter():
    embedding = BandPowerEmbedding(3, 8, 17, n_filters=2, n_components=2).eval()
    x = torch.randn(2, 3, 60)
    filtered = embedding.filters(x.unsqueeze(1).expand(-1, 2, -1, -1))  # (B, F, C, T')
    weight = embedding.spatial.weight.view(2, 2, 3)  # (F, S, C)
    bands = torch.einsum("fsc,bfct->bfst", weight, filtered).flatten(1, 2)
    thirds = bands[..., -42:].unflatten(-1, (3, 14))
    power = torch.log(thirds.square().mean(-1) + 1e-6)
    expected = embedding.project(embedding.bn(power).transpose(1, 2))
    torch.testing.assert_close(embedding(x), expected, rtol=1e-4, atol=1e-5)


def change(embedding, x, y):
    """Distance of two inputs' tokens relative to the size of the tokens."""
    with torch.no_grad():
        a, b = embedding(x), embedding(y)
    return ((a - b).norm() / a.norm()).item()


def settle(embedding: torch.nn.Module, x: torch.Tensor) -> None:
    """Let the running statistics become those of ``x``."""
    for module in embedding.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = 1.0
    with torch.no_grad():
        embedding.train()(x)
    embedding.eval()


@pytest.mark.parametrize("modality", ["eeg", "pps"])
def test_a_shift_of_the_window_changes_little(modality):
    n_chans = 8 if modality == "eeg" else 1
    config = EncoderConfig(
        modality=modality, n_chans=n_chans, n_times=640, dim=32, embedding="conv"
    )
    embedding = make_embedding(config)
    rhythms = torch.tensor([6.3, 10.0, 21.0]) if modality == "eeg" else torch.tensor([1.1, 2.2])
    phase = 6 * torch.rand(128, n_chans, len(rhythms), 1)
    amplitude = torch.rand(128, n_chans, len(rhythms), 1)
    waves = amplitude * torch.cos(2 * math.pi * rhythms[:, None] * seconds(660) + phase)
    signal = waves.sum(2) + 0.02 * torch.randn(128, n_chans, 660)
    settle(embedding, signal[..., :640])
    here, shifted = signal[..., :640], signal[..., 13:653]
    assert change(embedding, here, shifted) < 0.35 * change(embedding, here, here.roll(1, 0))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda t: 0.1 * torch.ones_like(t), id="level"),
        pytest.param(lambda t: 0.05 * (t - 2.5), id="slope"),
        pytest.param(lambda t: 0.1 * torch.exp(-(((t - 2.5) / 0.6) ** 2)), id="response"),
        pytest.param(lambda t: 0.2 * torch.cos(2 * math.pi * 1.2 * t), id="rhythm"),
        pytest.param(lambda t: 0.05 * torch.cos(2 * math.pi * 12 * t), id="power"),
    ],
)
def test_level_slope_response_rhythm_and_power_survive_in_pps(other):
    embedding = LevelRhythmEmbedding(1, 640, 32, 65)
    quiet = 0.05 * torch.randn(128, 1, 640)
    settle(embedding, quiet)
    with torch.no_grad():
        without = embedding(quiet[:64]).flatten(1)
        having = embedding(quiet[64:] + other(seconds(640))).flatten(1)
    direction = having[:32].mean(0) - without[:32].mean(0)
    assert (having[32:] @ direction).min() > (without[32:] @ direction).max()


def test_heart_rates_differ_in_rhythm_and_not_in_where_the_beats_fall():
    embedding = LevelRhythmEmbedding(1, 640, 32, 65).eval()
    t = seconds(640)

    def beats(rate: float, start: float) -> torch.Tensor:
        wrapped = (t - start + 1 / (2 * rate)) % (1 / rate) - 1 / (2 * rate)
        return torch.exp(-((wrapped / 0.02) ** 2))[None, None]

    with torch.no_grad():
        bands = embedding.filters(beats(1.2, 0.1).unsqueeze(1).expand(-1, 8, -1, -1))
        envelope = bands.square().mean(1)
        rhythm = embedding.rhythm(envelope / envelope.mean())
    peak = (rhythm.argmax() + 1) * SFREQ / (640 - 64)
    assert peak.item() == pytest.approx(1.2, abs=0.15)
    same = change(embedding, beats(1.2, 0.1), beats(1.2, 0.4))
    faster = change(embedding, beats(1.2, 0.1), beats(1.7, 0.1))
    assert same < 0.7 * faster


@pytest.mark.parametrize("modality", ["eeg", "pps"])
def test_a_flat_signal_stays_finite(modality):
    config = EncoderConfig(modality=modality, n_chans=2, n_times=128, dim=8, embedding="conv")
    embedding = make_embedding(config)
    x = torch.zeros(4, 2, 128)
    y = embedding(x)
    y.sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in embedding.parameters())


@pytest.mark.parametrize("name", ["eeg_1s", "pps_1s", "eeg_5s", "pps_5s"])
def test_at_full_width_weights_are_about_a_tenth_or_less(name):
    config = deap_paper().encoders[name]
    with torch.device("meta"):
        dense = MultiViewEmbedding(config.n_chans * config.n_times, config.dim)
    if config.modality == "eeg":
        filters = BandPowerEmbedding(config.n_chans, config.dim, 65)
    else:
        filters = LevelRhythmEmbedding(config.n_chans, config.n_times, config.dim, 65)
    assert n_weights(filters) < 0.11 * n_weights(dense)


def test_half_precision_under_autocast():
    embedding = make_embedding(compact(4, 1).eeg_5s)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert embedding(1e-3 * torch.randn(4, 4, 640)).isfinite().all()


@pytest.mark.parametrize("name", ["eeg_5s", "pps_5s"])
def test_where_only_shapes_are_asked_for_nothing_is_computed(name, monkeypatch):
    config = compact(4, 1).encoders[name]
    shapes = {key: value.shape for key, value in make_embedding(config).state_dict().items()}

    def compute(*_: object) -> torch.Tensor:
        raise AssertionError("arithmetic on no data")

    monkeypatch.setattr(embeddings, "_hann_cosines", compute)
    monkeypatch.setattr(embeddings, "_waves", compute)
    with torch.device("meta"):
        found = make_embedding(config)
    assert {key: value.shape for key, value in found.state_dict().items()} == shapes
    assert all(value.is_meta for value in (*found.parameters(), *found.buffers()))
