"""One modality from the grid to the network's window: stages, quality, baseline, ring."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from physiosync_rt.buffer import RingBuffer
from physiosync_rt.datatypes import (
    GRID_SFREQ,
    FloatArray,
    GridChunk,
    Modality,
    ModalityState,
    Reason,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.baseline import BaselineCapture, ChannelBaseline
from physiosync_rt.preprocess.config import (
    EcgStages,
    EegStages,
    GsrStages,
    LiveProfile,
    ModalityContract,
)
from physiosync_rt.preprocess.filters import LogLevel, SosFilter
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.normalize import normalize
from physiosync_rt.preprocess.quality import QUALITY
from physiosync_rt.preprocess.reference import AverageReference
from physiosync_rt.preprocess.window import to_model

THERE, USABLE, PRESENT = 0, 1, 2
"""Columns of the mask ring: row exists · past the filters' warm-up · not bridged."""

SCALE_FLOOR = 1e-3


class Stage(Protocol):
    """Frozen settings, a state, and the same output however the signal is cut."""

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Process the next samples, shape (n_times, n_channels)."""
        ...

    def reset(self) -> None:
        """Forget the past (after a gap)."""
        ...


def _stages(modality: Modality, profile: LiveProfile) -> list[Stage]:
    """Causal stages after the channels have been picked."""
    if modality is Modality.EEG:
        eeg = profile.eeg
        return [SosFilter(eeg.order, (eeg.l_freq, eeg.h_freq), "bandpass"), AverageReference()]
    if modality is Modality.GSR:
        gsr = profile.gsr
        return [LogLevel(gsr.floor), SosFilter(gsr.order, gsr.h_freq, "lowpass")]
    ecg = profile.ecg
    return [SosFilter(ecg.order, (ecg.l_freq, ecg.h_freq), "bandpass")]


def pick_channels(spec: StreamSpec, contract: ModalityContract) -> FloatArray:
    """Selection matrix (n_wanted, n_stream) for a peripheral stream.

    Channels are taken by name where the names agree, else the first ones in order.

    Raises
    ------
    UserError
        The stream has fewer channels than the bundle wants.
    """
    if spec.n_chans < contract.n_chans:
        raise UserError(
            f"stream {spec.name!r} has {spec.n_chans} {spec.modality} channel(s), the bundle "
            f"wants {contract.n_chans}; choose another stream with --pps"
        )
    at = {name: i for i, name in enumerate(spec.ch_names)}
    by_name = all(name in at for name in contract.ch_names)
    matrix = np.zeros((contract.n_chans, spec.n_chans))
    for row, name in enumerate(contract.ch_names):
        matrix[row, at[name] if by_name else row] = 1.0
    return matrix


@dataclass(frozen=True, slots=True)
class Second:
    """What one whole second of the grid showed; ``quality`` per channel of the stream."""

    index: int
    quality: FloatArray


class ModalityChain:
    """Everything between the grid and the window for one modality.

    Parameters
    ----------
    spec : StreamSpec
    contract : ModalityContract
    profile : LiveProfile
    montage : Montage or None
        For EEG; peripheral channels are picked by `pick_channels`.

    Attributes
    ----------
    baseline : ChannelBaseline or None
        Rest to normalise with; set from outside or by `capture`.
    """

    def __init__(
        self,
        spec: StreamSpec,
        contract: ModalityContract,
        profile: LiveProfile,
        montage: Montage | None = None,
    ) -> None:
        self.spec = spec
        self.contract = contract
        self.montage = montage
        self.baseline: ChannelBaseline | None = None
        self.capture: BaselineCapture | None = None
        self._profile = profile
        settings: dict[Modality, EegStages | GsrStages | EcgStages] = {
            Modality.EEG: profile.eeg,
            Modality.GSR: profile.gsr,
            Modality.ECG: profile.ecg,
        }
        self._settings = settings[contract.modality]
        self._matrix = montage.matrix if montage else pick_channels(spec, contract)
        self._stages = _stages(contract.modality, profile)
        self._warmup = round(self._settings.warmup_s * GRID_SFREQ)
        self._n_window = round(profile.window_s * GRID_SFREQ)
        capacity = self._n_window + 2 * GRID_SFREQ
        self._raw = RingBuffer(capacity, spec.n_chans)
        self._ring = RingBuffer(capacity, contract.n_chans)
        self._mask = RingBuffer(capacity, 3, dtype=np.bool_, fill=False)
        self._first: int | None = None
        self._since_reset = 0
        self._broken = False
        self._contiguous = False
        self._next_second = 0
        self._seconds: deque[Second] = deque(maxlen=round(profile.window_s))

    @property
    def stop(self) -> int:
        """Grid index after the newest row."""
        return self._ring.stop

    @property
    def channel_quality(self) -> tuple[float, ...]:
        """Quality of the bundle's channels in the newest whole second; empty before the first."""
        if not self._seconds:
            return ()
        quality = self._seconds[-1].quality
        spread = self.montage.spread(quality) if self.montage else self._matrix @ quality
        return tuple(spread.tolist())

    def push(self, chunk: GridChunk) -> None:
        """Take the next rows of the grid; a jump in ``start`` is a gap and resets the stages."""
        at = 0
        while at < len(chunk):
            # Whole seconds are judged as soon as they are over, whatever the chunk's length.
            n = min(len(chunk) - at, GRID_SFREQ - (chunk.start + at) % GRID_SFREQ)
            self._push_piece(
                chunk.start + at, chunk.samples[at : at + n], chunk.present[at : at + n]
            )
            at += n

    def skip_to(self, index: int) -> None:
        """Rows before ``index`` will not come."""
        self._contiguous &= self._ring.stop >= index
        while self._ring.stop < index:
            stop = min(index, (self._ring.stop // GRID_SFREQ + 1) * GRID_SFREQ)
            for ring in (self._raw, self._ring, self._mask):
                ring.skip_to(stop)
            self._judge_seconds()

    def _push_piece(
        self, start: int, samples: FloatArray, present: np.ndarray[tuple[int], np.dtype[np.bool_]]
    ) -> None:
        if start != self._ring.stop or not self._contiguous:
            self._restart(start)
        picked = samples @ self._matrix.T
        for stage in self._stages:
            picked = stage(picked)
        mask = np.empty((len(samples), 3), dtype=np.bool_)
        mask[:, THERE] = True
        mask[:, USABLE] = self._since_reset + np.arange(len(samples)) >= self._warmup
        mask[:, PRESENT] = present
        self._since_reset += len(samples)
        self._raw.write(samples)
        self._ring.write(picked)
        self._mask.write(mask)
        self._judge_seconds()

    def _restart(self, start: int) -> None:
        for stage in self._stages:
            stage.reset()
        self._since_reset = 0
        if self._first is None:
            self._first = start
        else:
            self._broken = True
        self.skip_to(start)
        self._contiguous = True

    def _judge_seconds(self) -> None:
        """Quality and rest of every whole second that has just been completed."""
        while (self._next_second + 1) * GRID_SFREQ <= self._ring.stop:
            start = self._next_second * GRID_SFREQ
            stop = start + GRID_SFREQ
            mask = self._mask.view(start, stop)
            if mask[:, THERE].all():
                quality = QUALITY[self.contract.modality](self._raw.view(start, stop))
            else:
                quality = np.zeros(self.spec.n_chans)
            self._seconds.append(Second(self._next_second, quality))
            if self.capture is not None:
                statistics = self._statistics(start, stop) if mask[:, USABLE].all() else None
                done = self.capture.take(self._next_second, statistics)
                if done is not None:
                    self.baseline, self.capture = done, None
            self._next_second += 1

    def _statistics(self, start: int, stop: int) -> tuple[FloatArray, FloatArray]:
        """Location and scale of one second, per channel of the bundle."""
        x = self._ring.view(start, stop)
        modality = self.contract.modality
        if modality is Modality.GSR:
            return x.mean(axis=0), np.full(x.shape[1], self._profile.gsr.scale)
        location = x.mean(axis=0) if modality is Modality.ECG else np.zeros(x.shape[1])
        scale = np.sqrt(((x - location) ** 2).mean(axis=0))
        return location, np.maximum(scale, SCALE_FLOOR)

    def window(self, stop: int) -> ModalityState:
        """The window that ends at grid index ``stop``, or why there is none.

        Raises
        ------
        ValueError
            ``stop`` is not the newest row: windows are asked for in order.
        """
        if stop != self._ring.stop:
            raise ValueError(f"window asked at row {stop}, the ring stands at {self._ring.stop}")
        start = stop - self._n_window
        mask = self._mask.view(start, stop)
        completeness = float((mask[:, THERE] & mask[:, PRESENT]).mean())
        quality = self._quality(stop)
        reason = self._reason(start, mask, quality)
        data = None
        if reason is Reason.NONE and self.baseline is not None:
            rows = self._ring.view(start, stop)
            data = to_model(normalize(rows, self.baseline, self._settings.clip))
        return ModalityState(data, reason, completeness, quality)

    def _quality(self, stop: int) -> float:
        """Mean over the window's whole seconds and the channels that are used."""
        last = stop // GRID_SFREQ
        window = round(self._profile.window_s)
        seconds = [s.quality for s in self._seconds if last - window <= s.index < last]
        if not seconds:
            return 0.0
        used = self.montage.used if self.montage else self._matrix.any(axis=0)
        return float(np.mean([q[used].mean() for q in seconds]))

    def _reason(
        self, start: int, mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]], quality: float
    ) -> Reason:
        if self._first is None:
            return Reason.GAP
        first_usable = self._first + self._warmup
        missing = ~mask[:, USABLE]
        if missing.any():
            young = start + int(np.flatnonzero(missing)[-1]) < first_usable
            return Reason.WARMING_UP if young and not self._broken else Reason.GAP
        if quality < self._profile.min_quality:
            return Reason.LOW_QUALITY
        return Reason.NONE if self.baseline is not None else Reason.NO_BASELINE

    def trace(self, seconds: float) -> tuple[FloatArray, FloatArray]:
        """Times (s from the anchor) and samples (n_times, n_channels) of the newest rows.

        Rows that are missing are NaN, so that a plot shows the hole.
        """
        n = min(round(seconds * GRID_SFREQ), self._ring.capacity)
        stop = self._ring.stop
        rows = self._ring.view(stop - n, stop).copy()
        rows[~self._mask.view(stop - n, stop)[:, THERE]] = np.nan
        if self.contract.modality is Modality.GSR:
            rows = np.exp(rows)
        return np.arange(stop - n, stop) / GRID_SFREQ, rows
