"""Make the row that is written from a window and the network's estimate."""

from __future__ import annotations

import math
import time
from collections import deque

from physiosync_rt.bundle.predictor import Estimate
from physiosync_rt.bundle.unsure_zone import quadrant
from physiosync_rt.datatypes import TARGETS, Absence, Prediction, Reason, StreamSpec, Window
from physiosync_rt.live.events import MARKERS_WAITING
from physiosync_rt.live.state import RunState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.sources.base import Source
from physiosync_rt.utils.plain_text import CELL_CHARS, join_markers


class RowMaker:
    """Adds to an estimate what the run knows: times, ages, markers, and which stream is silent.

    Parameters
    ----------
    source : Source
    state : RunState
    """

    def __init__(self, source: Source, state: RunState) -> None:
        self._source = source
        self._state = state
        self._pipeline = state.pipeline
        meaning = state.bundle.card.meaning
        self._called = {target: means.name for target, means in meaning.items()}
        self._utc_of_stamp_zero = math.nan

    def mark(self, t: float, text: str) -> None:
        """Put a marker into the first row that ends at or after ``t`` of the common clock."""
        waiting = self._state.markers_waiting
        self._state.markers_dropped += len(waiting) == MARKERS_WAITING
        # A cell shows no more of it, and thousands may wait.
        waiting.append((t, text[: CELL_CHARS + 1]))

    def row(self, window: Window, estimate: Estimate, now: float) -> Prediction:
        """Make the row of a window; ``now`` is the present time of arrival."""
        anchor = self._pipeline.anchor or 0.0
        t_end = anchor + window.t_end
        eeg, pps = self._state.eeg, self._state.pps
        reason = self._or_stalled(estimate.reason, eeg, now)
        left_out = Reason.NONE
        if estimate.reason is Reason.NO_EEG:
            left_out = self._or_stalled(estimate.left_out, eeg, now)
        elif estimate.reason is Reason.NO_PPS and window.pps and pps:
            left_out = self._or_stalled(estimate.left_out, pps, now)
        valence, arousal = estimate.targets.get("valence"), estimate.targets.get("arousal")
        clock_now = self._source.now() if self._source.speed == 1.0 else None
        return Prediction(
            index=window.index,
            t_end=window.t_end,
            t_end_lsl=t_end,
            t_end_utc=self._utc(t_end),
            window_s=self._pipeline.profile.window_s,
            valence=valence,
            arousal=arousal,
            quadrant="" if self._called else quadrant(valence, arousal, self._state.margin),
            confidence=estimate.confidence,
            valid=estimate.valid,
            reason=reason,
            modalities=estimate.modalities,
            completeness_eeg=window.eeg.completeness,
            completeness_pps=window.pps.completeness if window.pps else None,
            quality_eeg=window.eeg.quality,
            quality_pps=window.pps.quality if window.pps else None,
            sample_age_ms=None if clock_now is None else (clock_now - self._pipeline.newest) * 1e3,
            infer_ms=estimate.infer_ms,
            latency_ms=None if clock_now is None else (clock_now - t_end) * 1e3,
            marker=self._markers_until(t_end),
            left_out=left_out,
            absent=self._absent(estimate),
            certainty=estimate.certainty,
            eeg_reason=self._or_stalled(window.eeg.reason, eeg, now),
            pps_reason=(
                self._or_stalled(window.pps.reason, pps, now) if window.pps and pps else Reason.NONE
            ),
            eeg_features=window.eeg.features,
            pps_features=window.pps.features if window.pps else None,
            called=self._called,
        )

    def _absent(self, estimate: Estimate) -> dict[str, Absence]:
        """Say of each column without a probability why it has none."""
        told = self._state.bundle.model.config.targets
        return {
            column: estimate.absent.get(column, Absence.WITHHELD)
            if column in told
            else Absence.NO_TARGET
            for column in TARGETS
            if column not in estimate.targets
        }

    def _or_stalled(self, reason: Reason, spec: StreamSpec, now: float) -> Reason:
        """Name a gap that goes on because the device sends nothing."""
        phase = self._state.watchdogs[spec.name].phase(now)
        silent = phase in (StreamPhase.STALLED, StreamPhase.LOST)
        if reason is Reason.GAP and silent and math.isfinite(self._source.speed):
            return Reason.STALLED
        return reason

    def _utc(self, t: float) -> float | None:
        """Return the UNIX time of a moment on the common clock; None where it is not known."""
        if math.isnan(self._utc_of_stamp_zero):
            clock_now, start = self._source.now(), self._source.start_utc
            if clock_now is not None and self._source.speed == 1.0:
                self._utc_of_stamp_zero = time.time() - clock_now
            elif start is not None and self._pipeline.anchor is not None:
                self._utc_of_stamp_zero = start - self._pipeline.anchor
            else:
                return None
        return t + self._utc_of_stamp_zero

    def _markers_until(self, t_end: float) -> str:
        waiting = self._state.markers_waiting
        due = [text for t, text in waiting if t <= t_end]
        later = ((t, text) for t, text in waiting if t > t_end)
        # Another one at once: who closes the files at a second signal reads it from elsewhere.
        self._state.markers_waiting = deque(later, MARKERS_WAITING)
        return join_markers(due)
