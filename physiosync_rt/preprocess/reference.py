"""Common average reference."""

from __future__ import annotations

from physiosync_rt.datatypes import FloatArray


class AverageReference:
    """Subtract the mean over channels from every sample."""

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Reference samples of shape (n_times, n_channels)."""
        out: FloatArray = samples - samples.mean(axis=1, keepdims=True)
        return out

    def reset(self) -> None:
        """Nothing is kept."""
