"""From a stream's channels to the bundle's: montage, then for EEG the common average reference."""

from __future__ import annotations

from dataclasses import dataclass

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.utils.small_product import small_product


def average_reference(samples: FloatArray) -> FloatArray:
    """Subtract the mean over channels from every sample, shape (n_times, n_channels)."""
    out: FloatArray = samples - samples.mean(axis=1, keepdims=True)
    return out


@dataclass(frozen=True, slots=True)
class SpatialFilter:
    """Linear map over channels that makes the bundle's channels from the stream's.

    Attributes
    ----------
    matrix : array, shape (n_wanted, n_stream)
        Montage of EEG, or the selection of peripheral channels.
    referenced : bool
        Whether the common average reference follows.
    """

    matrix: FloatArray
    referenced: bool

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Map samples of shape (n_times, n_stream) to (n_times, n_wanted)."""
        mapped = small_product(samples, self.matrix.T)
        return average_reference(mapped) if self.referenced else mapped
