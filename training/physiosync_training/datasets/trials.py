"""Trials as every data set yields them, and the table that they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from physiosync_rt.datatypes import IntArray, SampleArray, Segment
from physiosync_rt.errors import UserError
from physiosync_training.datasets.index import ABSENT, N_TIMES, WINDOW_S, Table


@dataclass(frozen=True, slots=True)
class TrialSegment:
    """A gap-free stretch of a trial.

    Attributes
    ----------
    start : int
        First sample, counted from the start of the trial.
    eeg, pps : float32 arrays, shape (n_chans, n_times)
    eeg_without : tuple of float32 arrays, shape (n_chans, n_times)
        The EEG in each way in which an electrode can be missing (`DatasetInfo.left_out`).
    """

    start: int
    eeg: SampleArray
    pps: SampleArray
    eeg_without: tuple[SampleArray, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """What is known of a trial; ``stimulus`` empty and ratings None where they are unknown."""

    subject: str
    number: int
    stimulus: str
    valence: float | None
    arousal: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial's label and its usable signals."""

    label: Label
    segments: tuple[TrialSegment, ...]


PlannedTrial = tuple[Label, float]
"""A trial and its length in seconds."""


def planned_trials_of(segments: Iterable[Segment]) -> Iterator[PlannedTrial]:
    """Trials among the segments of a recording."""
    for s in segments:
        if s.kind == "trial":
            label = Label(s.subject, s.trial, s.stimulus, s.valence, s.arousal)
            yield label, s.stop - s.start


@dataclass(frozen=True, slots=True)
class Rest:
    """A gap-free stretch of a person's rest, scaled like the trials after it.

    Attributes
    ----------
    subject : str
    eeg, pps : float32 arrays, shape (n_chans, n_times)
    eeg_without : tuple of float32 arrays, shape (n_chans, n_times)
        As in `TrialSegment`.
    """

    subject: str
    eeg: SampleArray
    pps: SampleArray
    eeg_without: tuple[SampleArray, ...] = ()


COLUMNS: Final[dict[str, type]] = {
    "subject": np.int64,
    "stimulus": np.int64,
    "trial": np.int64,
    "window": np.int64,
    "t_start": np.float64,
    "valence": np.float64,
    "arousal": np.float64,
    "stretch": np.int64,
    "offset": np.int64,
}


def is_rated(table: Table) -> bool:
    """Whether any window has a rating."""
    return bool((np.isfinite(table.valence) | np.isfinite(table.arousal)).any())


@dataclass
class TableBuilder:
    """A table that grows trial by trial.

    Attributes
    ----------
    subjects, stimuli : dict of str to int
        Codes, in the order in which names appear.
    """

    subjects: dict[str, int] = field(default_factory=dict)
    stimuli: dict[str, int] = field(default_factory=dict)
    _trials: set[tuple[str, int]] = field(default_factory=set)
    _rows: list[tuple[float, ...]] = field(default_factory=list)
    _rest: list[tuple[int, int]] = field(default_factory=list)
    _n_stretches: int = 0

    def add_rest(self, subject: str) -> None:
        """Add a stretch of rest, which has no rows."""
        code = self.subjects.setdefault(subject, len(self.subjects))
        self._rest.append((self._n_stretches, code))
        self._n_stretches += 1

    @property
    def rest(self) -> IntArray:
        """Stretch and subject of every rest, shape (n, 2)."""
        return np.array(self._rest, dtype=np.int64).reshape(-1, 2)

    def add(self, label: Label, segments: list[tuple[int, int]]) -> list[bool]:
        """Add the windows of a trial.

        Parameters
        ----------
        label : Label
        segments : list of (start, length)
            Of the gap-free stretches, in samples from the start of the trial.

        Returns
        -------
        list of bool
            Which segments hold a whole window and are to be stored.

        Raises
        ------
        UserError
            The subject has a trial of that number already.
        """
        if (label.subject, label.number) in self._trials:
            raise UserError(
                f"trial {label.number} of subject {label.subject} comes twice; "
                "give every trial of a subject its own number"
            )
        self._trials.add((label.subject, label.number))
        subject = self.subjects.setdefault(label.subject, len(self.subjects))
        stimulus = ABSENT
        if label.stimulus:
            stimulus = self.stimuli.setdefault(label.stimulus, len(self.stimuli))
        ratings = [np.nan if r is None else r for r in (label.valence, label.arousal)]
        kept = []
        for start, length in segments:
            first, last = -(-start // N_TIMES), (start + length) // N_TIMES
            kept.append(last > first)
            if last <= first:
                continue
            self._rows += [
                (
                    *(subject, stimulus, len(self._trials) - 1, k, k * float(WINDOW_S)),
                    *(*ratings, self._n_stretches, k * N_TIMES - start),
                )
                for k in range(first, last)
            ]
            self._n_stretches += 1
        return kept

    def table(self, what: str, *, rated: bool = True) -> Table:
        """Return all rows.

        Parameters
        ----------
        what : str
            Name of the data set.
        rated : bool
            Whether there must be a rating.

        Raises
        ------
        UserError
            There is no window, or none is rated.
        """
        if not self._rows:
            raise UserError(
                f"{what} holds no usable window of {WINDOW_S} s in any trial; look at the "
                "recordings with `physiosync inspect`"
            )
        columns = zip(*self._rows, strict=True)
        table = Table(
            **{
                name: np.array(values, dtype=dtype)
                for (name, dtype), values in zip(COLUMNS.items(), columns, strict=True)
            }
        )
        if rated and not is_rated(table):
            raise UserError(f"{what}: no trial has a rating of valence or arousal; add some")
        return table
