"""Embed windows as view tokens: the paper's dense embedding and two filter embeddings.

Every embedding maps windows (batch, n_chans, n_times) to tokens (batch, 3, dim). The views of
`MultiViewEmbedding` are one projection of all samples with three gates. Those of the filter
embeddings are the thirds of the window in time order.

On the meta device, where only shapes are asked for, nothing is computed: arithmetic there loads
torch's compiler, which takes three seconds.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import N_VIEWS, SFREQ, EncoderConfig
from physiosync_models.layers import init_truncated

_POWER_FLOOR = 1e-6
"""Added to a power before its logarithm, so that a flat signal stays finite; 60 dB below the
normalized signals."""

_RHYTHM_MAX = 4.0
"""Highest frequency of `SlowSpectrum` in Hz: a heart rate of 240 beats per minute."""


def make_embedding(config: EncoderConfig) -> nn.Module:
    """Create the embedding of a configuration."""
    if config.embedding == "paper":
        return MultiViewEmbedding(config.n_chans * config.n_times, config.dim)
    if config.modality == "eeg":
        return BandPowerEmbedding(config.n_chans, config.dim, config.kernel)
    return LevelRhythmEmbedding(config.n_chans, config.n_times, config.dim, config.kernel)


class MultiViewEmbedding(nn.Module):
    """The paper's embedding: a projection of all samples with three gates.

    Parameters
    ----------
    n_inputs : int
        Channels times samples.
    dim : int
    """

    def __init__(self, n_inputs: int, dim: int) -> None:
        super().__init__()
        self.transform1 = nn.Linear(n_inputs, dim)
        self.transform2 = nn.Linear(n_inputs, N_VIEWS * dim)
        self.bn = nn.BatchNorm1d(dim)
        for linear in (self.transform1, self.transform2):
            init_truncated(linear.weight)
            nn.init.zeros_(linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Embed windows, shape (batch, n_chans, n_times), as tokens, shape (batch, 3, dim)."""
        x = x.flatten(1)  # (B, C*T)
        gates = torch.sigmoid(torch.unflatten(self.transform2(x), 1, (N_VIEWS, -1)))
        views = self.transform1(x).unsqueeze(1) * gates  # (B, 3, D)
        # Batch norm statistics per feature, over batch and views.
        normed: Tensor = self.bn(views.transpose(1, 2))  # (B, D, 3)
        return normed.transpose(1, 2)


def _hann_cosines(n_filters: int, kernel: int, f_min: float, f_max: float) -> Tensor:
    """Return the initial filters of `FilterBank`, shape (n_filters, kernel)."""
    times = (torch.arange(kernel) - (kernel - 1) / 2) / SFREQ
    freqs = torch.logspace(math.log10(f_min), math.log10(f_max), n_filters)
    shape = torch.hann_window(kernel + 2, periodic=False)[1:-1]
    waves = shape * torch.cos(2 * math.pi * freqs[:, None] * times)
    waves = waves - shape * (waves.sum(1, keepdim=True) / shape.sum())
    unit: Tensor = waves / waves.norm(dim=1, keepdim=True)
    return unit


class FilterBank(nn.Module):
    """Learned temporal filters, shared by all signals, with valid convolution (no padding).

    They are initialized as Hann-windowed cosines with unit energy and zero mean, at
    logarithmically spaced frequencies.

    Parameters
    ----------
    n_filters, kernel : int
        Number of filters and their length in samples.
    f_min, f_max : float
        Lowest and highest initial center frequency in Hz.
    """

    def __init__(self, n_filters: int, kernel: int, f_min: float, f_max: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_filters, kernel))  # (F, K)
        if not self.weight.is_meta:
            self.weight.data.copy_(_hann_cosines(n_filters, kernel, f_min, f_max))

    def forward(self, x: Tensor) -> Tensor:
        """Apply each filter to its signals.

        Parameters
        ----------
        x : Tensor, shape (batch, n_filters, n_signals, n_times)
            Filter ``f`` is applied to signal ``[:, f, s]``.

        Returns
        -------
        Tensor, shape (batch, n_filters, n_signals, n_times - kernel + 1)
        """
        n_signals = x.shape[2]
        kernels = self.weight.repeat_interleave(n_signals, 0)[:, None, None]  # (F*S, 1, 1, K)
        # A 2-D convolution of height one is several times faster on a CPU than conv1d here.
        filtered = F.conv2d(x.flatten(1, 2).unsqueeze(2), kernels, groups=len(kernels))
        return torch.unflatten(filtered.squeeze(2), 1, (-1, n_signals))


def _waves(n_freqs: int, n_times: int) -> Tensor:
    """Return cosines and sines of whole cycles under a window, shape (n_times, 2 * n_freqs)."""
    hann = torch.hann_window(n_times, periodic=False)
    cycles = torch.arange(1, n_freqs + 1)[:, None]
    phase = 2 * math.pi * cycles * torch.arange(n_times) / n_times
    return (torch.cat((phase.cos(), phase.sin())) * hann / hann.sum()).T


class SlowSpectrum(nn.Module):
    """Log power spectrum at whole cycles per window, up to 4 Hz, with a Hann window.

    Parameters
    ----------
    n_times : int
        Number of samples of the window at 128 Hz.
    """

    basis: Tensor

    def __init__(self, n_times: int) -> None:
        super().__init__()
        self.n_freqs = max(1, int(_RHYTHM_MAX * n_times / SFREQ))
        basis = torch.empty(n_times, 2 * self.n_freqs)
        if not basis.is_meta:
            basis = _waves(self.n_freqs, n_times)
        self.register_buffer("basis", basis, persistent=False)  # (T, 2*n_freqs)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the log power, shape (..., n_freqs), of signals, shape (..., n_times)."""
        x = x - x.mean(-1, keepdim=True)
        waves = torch.unflatten(x @ self.basis, -1, (2, self.n_freqs))
        return torch.log(waves.square().sum(-2) + _POWER_FLOOR)


def _thirds(x: Tensor) -> Tensor:
    """Split the newest samples (..., n_times) into three equal parts, (..., 3, length)."""
    length = x.shape[-1] // N_VIEWS
    return torch.unflatten(x[..., -N_VIEWS * length :], -1, (N_VIEWS, length))


def _log_power(x: Tensor) -> Tensor:
    """Return the logarithm of the mean square over the last axis."""
    return torch.log(_widened(x).square().mean(-1) + _POWER_FLOOR)


def _widened(x: Tensor) -> Tensor:
    """Convert to at least single precision, because squares underflow in half precision."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _ramp(x: Tensor) -> Tensor:
    """Return a linear ramp over the last axis of ``x``, with mean 0 and mean square 1."""
    n_times = x.shape[-1]
    line = torch.arange(n_times, device=x.device, dtype=x.dtype) - (n_times - 1) / 2
    return line / line.square().mean().sqrt()


class BandPowerEmbedding(nn.Module):
    """Embedding for EEG: band power of spatial components, one token per third of the window.

    Filtering and spatial mixing are both linear, so mixing first is equivalent and cheaper. The
    logarithm turns amplitude into an offset, and a time shift of the window changes little.

    Parameters
    ----------
    n_chans, dim, kernel : int
    n_filters, n_components : int
        Number of temporal filters, and of spatial components per filter.
    """

    def __init__(
        self,
        n_chans: int,
        dim: int,
        kernel: int,
        n_filters: int = 16,
        n_components: int = 4,
    ) -> None:
        super().__init__()
        self.n_filters = n_filters
        self.spatial = nn.Conv1d(n_chans, n_filters * n_components, 1, bias=False)
        self.filters = FilterBank(n_filters, kernel, f_min=4.0, f_max=45.0)
        self.bn = nn.BatchNorm1d(n_filters * n_components)
        self.project = nn.Linear(n_filters * n_components, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Embed windows, shape (batch, n_chans, n_times), as tokens, shape (batch, 3, dim)."""
        mixed = torch.unflatten(self.spatial(x), 1, (self.n_filters, -1))  # (B, F, S, T)
        bands = self.filters(mixed).flatten(1, 2)  # (B, F*S, T')
        power = self.bn(_log_power(_thirds(bands)))  # (B, F*S, 3)
        tokens: Tensor = self.project(power.transpose(1, 2))  # (B, 3, D)
        return tokens


class LevelRhythmEmbedding(nn.Module):
    """Embedding for GSR and ECG: level, slope, band power and rhythm of every channel.

    Each third of the window gives a token from its mean level, its slope and its band power.
    Features of the whole window are added to all three: the slow spectrum of the signal, and the
    spectrum of each band's envelope (the rate of beats or responses), both up to 4 Hz and without
    phase, so that the position of a beat in the window does not matter. Level and slope are
    computed before the trend is removed for the other features.

    Parameters
    ----------
    n_chans, n_times, dim, kernel : int
    n_filters : int
    """

    def __init__(
        self, n_chans: int, n_times: int, dim: int, kernel: int, n_filters: int = 8
    ) -> None:
        super().__init__()
        self.filters = FilterBank(n_filters, kernel, f_min=3.0, f_max=40.0)
        self.spectrum = SlowSpectrum(n_times)
        self.rhythm = SlowSpectrum(n_times - kernel + 1)
        n_local = n_chans * (2 + n_filters)
        n_global = n_chans * (self.spectrum.n_freqs + n_filters * self.rhythm.n_freqs)
        self.bn_local = nn.BatchNorm1d(n_local)
        self.bn_global = nn.BatchNorm1d(n_global)
        self.local = nn.Linear(n_local, dim)
        self.whole = nn.Linear(n_global, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Embed windows, shape (batch, n_chans, n_times), as tokens, shape (batch, 3, dim)."""
        thirds = _thirds(x)  # (B, C, 3, T/3)
        level, slope = thirds.mean(-1), (thirds * _ramp(thirds)).mean(-1)  # (B, C, 3)
        ramp = _ramp(x)
        flat = x - x.mean(-1, keepdim=True)
        flat = flat - (flat * ramp).mean(-1, keepdim=True) * ramp  # (B, C, T)

        n_filters = len(self.filters.weight)
        bands = self.filters(flat.unsqueeze(1).expand(-1, n_filters, -1, -1))  # (B, F, C, T')
        power = _log_power(_thirds(bands)).flatten(1, 2)  # (B, F*C, 3)
        local = self.bn_local(torch.cat((level, slope, power), 1))  # (B, L, 3)

        envelope = _widened(bands).square()
        envelope = envelope / (envelope.mean(-1, keepdim=True) + _POWER_FLOOR)
        whole = torch.cat((self.spectrum(flat).flatten(1), self.rhythm(envelope).flatten(1)), 1)
        whole = self.whole(self.bn_global(whole)).unsqueeze(1)  # (B, 1, D)
        tokens: Tensor = self.local(local.transpose(1, 2)) + whole  # (B, 3, D)
        return tokens
