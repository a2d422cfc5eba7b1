"""One stream's grid, preprocessed continuously: filters, warm-up, bad channels, judged seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

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
from physiosync_rt.pipeline.preprocessed import (
    AVAILABLE,
    MEASURED,
    N_MASKS,
    SETTLED,
    Preprocessed,
    Second,
)
from physiosync_rt.preprocess.bad_channels import N_NEIGHBOURS, BadChannelDetector, electrode_tests
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, Profile
from physiosync_rt.preprocess.electrode_states import Electrode
from physiosync_rt.preprocess.heartbeat import HeartbeatDetector
from physiosync_rt.preprocess.montage import Montage, pick_channels
from physiosync_rt.preprocess.quality import MIN_COMPLETENESS, judge_of
from physiosync_rt.preprocess.reference import SpatialFilter
from physiosync_rt.preprocess.stages import make_stages


class Preprocessor:
    """Preprocess the grid of one stream, gaps included, whatever the length of its chunks.

    A long chunk costs little more than a short one: it is filtered at once, and its whole seconds
    are judged together.

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
        self._judge_seconds = judge_of(contract.modality, spec.n_chans)
        # Profile `paper` stays as it was released, which asked of an ECG that it was there.
        has_heart = contract.modality is Modality.ECG and isinstance(profile, LiveProfile)
        self._heartbeat = HeartbeatDetector(int(self.used.sum())) if has_heart else None
        stages = make_stages(contract.modality, profile)
        self._stages = stages.in_order
        self._warmup = round(stages.warmup_s * GRID_SFREQ)
        # The newest rows and the `N_NEIGHBOURS` before them, which judging looks back on.
        self._raw = self._filtered = np.zeros((N_NEIGHBOURS, spec.n_chans))
        self._mask: BoolArray = np.zeros((N_NEIGHBOURS, N_MASKS), dtype=np.bool_)
        self._stop = 0
        self._started = False
        self._settled_from = 0
        self._warm_up_end: int | None = None
        self._contiguous = False
        self._newest: Second | None = None

    @property
    def stop(self) -> int:
        """Grid index after the newest row."""
        return self._stop

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
        return rows + self._process(chunk.samples, chunk.present)

    def skip_to(self, index: int) -> list[Preprocessed]:
        """Rows before ``index`` will not come."""
        self._contiguous &= self.stop >= index
        rows = []
        for start, stop in _by_second(self.stop, index):
            nothing = np.zeros((stop - start, len(self.used)))
            rows += self._append(nothing, nothing, np.zeros((stop - start, N_MASKS), np.bool_))
        return rows

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

    def _process(self, samples: FloatArray, present: BoolArray) -> list[Preprocessed]:
        filtered = samples
        for stage in self._stages:
            filtered = stage(filtered)
        mask = np.empty((len(samples), N_MASKS), dtype=np.bool_)
        mask[:, AVAILABLE] = True
        mask[:, SETTLED] = np.arange(self.stop, self.stop + len(samples)) >= self._settled_from
        mask[:, MEASURED] = present
        return self._append(samples, np.ascontiguousarray(filtered), mask)

    def _append(self, raw: FloatArray, filtered: FloatArray, mask: BoolArray) -> list[Preprocessed]:
        start, self._stop = self.stop, self.stop + len(raw)
        self._raw = np.concatenate([self._raw[-N_NEIGHBOURS:], raw])
        self._filtered = np.concatenate([self._filtered[-N_NEIGHBOURS:], filtered])
        self._mask = np.concatenate([self._mask[-N_NEIGHBOURS:], mask])
        seconds = self._complete_seconds(start)
        return [
            Preprocessed(
                a,
                filtered[a - start : b - start],
                mask[a - start : b - start],
                next(seconds) if b % GRID_SFREQ == 0 else None,
                self._warm_up_end,
            )
            for a, b in _by_second(start, self.stop)
        ]

    def _complete_seconds(self, start: int) -> Iterator[Second]:
        """Judge the whole seconds that the rows from ``start`` on have completed, in order."""
        first, stop = start // GRID_SFREQ, self.stop // GRID_SFREQ
        if first == stop:
            return
        at = N_NEIGHBOURS - start % GRID_SFREQ
        mask, filtered = (_in_seconds(x[at:], stop - first) for x in (self._mask, self._filtered))
        complete: BoolArray = np.asarray(mask[..., AVAILABLE].all(axis=1))
        measured = mask[..., MEASURED].mean(axis=1) >= self._min_completeness
        sound: BoolArray = np.asarray(mask[..., SETTLED].all(axis=1) & measured)
        for k, quality in enumerate(self._judge(at, complete)):
            mean_quality = float(quality[self.used].mean())
            heart = self._find_beats(filtered[k] if complete[k] else None, first + k)
            good = mean_quality >= self._min_quality
            if heart is not None and self._min_quality > 0:
                good &= heart.state is not HeartState.ABSENT
            self._newest = Second(
                index=first + k,
                quality=quality,
                mean_quality=mean_quality,
                usable=bool(sound[k]) and good,
                spatial=self.spatial,
                too_few=self.bad_channels is not None and self.bad_channels.too_few,
                bad=self._no_channel if self.bad_channels is None else self.bad_channels.bad,
                heart=heart,
                complete=bool(complete[k]),
            )
            yield self._newest

    def _find_beats(self, second: FloatArray | None, index: int) -> HeartSecond | None:
        """Look for the heart in a second; None, where rows are missing, ends its memory."""
        if self._heartbeat is None:
            return None
        if second is None:
            return self._heartbeat.reset()
        return self._heartbeat.push(second[:, self.used], index * GRID_SFREQ)

    def _judge(self, at: int, complete: BoolArray) -> Iterator[FloatArray]:
        """Quality of the channels in each second, and the montage that holds afterwards.

        Parameters
        ----------
        at : int
            Where the first of them begins among the newest rows.
        complete : bool array, shape (n_seconds,)
            False where rows are missing. Rows come without a hole, so only at the beginning.
        """
        n_missing = int((~complete).sum())
        yield from np.zeros((n_missing, len(self.used)))
        n, at = len(complete) - n_missing, at + n_missing * GRID_SFREQ
        if n == 0:
            return
        seconds = _in_seconds(self._raw[at:], n)
        if self.bad_channels is None:
            yield from self._judge_seconds(seconds)
            return
        ends = range(at + GRID_SFREQ, at + n * GRID_SFREQ + 1, GRID_SFREQ)
        bands = np.stack([self._filtered[end - N_NEIGHBOURS : end] for end in ends])
        settled = [self._mask[end - N_NEIGHBOURS : end, SETTLED].all() for end in ends]
        for tests in electrode_tests(seconds, bands, np.array(settled)):
            quality = self.bad_channels.vote(tests)
            if self.bad_channels.matrix is not self.spatial.matrix:
                self.spatial = replace(self.spatial, matrix=self.bad_channels.matrix)
            yield quality


def _in_seconds(rows: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """The first ``n`` whole seconds of rows, shape (n, 128, n_columns)."""
    return rows[: n * GRID_SFREQ].reshape(n, GRID_SFREQ, -1)


def _by_second(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch of the grid at whole seconds, which are judged as soon as they are over."""
    while start < stop:
        end = min(stop, (start // GRID_SFREQ + 1) * GRID_SFREQ)
        yield start, end
        start = end
