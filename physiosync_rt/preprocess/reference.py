"""Common average reference."""

from __future__ import annotations

from physiosync_rt.datatypes import FloatArray


def average_reference(samples: FloatArray) -> FloatArray:
    """Subtract the mean over channels from every sample, shape (n_times, n_channels)."""
    out: FloatArray = samples - samples.mean(axis=1, keepdims=True)
    return out
