"""The one form in which every data set reaches training: windows of 5 s with their truth.

Whatever a data set comes from and whatever preprocessed it, training sees a table with a row for
every 5 s window and signals to cut it from. A 1 s window is one of the five slices of such a row,
so that one fold serves both resolutions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from typing import Final, Literal

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, IntArray, SampleArray, shorten
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.labels import deap_quadrants_released, high, quadrants
from physiosync_rt.utils.yaml_config import FrozenModel

WINDOW_S: Final = 5
N_TIMES: Final = WINDOW_S * GRID_SFREQ
N_SLICES: Final = WINDOW_S
"""One-second slices of a window."""

ABSENT: Final = -1
"""Class of a window whose trial was not rated, stimulus of a trial that names none, row of a window
that is not there."""

TARGETS: Final = ("valence", "arousal", "quadrant")


class DatasetInfo(FrozenModel):
    """What a data set is, for bundles, reports and the cache.

    Attributes
    ----------
    name, title : str
        Short name, and what it is in words.
    profile : {"paper", "live"}
    live : LiveProfile or None
        Settings of profile ``live``.
    eeg, pps : ModalityContract
        What the windows hold.
    subjects, stimuli : tuple of str
        Names of the codes in the table.
    scale : tuple of float
        Lowest and highest rating.
    threshold : float
        Rating from which on a target is high.
    released_quadrants : bool
        Number DEAP's quadrants with the release's rule (see `preprocess.labels`).
    simulated : bool
        Whether the people were invented.
    notes : tuple of str
        What a reader of a report should know.
    digest : str
        Hash of everything that shaped the windows.
    """

    name: str
    title: str
    profile: Literal["paper", "live"]
    live: LiveProfile | None
    eeg: ModalityContract
    pps: ModalityContract
    subjects: tuple[str, ...]
    stimuli: tuple[str, ...]
    scale: tuple[float, float]
    threshold: float
    released_quadrants: bool = False
    simulated: bool = False
    notes: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One row for every window, by trial and time.

    Attributes
    ----------
    subject : int64 array, shape (n,)
        Code, see `DatasetInfo.subjects`.
    stimulus : int64 array, shape (n,)
        Code, see `DatasetInfo.stimuli`; `ABSENT` where nobody said what was shown.
    trial : int64 array, shape (n,)
        Code of one subject's one trial.
    window : int64 array, shape (n,)
        Number of the window in its trial; window k starts 5 k seconds after the trial did.
    t_start : float64 array, shape (n,)
        Start of the window in seconds from the start of its trial.
    valence, arousal : float64 arrays, shape (n,)
        Ratings on the data set's scale, NaN where there is none.
    stretch : int64 array, shape (n,)
        Gap-free stretch of signal that the window lies in, of one trial alone.
    offset : int64 array, shape (n,)
        First sample of the window in its stretch.
    """

    subject: IntArray
    stimulus: IntArray
    trial: IntArray
    window: IntArray
    t_start: FloatArray
    valence: FloatArray
    arousal: FloatArray
    stretch: IntArray
    offset: IntArray

    def __post_init__(self) -> None:
        shapes = {f.name: getattr(self, f.name).shape for f in fields(self)}
        if any(shape != (len(self),) for shape in shapes.values()):
            raise ValueError(f"columns of different lengths: {shapes}")

    def __len__(self) -> int:
        return len(self.subject)


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """Gap-free stretches of one modality, end to end in one flat array.

    Attributes
    ----------
    flat : float32 array, shape (n_chans * total,)
        Stretch after stretch, each (n_chans, n_times) in C order; often mapped from a file.
    starts, lengths : int64 arrays, shape (n_stretches,)
        First sample and number of samples of every stretch, counted per channel.
    n_chans : int
    """

    flat: SampleArray
    starts: IntArray
    lengths: IntArray
    n_chans: int

    def stretch(self, i: int) -> SampleArray:
        """One stretch, shape (n_chans, n_times)."""
        start, length = int(self.starts[i]), int(self.lengths[i])
        part = self.flat[start * self.n_chans : (start + length) * self.n_chans]
        return part.reshape(self.n_chans, length)

    def cut(self, stretches: IntArray, offsets: IntArray, n_times: int) -> SampleArray:
        """Windows, shape (n, n_chans, n_times), from these stretches at these offsets."""
        out = np.empty((len(stretches), self.n_chans, n_times), dtype=np.float32)
        for i, (k, at) in enumerate(zip(stretches.tolist(), offsets.tolist(), strict=True)):
            out[i] = self.stretch(k)[:, at : at + n_times]
        return out


@dataclass(frozen=True, eq=False)
class WindowIndex:
    """Which windows there are and what their truth is: enough to split and to check.

    Parameters
    ----------
    about : DatasetInfo
    table : Table
    """

    about: DatasetInfo
    table: Table

    def __repr__(self) -> str:
        about = self.about
        name = type(self).__name__
        signals = f"EEG {about.eeg.n_chans} ch, {about.pps.modality} {about.pps.n_chans} ch"
        simulated = ", simulated" if about.simulated else ""
        return (
            f"<{name} {shorten(about.name)}: {len(self)} windows of {WINDOW_S} s, "
            f"{len(about.subjects)} people, {signals}{simulated}>"
        )

    def __len__(self) -> int:
        return len(self.table)

    def truth(self, target: str) -> IntArray:
        """Class of every window, `ABSENT` where there is no rating.

        Parameters
        ----------
        target : {"valence", "arousal", "quadrant"}
            The quadrant's four classes are numbered as in `preprocess.labels.quadrants`.

        Raises
        ------
        ValueError
            Another target.
        """
        if target not in TARGETS:
            raise ValueError(f"no target {target!r}, only {', '.join(TARGETS)}")
        valence, arousal = self.table.valence, self.table.arousal
        ratings = {"valence": (valence,), "arousal": (arousal,)}.get(target, (valence, arousal))
        rated = np.isfinite(np.stack(ratings)).all(axis=0)
        out = np.full(len(self), ABSENT, dtype=np.int64)
        kept = [rating[rated] for rating in ratings]
        if target != "quadrant":
            out[rated] = high(kept[0], self.about.threshold)
        elif self.about.released_quadrants:
            out[rated] = deap_quadrants_released(kept[0], kept[1])
        else:
            out[rated] = quadrants(kept[0], kept[1], self.about.threshold)
        return out

    @property
    def high(self) -> dict[str, IntArray]:
        """`truth` of every target: 1 high and 0 low, or the quadrant's number."""
        return {target: self.truth(target) for target in TARGETS}

    @property
    def stimulus_window(self) -> IntArray:
        """Number that is equal where the same seconds of the same stimulus were shown.

        A trial that names no stimulus shares its windows with no other.
        """
        own = len(self.about.stimuli) + self.table.trial
        shown = np.where(self.table.stimulus == ABSENT, own, self.table.stimulus)
        return np.asarray(shown * (int(self.table.window.max()) + 1) + self.table.window)


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(WindowIndex):
    """Windows of many people with their truth.

    Parameters
    ----------
    about : DatasetInfo
    table : Table
    eeg, pps : Signals
        Of the same stretches.
    rest : int64 array, shape (n, 2)
        Stretch and subject of every rest that there is, in the order of time: never trained on
        and never scored.

    Raises
    ------
    ValueError
        The parts do not go together.
    """

    eeg: Signals
    pps: Signals
    rest: IntArray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))

    def __post_init__(self) -> None:
        table = self.table
        if not len(table):
            raise ValueError("a data set without windows")
        for signals, contract in ((self.eeg, self.about.eeg), (self.pps, self.about.pps)):
            if signals.n_chans != contract.n_chans:
                raise ValueError(
                    f"{signals.n_chans} channels where {contract.n_chans} are described"
                )
        if not np.array_equal(self.eeg.lengths, self.pps.lengths):
            raise ValueError("stretches of the two modalities have different lengths")
        if (table.offset < 0).any() or (table.offset + N_TIMES > self._length(table.stretch)).any():
            raise ValueError("a window that reaches out of its stretch")
        if np.isin(table.stretch, self.rest[:, 0]).any():
            raise ValueError("a window of a trial that lies in a rest")

    def _length(self, stretches: IntArray) -> IntArray:
        return np.asarray(self.eeg.lengths[stretches])

    def offsets(self, rows: IntArray, rng: np.random.Generator | None = None) -> IntArray:
        """First samples of windows in their stretches: the table's own, or drawn anywhere."""
        if rng is None:
            return np.asarray(self.table.offset[rows])
        last = self._length(self.table.stretch[rows]) - N_TIMES
        return rng.integers(0, last + 1)

    def shared_offsets(self, rows: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw first samples so that windows of one stimulus show the same seconds of it.

        Parameters
        ----------
        rows : int array, shape (n, n_together)
            Each line holds windows that belong together.
        rng : Generator

        Returns
        -------
        int64 array, shape (n, n_together)
            In the stretches. Where all of a line are the same window of the same stimulus, they
            start at the same time in their trials, anywhere in what their stretches have in
            common; otherwise each is drawn anywhere in its own.
        """
        table = self.table
        # A stretch may begin late in its trial, behind a gap.
        begin = table.window[rows] * N_TIMES - table.offset[rows]
        first, last = begin, begin + self._length(table.stretch[rows]) - N_TIMES
        shown = self.stimulus_window[rows]
        same = (shown == shown[:, :1]).all(axis=1, keepdims=True)
        first = np.where(same, first.max(axis=1, keepdims=True), first)
        last = np.where(same, last.min(axis=1, keepdims=True), last)
        lots = rng.random(rows.shape)
        lots = np.where(same, lots[:, :1], lots)
        drawn: IntArray = first + (lots * (last - first + 1)).astype(np.int64) - begin
        return drawn

    def cut(
        self, rows: IntArray, offsets: IntArray, n_times: int = N_TIMES
    ) -> tuple[SampleArray, SampleArray]:
        """Cut from the stretches of rows.

        Parameters
        ----------
        rows : int array, shape (n,)
        offsets : int array, shape (n,)
            First samples in the stretches.
        n_times : int

        Returns
        -------
        eeg : float32 array, shape (n, n_chans, n_times)
        pps : float32 array, shape (n, n_pps_chans, n_times)
        """
        stretch = self.table.stretch[rows]
        return self.eeg.cut(stretch, offsets, n_times), self.pps.cut(stretch, offsets, n_times)

    def fetch(
        self, rows: IntArray, offset_rng: np.random.Generator | None = None
    ) -> tuple[SampleArray, SampleArray]:
        """Cut windows.

        Parameters
        ----------
        rows : int array, shape (n,)
        offset_rng : Generator, optional
            Draws where in the row's stretch, and so in its trial, each window starts, as the
            windows of a live stream start anywhere. Not for folds of protocol ``window``, whose
            test windows it would run into.

        Returns
        -------
        eeg : float32 array, shape (n, n_chans, 640)
        pps : float32 array, shape (n, n_pps_chans, 640)
        """
        return self.cut(rows, self.offsets(rows, offset_rng))

    @property
    def digest(self) -> str:
        """Hash of everything that shaped the data set; of its content where there is none."""
        if self.about.digest:
            return self.about.digest
        sha = hashlib.sha256(self.about.model_dump_json().encode())
        for column in fields(self.table):
            sha.update(getattr(self.table, column.name).tobytes())
        sha.update(self.eeg.flat.tobytes())
        sha.update(self.pps.flat.tobytes())
        return sha.hexdigest()[:16]
