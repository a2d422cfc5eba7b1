"""What every data set offers training: its files, an index of its windows, its trials.

A data set is one class in one file of this folder: its settings are the class's fields, as a
person writes them in YAML below ``data``. `physiosync_training.datasets.registry` finds it by
``kind``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import Field

from physiosync_rt.datatypes import Recording
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.datasets.index import N_TIMES, WINDOW_S, DatasetInfo, WindowIndex
from physiosync_training.datasets.live_trials import left_out, live_trials
from physiosync_training.datasets.trials import PlannedTrial, Rest, TableBuilder, Trial
from physiosync_training.loop.progress import Progress

T = TypeVar("T")

MOST_LEFT_OUT: Final = 8
"""Electrodes of which each can be left out in turn: every one adds two copies of the EEG."""

SIMULATED_PEOPLE_NOTE: Final = (
    "simulated people: this shows how the procedure behaves, and nothing about emotion"
)


@dataclass(frozen=True, slots=True)
class PreparedData:
    """A data set whose files are open.

    Attributes
    ----------
    info : DatasetInfo
        But for the names of subjects and stimuli and the digest, which are filled in later.
    trials : iterator of Trial or Rest
        One by one; each is preprocessed when it is asked for.
    """

    info: DatasetInfo
    trials: Iterator[Trial | Rest]


class DataSource(FrozenModel, ABC):
    """A data set as a configuration names it.

    Attributes
    ----------
    kind : str
        Which data set; a literal of its own in every subclass.
    live : LiveProfile
        Settings of profile ``live``.
    """

    kind: str
    live: LiveProfile = LiveProfile()

    @abstractmethod
    def files(self) -> list[Path]:
        """Files that the data set is made from; their content is part of its hash.

        Raises
        ------
        UserError
            They are missing.
        """

    @abstractmethod
    def info(self) -> DatasetInfo:
        """Describe the data set as far as it is known before a file is opened.

        The number of channels and the scale of the ratings must be right; names may be missing.
        """

    @abstractmethod
    def planned_trials(self) -> Iterator[PlannedTrial]:
        """Trials that the data set has if no signal is bad, before any is read.

        Raises
        ------
        UserError
            Files are missing, or a table of labels is not in order.
        """

    @abstractmethod
    def prepare(self, scratch: Path, progress: Progress) -> PreparedData:
        """Open the data set, and give its trials one by one.

        Parameters
        ----------
        scratch : Path
            Empty folder for files of simulated people.
        progress : callable

        Raises
        ------
        UserError
            Files are missing or damaged, or labels are not in order.
        """

    @property
    def ratings_are_planned(self) -> bool:
        """Whether `planned_trials` knows the ratings; otherwise only the files do."""
        return True

    def index(self) -> WindowIndex:
        """Tell which windows there will be before any of them is prepared.

        What can be known early is refused early: too few people, trials or classes. There may be
        fewer windows in the end: where a signal has gaps, or in files that hold less than the
        data set's number of subjects or trials.

        Raises
        ------
        UserError
            As `planned_trials`; there is no window, or none is rated.
        """
        builder = TableBuilder()
        for label, length_s in self.planned_trials():
            builder.add(label, [(0, int(length_s // WINDOW_S) * N_TIMES)])
        info = self.info().model_copy(
            update={"subjects": tuple(builder.subjects), "stimuli": tuple(builder.stimuli)}
        )
        return WindowIndex(info, builder.table(info.title, rated=self.ratings_are_planned))

    def live_trials_of_each(
        self, recordings: Iterable[Recording], info: DatasetInfo
    ) -> Iterator[Trial | Rest]:
        """Trials through the live pipeline, of recordings that are each of another person."""
        for recording in recordings:
            yield from live_trials([recording], self.live, info.eeg, info.pps)


class StreamedSource(DataSource):
    """A data set whose signals always go through the live pipeline.

    Attributes
    ----------
    electrode_out : float
        Share of training windows, in [0, 1], of which one electrode is left out as a live run
        leaves out a bad one; scores then also tell what a bundle is worth without each of them.
    """

    electrode_out: float = Field(0.0, ge=0, le=1)

    def left_out(self, eeg: ModalityContract) -> tuple[str, ...]:
        """Return the ways in which an electrode is left out; none where that is not asked for.

        Raises
        ------
        UserError
            There are too many electrodes, or a stream could not do without one of them.
        """
        if not self.electrode_out:
            return ()
        n = eeg.n_chans
        if n > MOST_LEFT_OUT:
            raise UserError(
                f"data.electrode_out: signals without each of {n} electrodes would take {2 * n} "
                f"times the room; it is for {MOST_LEFT_OUT} electrodes or fewer, of more set it "
                "to 0"
            )
        if eeg.min_electrodes >= n:
            raise UserError(
                f"data.electrode_out: min_electrodes is {eeg.min_electrodes} of {n}, so a stream "
                f"cannot do without one; set data.min_electrodes to {n - 1} or less"
            )
        return left_out(eeg)

    def live_trials_of(
        self, recordings: Iterable[Recording], info: DatasetInfo
    ) -> Iterator[Trial | Rest]:
        """Trials through the live pipeline, of recordings of one person."""
        leave_out = bool(info.left_out)
        return live_trials(recordings, self.live, info.eeg, info.pps, leave_out=leave_out)


def counted(items: Iterable[T], n: int, what: str, progress: Progress) -> Iterator[T]:
    """Report each item when the next one is asked for."""
    for k, item in enumerate(items):
        yield item
        progress(what, k + 1, n)
