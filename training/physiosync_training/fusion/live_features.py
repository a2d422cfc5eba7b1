"""The slow features of recordings, made by the live pipeline hop by hop.

A person's rest is captured where the table says that there is one, as a live run captures it, and
carried to the person's next file as a stored baseline is. Nothing else reaches from one file into
another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Features, FloatArray, Recording, Segment, Window
from physiosync_rt.errors import UserError
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_training.datasets.index import ABSENT, N_TIMES, WINDOW_S, DatasetInfo, Table
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.signals import pick_stream
from physiosync_training.fusion.table import FeatureTable
from physiosync_training.loop.progress import Progress

LOOK_BACK_S: Final = 30.0
"""What the slowest features look back on, before the window begins."""

_CHUNK_S: Final = 1.0
_ROUNDING_S: Final = 1e-6


def make_table(
    source: RecordingsData,
    digest: str,
    progress: Progress,
    changed: Callable[[Recording], Recording] | None = None,
) -> FeatureTable:
    """Run every recording through the live pipeline and keep the features of its windows.

    Parameters
    ----------
    source : RecordingsData
    digest : str
        Of files, settings and code.
    progress : callable
    changed : callable, optional
        What is done to each recording before anything else.

    Raises
    ------
    UserError
        A stream is missing or cannot serve the contract, a person has no usable rest before a
        trial, or there is no window with usable EEG.
    """
    info, people = source.people(progress)
    builder = _Builder(info)
    for recordings in people:
        baseline: Baseline | None = None
        for recording in recordings:
            given = recording if changed is None else changed(recording)
            baseline = builder.add(given, baseline)
    return builder.table(digest)


@dataclass
class _Builder:
    """A feature table that grows recording by recording."""

    info: DatasetInfo
    subjects: dict[str, int] = field(default_factory=dict)
    stimuli: dict[str, int] = field(default_factory=dict)
    trials: dict[tuple[str, int], int] = field(default_factory=dict)
    rows: list[tuple[float, ...]] = field(default_factory=list)
    eeg: list[FloatArray] = field(default_factory=list)
    pps: list[FloatArray] = field(default_factory=list)
    withheld: dict[str, int] = field(default_factory=dict)

    def add(self, recording: Recording, baseline: Baseline | None) -> Baseline:
        """Add the windows of a recording, and return the rest that holds at its end.

        Raises
        ------
        UserError
            There is no usable rest.
        """
        info = self.info
        assert info.live is not None
        segments = sorted(recording.segments, key=lambda segment: segment.start)
        rests = [segment for segment in segments if segment.kind == "baseline"]
        trials = [segment for segment in segments if segment.kind == "trial"]
        contracts = info.eeg, info.pps
        eeg, pps = ((pick_stream(recording, each), each) for each in contracts)
        pipeline = Pipeline(info.live, eeg, pps, baseline=baseline or _request(rests[0]))
        waiting = list(rests if baseline else rests[1:])
        # Where a stored rest lacks a modality, the pipeline takes it from what comes, as live; here
        # that is the task.
        rested = not baseline or bool(rests) or info.pps.modality in baseline.channels
        for window in _windows(recording, pipeline, waiting):
            for trial in trials:
                inside = window.t_end - WINDOW_S >= trial.start - _ROUNDING_S
                if inside and window.t_end <= trial.stop + _ROUNDING_S:
                    self._add(window, trial, rests, rested=rested)
        if pipeline.baseline is None:
            raise UserError(
                f"subject {recording.subject} has no usable rest; mark some before the first trial"
            )
        return pipeline.baseline if rested or not baseline else baseline

    def _add(self, window: Window, trial: Segment, rests: list[Segment], *, rested: bool) -> None:
        code = self.subjects.setdefault(trial.subject, len(self.subjects))
        eeg = _change(window.eeg.features)
        if window.eeg.data is None or eeg is None or not np.isfinite(eeg).all():
            self.withheld[trial.subject] = self.withheld.get(trial.subject, 0) + 1
            return
        pps = _change(window.pps.features) if window.pps and rested else None
        n_pps = len(feature_names(self.info.pps))
        begin = window.t_end - WINDOW_S
        stimulus = ABSENT
        if trial.stimulus:
            stimulus = self.stimuli.setdefault(trial.stimulus, len(self.stimuli))
        number = self.trials.setdefault((trial.subject, trial.trial), len(self.trials))
        ends = [rest.stop for rest in rests if rest.start < window.t_end]
        is_clear = not ends or begin - LOOK_BACK_S >= max(ends) - _ROUNDING_S
        t_start = begin - trial.start
        rated = (np.nan if x is None else x for x in (trial.valence, trial.arousal))
        self.rows.append((code, stimulus, number, t_start, *rated, is_clear))
        self.eeg.append(eeg)
        self.pps.append(np.full(n_pps, np.nan) if pps is None else pps)

    def table(self, digest: str) -> FeatureTable:
        """Put the table together; UserError without a window."""
        if not self.rows:
            raise UserError(f"{self.info.title}: no window of a trial has usable EEG")
        order = np.argsort([row[0] for row in self.rows], kind="stable")
        columns = np.array(self.rows, dtype=np.float64)[order].T
        code, stimulus, trial, t_start, valence, arousal, is_clear = columns
        whole = {"subject": code, "stimulus": stimulus, "trial": trial}
        table = Table(
            **{name: values.astype(np.int64) for name, values in whole.items()},
            window=np.floor(t_start / WINDOW_S + _ROUNDING_S).astype(np.int64),
            t_start=t_start,
            valence=valence,
            arousal=arousal,
            stretch=trial.astype(np.int64),
            offset=np.round(t_start / WINDOW_S * N_TIMES).astype(np.int64),
        )
        names = {"subjects": tuple(self.subjects), "stimuli": tuple(self.stimuli)}
        return FeatureTable(
            self.info.model_copy(update={**names, "digest": digest}),
            table,
            np.stack(self.eeg)[order],
            np.stack(self.pps)[order],
            feature_names(self.info.eeg),
            feature_names(self.info.pps),
            is_clear.astype(np.bool_),
            np.array([self.withheld.get(name, 0) for name in self.subjects], dtype=np.int64),
        )


def _windows(recording: Recording, pipeline: Pipeline, waiting: list[Segment]) -> Iterator[Window]:
    """Yield the windows of a recording; each rest is captured in its turn."""
    for chunk in in_time_order(recording, _CHUNK_S):
        if waiting and pipeline.baseline_progress >= 1.0:
            pipeline.use_baseline(_request(waiting.pop(0)))
        yield from pipeline.push(chunk)
    yield from pipeline.flush()


def _request(rest: Segment) -> BaselineRequest:
    return BaselineRequest(rest.start, rest.stop, max(rest.stop - rest.start, 1.0))


def _change(features: Features | None) -> FloatArray | None:
    return None if features is None else features.change
