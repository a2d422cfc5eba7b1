"""One modality from the grid to the network's window: stages, quality, baseline, ring."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    BoolArray,
    FloatArray,
    GridChunk,
    Modality,
    ModalityState,
    Reason,
    StreamSpec,
)
from physiosync_rt.pipeline.windower import to_model
from physiosync_rt.preprocess.bad_channels import N_NEIGHBOURS, BadChannelDetector
from physiosync_rt.preprocess.baseline import (
    BaselineCapture,
    BaselineRequest,
    ChannelBaseline,
    stages_text,
)
from physiosync_rt.preprocess.config import ModalityContract, Profile
from physiosync_rt.preprocess.montage import Montage, pick_channels
from physiosync_rt.preprocess.quality import MIN_COMPLETENESS, judge_of
from physiosync_rt.preprocess.reference import average_reference
from physiosync_rt.preprocess.stages import make_stages
from physiosync_rt.utils.ring_buffer import RingBuffer

THERE, USABLE, PRESENT = 0, 1, 2
"""Columns of the mask ring: row exists · past the filters' warm-up · not bridged."""

MIN_KEPT_S = 5
"""Seconds that are kept even for shorter windows: electrodes are compared over some, and drawn."""


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
    profile : Profile
    montage : Montage or None
        For EEG; peripheral channels are picked by `pick_channels`.

    Attributes
    ----------
    baseline : ChannelBaseline or None
        Rest to normalise with; set from outside or by `capture`.
    rest_failed : bool
        Whether the last capture found too little of its stretch usable; the rest before stays.
    rest_note : str
        Why a rest is being captured that nobody asked for; empty once it is there.
    used : bool array, shape (n_channels,)
        Channels of the stream that the bundle's are made from.
    watch : BadChannelDetector or None
        For EEG: which electrodes are bad at present.

    Notes
    -----
    The stream's own channels are filtered and kept; montage and reference are applied to the rows
    that are read. Both are linear, so the order makes no difference to the signal, but bad
    electrodes can leave and come back without ringing in the filters, and a window is made with
    one montage from its first sample to its last.
    """

    def __init__(
        self,
        spec: StreamSpec,
        contract: ModalityContract,
        profile: Profile,
        montage: Montage | None = None,
    ) -> None:
        self.spec = spec
        self.contract = contract
        self.montage = montage
        self.baseline: ChannelBaseline | None = None
        self.capture: BaselineCapture | None = None
        self._profile = profile
        self._matrix = montage.matrix if montage else pick_channels(spec, contract)
        self.used: BoolArray = montage.used if montage else self._matrix.sum(axis=0) > 0
        self.watch = (
            BadChannelDetector(spec.ch_names, montage, expel=profile.min_quality > 0)
            if montage
            else None
        )
        self.rest_failed = False
        self.rest_note = ""
        self._recipe = make_stages(contract.modality, profile)
        self._warmup = round(self._recipe.warmup_s * GRID_SFREQ)
        self._n_window = round(profile.window_s * GRID_SFREQ)
        capacity = max(self._n_window, MIN_KEPT_S * GRID_SFREQ) + 2 * GRID_SFREQ
        self._raw = RingBuffer(capacity, spec.n_chans)
        self._ring = RingBuffer(capacity, spec.n_chans)
        self._mask = RingBuffer(capacity, 3, dtype=np.bool_, fill=False)
        self._first: int | None = None
        self._since_reset = 0
        self._broken = False
        self._contiguous = False
        self._next_second = 0
        self._seconds: deque[Second] = deque(maxlen=round(profile.window_s))
        self._judge_second = judge_of(contract.modality, spec.n_chans)
        self._least = MIN_COMPLETENESS[contract.modality]

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

    @property
    def note(self) -> str:
        """What a person should know of the rest and of bad electrodes; empty when all is well."""
        notes = [self.rest_note]
        if self.rest_failed and self.capture is None:
            notes.append(
                f"less than half of the rest asked for was usable {self.contract.modality}; "
                "capture it anew (key B) or give another --baseline"
            )
        if self.watch is not None:
            notes.append(self.watch.note)
        return "; ".join(filter(None, notes))

    def capture_rest(self, request: BaselineRequest) -> None:
        """Take a new rest from the stream; the one in use serves until it is complete."""
        self.capture = BaselineCapture(request, self._recipe.scaling.pool)

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
        filtered = samples
        for stage in self._recipe.stages:
            filtered = stage(filtered)
        mask = np.empty((len(samples), 3), dtype=np.bool_)
        mask[:, THERE] = True
        mask[:, USABLE] = self._since_reset + np.arange(len(samples)) >= self._warmup
        mask[:, PRESENT] = present
        self._since_reset += len(samples)
        self._raw.write(samples)
        self._ring.write(filtered)
        self._mask.write(mask)
        self._judge_seconds()

    def _restart(self, start: int) -> None:
        for stage in self._recipe.stages:
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
                quality = self._judge(start, stop)
            else:
                quality = np.zeros(self.spec.n_chans)
            self._seconds.append(Second(self._next_second, quality))
            whole = bool(mask[:, USABLE].all()) and mask[:, PRESENT].mean() >= self._least
            usable = whole and self._is_good(quality)
            self._offer_rest(start, stop, usable=usable)
            self._next_second += 1

    def _is_good(self, quality: FloatArray) -> bool:
        return float(quality[self.used].mean()) >= self._profile.min_quality

    def _offer_rest(self, start: int, stop: int, *, usable: bool) -> None:
        """Offer a whole second to the capture that is under way, if any."""
        if self.capture is None:
            return
        statistics = self._recipe.scaling.statistics(self._rows(start, stop)) if usable else None
        done = self.capture.take(self._next_second, statistics)
        if done is not None:
            stages = stages_text(self.contract.modality, self._profile)
            self.baseline = replace(done, ch_names=self.contract.ch_names, stages=stages)
            self.rest_note = ""
        if done is not None or self.capture.failed:
            self.rest_failed = self.capture.failed
            self.capture = None

    def _judge(self, start: int, stop: int) -> FloatArray:
        """Quality of a whole second, and the montage that serves from there on."""
        second = self._raw.view(start, stop)
        if self.watch is None:
            return self._judge_second(second)
        compared = slice(stop - N_NEIGHBOURS, stop)
        settled = self._mask.view(compared.start, compared.stop)[:, USABLE].all()
        band = self._ring.view(compared.start, compared.stop) if settled else None
        return self.watch.judge(second, band)

    def _rows(self, start: int, stop: int) -> FloatArray:
        """Preprocessed rows on the bundle's channels, as the present montage makes them."""
        matrix = self._matrix if self.watch is None else self.watch.matrix
        rows: FloatArray = self._ring.view(start, stop) @ matrix.T
        return average_reference(rows) if self.contract.modality is Modality.EEG else rows

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
        reason = self._reason(start, mask[:, USABLE], completeness, quality)
        data = None
        if reason is Reason.NONE and self.baseline is not None:
            rows = self._rows(start, stop)
            data = to_model(self._recipe.scaling(rows, self.baseline))
        return ModalityState(data, reason, completeness, quality)

    def _quality(self, stop: int) -> float:
        """Mean over the window's whole seconds and the channels that are used."""
        last = stop // GRID_SFREQ
        window = round(self._profile.window_s)
        seconds = [s.quality for s in self._seconds if last - window <= s.index < last]
        if not seconds:
            return 0.0
        return float(np.mean([q[self.used].mean() for q in seconds]))

    def _reason(self, start: int, usable: BoolArray, completeness: float, quality: float) -> Reason:
        if self._first is None:
            return Reason.GAP
        first_usable = self._first + self._warmup
        if not usable.all():
            young = start + int(np.flatnonzero(~usable)[-1]) < first_usable
            return Reason.WARMING_UP if young and not self._broken else Reason.GAP
        if completeness < self._least:
            return Reason.GAP
        too_few = self.watch is not None and self.watch.too_few
        if quality < self._profile.min_quality or too_few:
            return Reason.LOW_QUALITY
        return Reason.NONE if self.baseline is not None else Reason.NO_BASELINE

    def trace(self, seconds: float) -> tuple[FloatArray, FloatArray]:
        """Times (s from the anchor) and samples (n_times, n_channels) of the newest rows.

        Rows that are missing are NaN, so that a plot shows the hole.
        """
        n = min(round(seconds * GRID_SFREQ), self._ring.capacity)
        stop = self._ring.stop
        rows = self._rows(stop - n, stop)
        rows[~self._mask.view(stop - n, stop)[:, THERE]] = np.nan
        return np.arange(stop - n, stop) / GRID_SFREQ, self._recipe.to_unit(rows)
