"""Cut the preprocessed grid of one stream into windows, normalized, or say why there is none."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    FloatArray,
    Modality,
    ModalityState,
    Reason,
)
from physiosync_rt.features.tracker import FeatureTracker
from physiosync_rt.pipeline.preprocessed import (
    AVAILABLE,
    N_MASKS,
    Preprocessed,
    Second,
)
from physiosync_rt.pipeline.window_check import WindowCheck, to_model
from physiosync_rt.preprocess.baseline import (
    BaselineCapture,
    BaselineRequest,
    ChannelBaseline,
    stages_text,
)
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, Profile
from physiosync_rt.preprocess.reference import SpatialFilter
from physiosync_rt.preprocess.stages import make_scaling, to_unit
from physiosync_rt.utils.ring_buffer import RingBuffer

MIN_TRACE_S = 5
"""Seconds that are kept for plots even where windows are shorter."""


class Windower:
    """Keep the newest rows of one stream and cut windows that are scaled by the baseline.

    Parameters
    ----------
    contract : ModalityContract
    profile : Profile
    spatial : SpatialFilter
        From the stream's channels to the bundle's, before the first whole second.
    measured : float
        Share of the bundle's channels that are measured, not interpolated, in [0, 1].

    Attributes
    ----------
    baseline : ChannelBaseline or None
        Rest to normalise with.
    capture : BaselineCapture or None
        The capture that is under way, if any.
    baseline_failed : bool
        Whether the last capture found too little of its stretch usable; the one before stays.
    baseline_note : str
        Why a baseline is being captured that nobody asked for; empty once it is there.
    features_note : str
        Which slow features the baseline does not have at rest; empty when it has all.
    """

    def __init__(
        self,
        contract: ModalityContract,
        profile: Profile,
        spatial: SpatialFilter,
        measured: float = 1.0,
    ) -> None:
        self.baseline: ChannelBaseline | None = None
        self.capture: BaselineCapture | None = None
        self.baseline_failed = False
        self.baseline_note = ""
        self.features_note = ""
        self._contract = contract
        self._profile = profile
        self._measured = measured
        self._check = WindowCheck.of(contract, profile)
        self._scaling = make_scaling(contract.modality, profile)
        self._spatial = spatial
        self._tracker = FeatureTracker(contract) if isinstance(profile, LiveProfile) else None
        capacity = max(self._check.n_times, MIN_TRACE_S * GRID_SFREQ) + 2 * GRID_SFREQ
        self._rows = RingBuffer(capacity, spatial.matrix.shape[1])
        self._mask = RingBuffer(capacity, N_MASKS, dtype=np.bool_, fill=False)
        self._seconds: deque[Second] = deque(maxlen=self._check.n_seconds)
        self._warm_up_end: int | None = None
        self._window_rows: tuple[int, FloatArray] = (-1, np.empty(0))

    @property
    def stop(self) -> int:
        """Grid index after the newest row."""
        return self._rows.stop

    @property
    def note(self) -> str:
        """What a person should know of the baseline; empty when all is well."""
        failed = ""
        if self.baseline_failed and self.capture is None:
            failed = (
                f"less than half of the baseline asked for was usable {self._contract.modality}; "
                "capture it again (key B) or give another --baseline"
            )
        return "; ".join(filter(None, [self.baseline_note, failed]))

    def capture_baseline(self, request: BaselineRequest, note: str = "") -> None:
        """Take a new baseline from the stream; the one in use serves until it is complete."""
        self.capture = BaselineCapture(request, self._scaling.pool)
        if self._tracker:
            self._tracker.begin_rest(self.capture.first)
        self.baseline_failed, self.baseline_note = False, note

    def use_baseline(self, baseline: ChannelBaseline, origin: str) -> None:
        """Normalise with a baseline that is known already.

        Raises
        ------
        UserError
            It does not fit the bundle; ``origin`` says where it comes from.
        """
        names = self._tracker.names if self._tracker else ()
        baseline.check(origin, self._contract, self._profile, names)
        self.baseline, self.capture = baseline, None
        self.baseline_failed, self.baseline_note = False, ""
        self._note_features(baseline, origin)

    def push(self, rows: Preprocessed) -> None:
        """Take the next rows, as the preprocessor puts them out.

        Raises
        ------
        ValueError
            They do not follow the newest row.
        """
        if rows.start != self.stop:
            raise ValueError(f"rows from {rows.start} do not follow row {self.stop}")
        self._rows.write(rows.samples)
        self._mask.write(rows.mask)
        self._warm_up_end = rows.warm_up_end
        if self._tracker and not rows.mask[:, AVAILABLE].all():
            self._tracker.forget()
        if rows.second is not None:
            self._seconds.append(rows.second)
            self._spatial = rows.second.spatial
            self._track(rows.second)
            self._offer(rows.second)

    def window(self, stop: int) -> ModalityState:
        """The window that ends at grid index ``stop``, or why there is none.

        Raises
        ------
        ValueError
            ``stop`` is not the newest row: windows are asked for in order.
        """
        if stop != self.stop:
            raise ValueError(f"window asked at row {stop}, the ring stands at {self.stop}")
        start = stop - self._check.n_times
        mask = self._mask.view(start, stop)
        verdict = self._check(mask, start, self._seconds, self._warm_up_end)
        reason, data = verdict.reason, None
        if reason is Reason.NONE and self.baseline is None:
            reason = Reason.NO_BASELINE
        elif reason is Reason.NONE and self.baseline is not None:
            data = to_model(self._scaling(self._window_of(stop), self.baseline))
        features = None
        if self._tracker:
            features = self._tracker.now(self._complete_window(), self.baseline)
        return ModalityState(
            data, reason, verdict.completeness, verdict.quality, self._measured, features
        )

    def trace(self, seconds: float) -> tuple[FloatArray, FloatArray]:
        """Times (s from the anchor) and samples (n_times, n_channels) of the newest rows.

        Rows that are missing are NaN, so that a plot shows the hole.
        """
        n = min(round(seconds * GRID_SFREQ), self._rows.capacity)
        start, stop = self.stop - n, self.stop
        rows = self._mapped(start, stop)
        rows[~self._mask.view(start, stop)[:, AVAILABLE]] = np.nan
        times = np.arange(start, stop) / GRID_SFREQ
        return times, to_unit(self._contract.modality, self._profile, rows)

    def _mapped(self, start: int, stop: int) -> FloatArray:
        """Rows on the bundle's channels, as the present montage makes them."""
        return self._spatial(self._rows.view(start, stop))

    def _window_of(self, stop: int) -> FloatArray:
        """Rows of the window that ends at ``stop``, mapped once for all who read it."""
        if self._window_rows[0] != stop:
            self._window_rows = stop, self._mapped(stop - self._check.n_times, stop)
        return self._window_rows[1]

    def _complete_window(self) -> FloatArray | None:
        """Rows of the EEG window that ends at the newest row; None where some are missing."""
        if self._contract.modality is not Modality.EEG:
            return None
        mask = self._mask.view(self.stop - self._check.n_times, self.stop)
        return self._window_of(self.stop) if self._check.is_complete(mask) else None

    def _note_features(self, baseline: ChannelBaseline, origin: str) -> None:
        """Note which slow features can not be told as change from this rest."""
        self.features_note = self._tracker.note(baseline, origin) if self._tracker else ""

    def _track(self, second: Second) -> None:
        """Let the slow features of a peripheral signal know the newest whole second."""
        if self._tracker is None or self._contract.modality is Modality.EEG:
            return
        start, stop = self.stop - GRID_SFREQ, self.stop
        if self._mask.view(start, stop)[:, AVAILABLE].all():
            newest = self._mapped(start, stop)
            self._tracker.take_second(
                second.index, newest, usable=second.usable, heart=second.heart
            )

    def _offer(self, second: Second) -> None:
        """Offer the newest whole second to the capture that is under way, if any."""
        if self.capture is None:
            return
        statistics = features = None
        if second.usable:
            statistics = self._scaling.statistics(self._mapped(self.stop - GRID_SFREQ, self.stop))
            if self._tracker and second.index >= self.capture.first:
                features = self._tracker.at_rest(self._complete_window(), self.stop)
        done = self.capture.take(second.index, statistics, features)
        if done is not None:
            self.baseline = replace(
                done,
                ch_names=self._contract.ch_names,
                stages=stages_text(self._contract.modality, self._profile),
                features=self.capture.features(self._tracker.names) if self._tracker else None,
            )
            self.baseline_note = ""
            self._note_features(self.baseline, "that was captured")
        if done is not None or self.capture.failed:
            self.baseline_failed = self.capture.failed
            self.capture = None
