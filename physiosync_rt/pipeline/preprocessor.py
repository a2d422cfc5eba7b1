"""One stream's grid, preprocessed continuously: filters, warm-up, bad channels, judged seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    BoolArray,
    FloatArray,
    GridChunk,
    HeartSecond,
    HeartState,
    Modality,
    StreamSpec,
)
from physiosync_rt.preprocess.bad_channels import N_NEIGHBOURS, BadChannelDetector
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, Profile
from physiosync_rt.preprocess.electrode_states import Electrode
from physiosync_rt.preprocess.heartbeat import HeartbeatDetector
from physiosync_rt.preprocess.montage import Montage, pick_channels
from physiosync_rt.preprocess.quality import MIN_COMPLETENESS, judge_of
from physiosync_rt.preprocess.reference import SpatialFilter
from physiosync_rt.preprocess.stages import make_stages
from physiosync_rt.utils.ring_buffer import RingBuffer

AVAILABLE, SETTLED, MEASURED = 0, 1, 2
"""Columns of a mask: the row exists · the filters have settled · the row is not interpolated."""

N_MASKS = 3


@dataclass(frozen=True, slots=True)
class Second:
    """What one whole second of the grid showed.

    Attributes
    ----------
    index : int
        Number of the second from the anchor.
    quality : array, shape (n_stream,)
        In [0, 1]; 0 where rows are missing.
    mean_quality : float
        Over the channels that the bundle's are made from.
    usable : bool
        Whether all filters have settled, enough was measured and the quality suffices; of an ECG,
        whether its heart is not absent.
    spatial : SpatialFilter
        From the stream's channels to the bundle's, as it holds from the end of this second on.
    too_few : bool
        Whether too few good electrodes are left to make the bundle's.
    bad : bool array, shape (n_stream,)
        Channels that ``spatial`` does without because they are bad at present.
    heart : HeartSecond or None
        For ECG in profile ``live``: the beats, and whether a heart is seen.
    complete : bool
        Whether no row is missing.
    """

    index: int
    quality: FloatArray
    mean_quality: float
    usable: bool
    spatial: SpatialFilter
    too_few: bool
    bad: BoolArray
    heart: HeartSecond | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """Consecutive rows of the grid after the stages; they follow each other without a hole.

    Attributes
    ----------
    start : int
        Grid index of the first row.
    samples : array, shape (n_times, n_stream)
        The stream's own channels, 0 where a row is missing.
    mask : bool array, shape (n_times, 3)
        Columns `AVAILABLE`, `SETTLED` and `MEASURED`.
    second : Second or None
        The whole second that these rows complete, if they do.
    warm_up_end : int or None
        Grid index at which the first warm-up ends; None before the stream's first row and once
        the stream was interrupted.
    """

    start: int
    samples: FloatArray
    mask: BoolArray
    second: Second | None
    warm_up_end: int | None

    @property
    def stop(self) -> int:
        """Grid index after the last row."""
        return self.start + len(self.samples)


class Preprocessor:
    """Preprocess the grid of one stream, gaps included, whatever the length of its chunks.

    Parameters
    ----------
    spec : StreamSpec
    contract : ModalityContract
    profile : Profile
    montage : Montage or None
        For EEG; peripheral channels are picked by `pick_channels`.

    Attributes
    ----------
    used : bool array, shape (n_stream,)
        Channels of the stream that the bundle's are made from.
    spatial : SpatialFilter
        From the stream's channels to the bundle's, without those that are bad at present.
    bad_channels : BadChannelDetector or None
        For EEG: which electrodes are bad at present.

    Notes
    -----
    The stages filter the stream's own channels; montage and reference (`SpatialFilter`) are
    applied to the rows that are read. Both are linear, so the order makes no difference to the
    signal, but bad electrodes can leave and come back without ringing in the filters, and a
    window is made with one montage from its first sample to its last.
    """

    def __init__(
        self,
        spec: StreamSpec,
        contract: ModalityContract,
        profile: Profile,
        montage: Montage | None = None,
    ) -> None:
        is_eeg = contract.modality is Modality.EEG
        matrix = montage.matrix if montage else pick_channels(spec, contract)
        self.spatial = SpatialFilter(matrix, referenced=is_eeg)
        self.used: BoolArray = montage.used if montage else matrix.sum(axis=0) > 0
        self.bad_channels = (
            BadChannelDetector(spec.ch_names, montage, exclude=profile.min_quality > 0)
            if montage
            else None
        )
        self._montage = montage
        self._no_channel: BoolArray = np.zeros(spec.n_chans, dtype=np.bool_)
        self._min_quality = profile.min_quality
        self._min_completeness = MIN_COMPLETENESS[contract.modality]
        self._judge_second = judge_of(contract.modality, spec.n_chans)
        # Profile `paper` stays as it was released, which asked of an ECG that it was there.
        has_heart = contract.modality is Modality.ECG and isinstance(profile, LiveProfile)
        self._heartbeat = HeartbeatDetector(int(self.used.sum())) if has_heart else None
        stages = make_stages(contract.modality, profile)
        self._stages = stages.in_order
        self._warmup = round(stages.warmup_s * GRID_SFREQ)
        # Only what judging a second looks back on: itself, and its neighbours for comparison.
        self._raw = RingBuffer(GRID_SFREQ, spec.n_chans)
        self._filtered = RingBuffer(N_NEIGHBOURS, spec.n_chans)
        self._mask = RingBuffer(N_NEIGHBOURS, N_MASKS, dtype=np.bool_, fill=False)
        self._started = False
        self._settled_from = 0
        self._warm_up_end: int | None = None
        self._contiguous = False
        self._newest: Second | None = None

    @property
    def stop(self) -> int:
        """Grid index after the newest row."""
        return self._mask.stop

    @property
    def channel_quality(self) -> tuple[float, ...]:
        """Quality of the bundle's channels in the newest whole second; empty before the first."""
        if self._newest is None:
            return ()
        quality = self._newest.quality
        # Without a montage, the map is a selection that never changes.
        spread = self._montage.spread(quality) if self._montage else self.spatial.matrix @ quality
        return tuple(spread.tolist())

    @property
    def electrodes(self) -> tuple[Electrode, ...]:
        """What the bundle's electrodes are made of at present; empty for a peripheral stream."""
        if self.bad_channels is None:
            return ()
        return self.bad_channels.electrodes(seen=self._newest is not None and self._newest.complete)

    @property
    def beats(self) -> tuple[float, ...]:
        """Grid indices of the newest heartbeats; empty unless a heart is seen."""
        return () if self._heartbeat is None else tuple(self._heartbeat.recent)

    def push(self, chunk: GridChunk) -> list[Preprocessed]:
        """Process the next rows of the grid; a jump in ``start`` is a gap and resets the stages."""
        if len(chunk) == 0:
            return []
        rows = []
        if chunk.start != self.stop or not self._contiguous:
            rows = self._restart(chunk.start)
        for start, stop in _by_second(chunk.start, chunk.stop):
            part = slice(start - chunk.start, stop - chunk.start)
            rows.append(self._process(chunk.samples[part], chunk.present[part]))
        return rows

    def skip_to(self, index: int) -> list[Preprocessed]:
        """Rows before ``index`` will not come."""
        self._contiguous &= self.stop >= index
        return [self._append_missing(stop - start) for start, stop in _by_second(self.stop, index)]

    def _restart(self, start: int) -> list[Preprocessed]:
        """Begin after a gap, or for the first time; return the rows of the gap."""
        for stage in self._stages:
            stage.reset()
        self._settled_from = start + self._warmup
        self._warm_up_end = None if self._started else self._settled_from
        self._started = True
        gap = self.skip_to(start)
        self._contiguous = True
        return gap

    def _process(self, samples: FloatArray, present: BoolArray) -> Preprocessed:
        filtered = samples
        for stage in self._stages:
            filtered = stage(filtered)
        mask = np.empty((len(samples), N_MASKS), dtype=np.bool_)
        mask[:, AVAILABLE] = True
        mask[:, SETTLED] = np.arange(self.stop, self.stop + len(samples)) >= self._settled_from
        mask[:, MEASURED] = present
        return self._append(samples, filtered, mask)

    def _append_missing(self, n: int) -> Preprocessed:
        nothing = np.zeros((n, len(self.used)))
        return self._append(nothing, nothing, np.zeros((n, N_MASKS), dtype=np.bool_))

    def _append(self, raw: FloatArray, filtered: FloatArray, mask: BoolArray) -> Preprocessed:
        start = self.stop
        self._raw.write(raw)
        self._filtered.write(filtered)
        self._mask.write(mask)
        second = None
        if self.stop % GRID_SFREQ == 0:
            second = self._newest = self._complete_second()
        return Preprocessed(start, filtered, mask, second, self._warm_up_end)

    def _complete_second(self) -> Second:
        """Judge the whole second that has just been completed."""
        start = self.stop - GRID_SFREQ
        mask = self._mask.view(start, self.stop)
        complete = bool(mask[:, AVAILABLE].all())
        quality = self._judge(start) if complete else np.zeros(len(self.used))
        mean_quality = float(quality[self.used].mean())
        measured = mask[:, MEASURED].mean() >= self._min_completeness
        heart = self._find_beats(start, complete)
        good = mean_quality >= self._min_quality
        if heart is not None and self._min_quality > 0:
            good &= heart.state is not HeartState.ABSENT
        return Second(
            index=start // GRID_SFREQ,
            quality=quality,
            mean_quality=mean_quality,
            usable=bool(mask[:, SETTLED].all() and measured) and good,
            spatial=self.spatial,
            too_few=self.bad_channels is not None and self.bad_channels.too_few,
            bad=self._no_channel if self.bad_channels is None else self.bad_channels.bad,
            heart=heart,
            complete=complete,
        )

    def _find_beats(self, start: int, complete: bool) -> HeartSecond | None:
        """Look for the heart in the second from ``start`` on; missing rows end its memory."""
        if self._heartbeat is None:
            return None
        if not complete:
            return self._heartbeat.reset()
        return self._heartbeat.push(self._filtered.view(start, self.stop)[:, self.used], start)

    def _judge(self, start: int) -> FloatArray:
        """Quality of the channels from ``start`` on, and the montage that holds afterwards."""
        second = self._raw.view(start, self.stop)
        if self.bad_channels is None:
            return self._judge_second(second)
        compared = self.stop - N_NEIGHBOURS, self.stop
        settled = self._mask.view(*compared)[:, SETTLED].all()
        band = self._filtered.view(*compared) if settled else None
        quality = self.bad_channels.judge(second, band)
        if self.bad_channels.matrix is not self.spatial.matrix:
            self.spatial = replace(self.spatial, matrix=self.bad_channels.matrix)
        return quality


def _by_second(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of the grid at whole seconds, which are judged as soon as they are over."""
    while start < stop:
        end = min(stop, (start // GRID_SFREQ + 1) * GRID_SFREQ)
        yield start, end
        start = end
