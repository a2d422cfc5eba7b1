"""Slow features of one modality: what they are called, and what is known of them at present."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, Features, FloatArray, HeartSecond, Modality
from physiosync_rt.features import heart_rate, skin_conductance
from physiosync_rt.features.band_power import band_names, log_band_power
from physiosync_rt.features.heart_rate import HeartMemory
from physiosync_rt.features.skin_conductance import SkinMemory
from physiosync_rt.preprocess.baseline import ChannelBaseline
from physiosync_rt.preprocess.config import ModalityContract

Memory = HeartMemory | SkinMemory


def feature_names(contract: ModalityContract) -> tuple[str, ...]:
    """Names of a modality's features, in order.

    Skin conductance of several channels has each feature once per channel, named after it.
    """
    if contract.modality is Modality.EEG:
        return band_names(contract.ch_names)
    if contract.modality is Modality.ECG:
        return heart_rate.NAMES
    if contract.n_chans == 1:
        return skin_conductance.NAMES
    return tuple(f"{name} {ch}" for name in skin_conductance.NAMES for ch in contract.ch_names)


class FeatureTracker:
    """Follow the features of one modality through a run, and through its rest.

    The rest has a memory of its own, which begins with it: its values are made of the rest alone.

    Parameters
    ----------
    contract : ModalityContract

    Attributes
    ----------
    names : tuple of str
    """

    def __init__(self, contract: ModalityContract) -> None:
        self.names = feature_names(contract)
        self._memory = _memory(contract)
        self._rest_memory = _memory(contract)
        self._rest_from = 0
        self._of_window: tuple[FloatArray | None, FloatArray] = (None, np.empty(0))
        self._of_rest: tuple[ChannelBaseline | None, FloatArray] = (None, np.empty(0))

    def forget(self) -> None:
        """End the memory: there is a gap."""
        for memory in filter(None, (self._memory, self._rest_memory)):
            memory.forget()

    def begin_rest(self, second: int) -> None:
        """Begin a rest with this second, counted from the anchor."""
        self._rest_from = second
        if self._rest_memory is not None:
            self._rest_memory.forget()

    def take_second(
        self, index: int, rows: FloatArray, *, usable: bool, heart: HeartSecond | None
    ) -> None:
        """Take the next whole second of a peripheral signal, of which no row is missing.

        Parameters
        ----------
        index : int
            Its number from the anchor.
        rows : array, shape (128, n_channels)
            The bundle's channels after the stages, not yet scaled by rest.
        usable : bool
            Whether filters have settled, enough was measured and the quality suffices.
        heart : HeartSecond or None
            For ECG.
        """
        for memory, first in ((self._memory, 0), (self._rest_memory, self._rest_from)):
            if index < first:
                continue
            if isinstance(memory, SkinMemory):
                memory.take(rows, usable=usable)
            elif memory is not None and heart is not None:
                memory.take(heart, index * GRID_SFREQ)

    def now(self, window: FloatArray | None, baseline: ChannelBaseline | None) -> Features:
        """Return what is known now.

        Parameters
        ----------
        window : array, shape (n_times, n_channels), or None
            For EEG: the rows of the window, scaled by nothing; None where some are missing.
        baseline : ChannelBaseline or None
        """
        values, seconds = self._values(self._memory, window)
        return Features(self.names, values, self._rest(baseline), seconds)

    def at_rest(self, window: FloatArray | None, stop: int) -> FloatArray:
        """Return what is known of the rest at the end of one of its seconds, shape (n_names,).

        Parameters
        ----------
        window : array, shape (n_times, n_channels), or None
            As in `now`; it is of the rest only if all of it is.
        stop : int
            Grid index after the last row.
        """
        if window is not None and stop - len(window) < self._rest_from * GRID_SFREQ:
            window = None
        return self._values(self._rest_memory, window)[0]

    def note(self, baseline: ChannelBaseline, origin: str) -> str:
        """Say which features a baseline does not have at rest; empty when it has all.

        Parameters
        ----------
        baseline : ChannelBaseline
        origin : str
            Where it comes from.
        """
        rest = baseline.features_at_rest(self.names)
        missing = [name for name, value in zip(self.names, rest, strict=True) if np.isnan(value)]
        if not missing:
            return ""
        said = " and ".join(filter(None, [", ".join(missing[:-1]), missing[-1]]))
        if self._memory is None:
            said = "band powers" if missing == list(self.names) else f"power of {said}"
        is_old = "is of an older form and " if baseline.features is None else ""
        return (
            f"the baseline {origin} {is_old}holds no resting {said}, so the change from rest is "
            "not known; capture a new one with --baseline SECONDS"
        )

    def _values(self, memory: Memory | None, window: FloatArray | None) -> tuple[FloatArray, float]:
        """Values, NaN where not known, and the seconds that they rest on."""
        if memory is not None:
            return memory.values().ravel(), memory.seconds
        if window is None:
            return np.full(len(self.names), np.nan), 0.0
        if self._of_window[0] is not window:
            # A row and the rest that is being captured ask for the same window.
            self._of_window = window, log_band_power(window).ravel()
        return self._of_window[1], len(window) / GRID_SFREQ

    def _rest(self, baseline: ChannelBaseline | None) -> FloatArray:
        """Values at rest, looked up once for each baseline."""
        if baseline is None:
            return np.full(len(self.names), np.nan)
        if self._of_rest[0] is not baseline:
            self._of_rest = baseline, baseline.features_at_rest(self.names)
        return self._of_rest[1]


def _memory(contract: ModalityContract) -> Memory | None:
    """Make the memory of a peripheral signal; EEG's is the window."""
    if contract.modality is Modality.EEG:
        return None
    return HeartMemory() if contract.modality is Modality.ECG else SkinMemory(contract.n_chans)
