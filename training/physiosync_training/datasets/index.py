"""Which windows a data set has, what they are called and how they are rated, without any signal.

Training sees a table with a row for every 5 s window, whatever the data set comes from. A 1 s
window is one of the five slices of such a row, so that one fold serves both resolutions.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

import numpy as np
from pydantic import Field

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, IntArray, shorten
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.labels import QUADRANT, high, quadrants, quadrants_released
from physiosync_rt.utils.yaml_config import FrozenModel

WINDOW_S: Final = 5
N_TIMES: Final = WINDOW_S * GRID_SFREQ

ABSENT: Final = -1
"""Class of a window whose trial was not rated, stimulus of a trial that names none, row of a window
that is not there."""

TARGETS: Final = ("valence", "arousal", QUADRANT)


class DatasetInfo(FrozenModel):
    """What a data set is, for bundles, reports and the cache.

    Attributes
    ----------
    name, title : str
        Short name, and what it is in words.
    public_name : str
        Published data set whose files, or files in whose format, it comes from: ``deap`` or
        ``dreamer``; empty for other data.
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
        Whether the people are simulated.
    notes : tuple of str
        What a reader of a report should know.
    digest : str
        Hash of everything that shaped the windows.
    electrode_out : float
        Share of training windows of which one electrode is left out, in [0, 1].
    left_out : tuple of str
        Ways in which it is: an electrode that is missing from the start, or after the rest (see
        `datasets.live_trials.left_out`).
    meaning : dict of str to Meaning
        What a target stands for, where it is not an emotion.
    limits : tuple of str
        What the data cannot show.
    citation : str
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
    public_name: str = ""
    electrode_out: float = 0.0
    left_out: tuple[str, ...] = ()
    meaning: dict[str, Meaning] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    citation: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One row for every window, by trial and time.

    Attributes
    ----------
    subject : int64 array, shape (n,)
        Code, see `DatasetInfo.subjects`.
    stimulus : int64 array, shape (n,)
        Code, see `DatasetInfo.stimuli`; `ABSENT` where the stimulus is unknown.
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


@dataclass(frozen=True, eq=False, repr=False)
class WindowIndex:
    """Which windows there are and how they are rated: enough to split and to check.

    Parameters
    ----------
    info : DatasetInfo
    table : Table
    """

    info: DatasetInfo
    table: Table

    def __repr__(self) -> str:
        info = self.info
        signals = f"EEG {info.eeg.n_chans} ch, {info.pps.modality} {info.pps.n_chans} ch"
        simulated = ", simulated" if info.simulated else ""
        return (
            f"<{type(self).__name__} {shorten(info.name)}: {len(self)} windows of {WINDOW_S} s, "
            f"{len(info.subjects)} people, {signals}{simulated}>"
        )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def digest(self) -> str:
        """Return the hash of everything that shaped the windows."""
        return self.info.digest

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
        if target != QUADRANT:
            out[rated] = high(kept[0], self.info.threshold)
        elif self.info.released_quadrants:
            out[rated] = quadrants_released(kept[0], kept[1], self.info.threshold)
        else:
            out[rated] = quadrants(kept[0], kept[1], self.info.threshold)
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
        own = len(self.info.stimuli) + self.table.trial
        shown = np.where(self.table.stimulus == ABSENT, own, self.table.stimulus)
        return np.asarray(shown * (int(self.table.window.max()) + 1) + self.table.window)
