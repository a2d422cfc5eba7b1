"""A lab's own recordings: a folder of files, and a table that says what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, model_validator

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.bundle.contracts import eeg_contract
from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.devices import load_device, map_recording
from physiosync_rt.errors import Faults, UserError
from physiosync_rt.formats.registry import parts, read
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.utils.resources import find_config
from physiosync_training.datasets.base import (
    SIMULATED_PEOPLE_NOTE,
    PreparedData,
    StreamedSource,
    counted,
)
from physiosync_training.datasets.index import DatasetInfo
from physiosync_training.datasets.recordings_table import RecordedFile, find_table, read_table
from physiosync_training.datasets.signals import check_streams
from physiosync_training.datasets.trials import PlannedTrial, Rest, Trial, planned_trials_of
from physiosync_training.loop.progress import Progress

_END_SLACK_S: Final = 1.0

_UNKNOWN: Final = ("?",)
"""Channels of recordings that are not open yet; they play no part in splitting."""


class RecordingsData(StreamedSource):
    """A folder of recordings with a table of their trials (see `datasets.recordings_table`).

    Attributes
    ----------
    path : Path
        Folder of recordings in any format that `replay` reads.
    labels : str
        Table beside the recordings, or the path of one, or the name of one that ships.
    title : str
        What it is, for reports and bundles.
    pps : {"GSR", "ECG"}
        Peripheral modality to use.
    ch_names : tuple of str, optional
        Electrodes; those of the first recording when not given. What another recording lacks is
        interpolated.
    min_electrodes : int, optional
        How many of them a recording, or a stream, must have by name; half by default.
    device : str, optional
        Device description that names channels and units of all files (see ``configs/devices``).
    scale : tuple of float
        Lowest and highest possible rating.
    threshold : float
        Rating from which on a target is high.
    simulated : bool
        Whether the people are simulated.
    ignore_unlisted : bool
        Leave recordings alone that lie in the folder and not in the table.
    meaning : dict of str to Meaning
        What a rating stands for, by the column that carries it, where that is not an emotion.
    limits : tuple of str
        What the recordings cannot show, for the card and the report.
    citation : str
        How whoever made the recordings wants them cited.
    """

    kind: Literal["recordings"]
    path: Path
    labels: str = "labels.csv"
    title: str = ""
    pps: Literal["GSR", "ECG"] = "GSR"
    ch_names: tuple[str, ...] | None = None
    min_electrodes: int | None = Field(None, ge=1)
    device: str | None = None
    scale: tuple[float, float]
    threshold: float
    simulated: bool = False
    ignore_unlisted: bool = False
    meaning: dict[Literal["valence", "arousal"], Meaning] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    citation: str = ""

    @model_validator(mode="after")
    def _threshold_inside(self) -> RecordingsData:
        low, high = self.scale
        if not low < self.threshold <= high:
            raise ValueError(
                f"threshold {self.threshold:g} does not split a scale of {low:g} to {high:g}"
            )
        return self

    def recorded_files(self) -> list[RecordedFile]:
        """Read the table's files by subject, both in its order; UserError names what is wrong."""
        folder = self.path.expanduser()
        table = find_table(folder, self.labels)
        return read_table(table, folder, self.scale, ignore_unlisted=self.ignore_unlisted)

    def files(self) -> list[Path]:
        """Return the table, every part of every recording, and the device description."""
        table = find_table(self.path.expanduser(), self.labels)
        files = [table, *(part for each in self.recorded_files() for part in parts(each.path))]
        return files if self.device is None else [*files, find_config("devices", self.device)]

    def info(self) -> DatasetInfo:
        """Describe the recordings; which channels they have, only their files know."""
        unknown = (
            ModalityContract(modality=Modality(modality), ch_names=_UNKNOWN)
            for modality in ("EEG", self.pps)
        )
        return self._describe(*unknown)

    def planned_trials(self) -> Iterator[PlannedTrial]:
        """Yield the trials of the table."""
        for each in self.recorded_files():
            yield from planned_trials_of(each.segments)

    def prepare(self, scratch: Path, progress: Progress) -> PreparedData:  # noqa: ARG002
        """Prepare file after file; those of one person share their rest."""
        info, people = self.people(progress)

        def trials() -> Iterator[Trial | Rest]:
            for recordings in people:
                yield from self.live_trials_of(recordings, info)

        return PreparedData(info, trials())

    def people(self, progress: Progress) -> tuple[DatasetInfo, Iterator[Iterator[Recording]]]:
        """Describe the recordings, and open them person by person, file by file.

        Raises
        ------
        UserError
            A file is missing or damaged, or the table is not in order.
        """
        files = self.recorded_files()
        info = self._checked(files, progress)
        in_turn = counted(files, len(files), "prepare windows", progress)
        people = (map(self.open, own) for _, own in groupby(in_turn, key=lambda f: f.subject))
        return info, people

    def _checked(self, files: list[RecordedFile], progress: Progress) -> DatasetInfo:
        """Open every file once before the long work, so that all that is wrong is said at once."""
        faults = Faults()
        info: DatasetInfo | None = None
        for file in counted(files, len(files), "check recordings", progress):
            with faults.collect():
                recording = self.open(file)
                if info is None:
                    info = self._describe(*self._contracts(recording))
                check_streams(recording, info.live or self.live, info.eeg, info.pps)
        faults.check()
        assert info is not None, "a table without a file is refused before"
        return info

    def _describe(self, eeg: ModalityContract, pps: ModalityContract) -> DatasetInfo:
        name = self.path.name or "recordings"
        return DatasetInfo(
            name=name,
            title=self.title or f"recordings in {name}",
            profile="live",
            live=self.live,
            eeg=eeg,
            pps=pps,
            subjects=(),
            stimuli=(),
            scale=self.scale,
            threshold=self.threshold,
            simulated=self.simulated,
            notes=(SIMULATED_PEOPLE_NOTE,) if self.simulated else (),
            electrode_out=self.electrode_out,
            left_out=() if eeg.ch_names == _UNKNOWN else self.left_out(eeg),
            meaning=dict(self.meaning),
            limits=self.limits,
            citation=self.citation,
        )

    def open(self, file: RecordedFile) -> Recording:
        """Read a file and put the table's segments on it.

        Raises
        ------
        UserError
            It cannot be read, or ends before a segment does.
        """
        recording = read(file.path)
        if self.device is not None:
            recording = map_recording(load_device(self.device), recording)
        check_ends(file, recording)
        return replace(recording, segments=file.segments, subject=file.subject)

    def _contracts(self, first: Recording) -> tuple[ModalityContract, ModalityContract]:
        """Return the input contracts of a bundle, as the first recording gives them.

        Raises
        ------
        UserError
            It has no stream of the peripheral modality.
        """
        modality = Modality(self.pps)
        streams = first.of(modality)
        if not streams:
            there = ", ".join(sorted({str(s.spec.modality) for s in first.streams}))
            raise UserError(
                f"{first.path.name if first.path else first.subject} has no {modality} stream, "
                f"only {there}; set data.pps to what there is"
            )
        names = self.ch_names or first.of(Modality.EEG)[0].spec.ch_names
        pps = ModalityContract(modality=modality, ch_names=streams[0].spec.ch_names)
        return eeg_contract(names, self.min_electrodes), pps


def check_ends(file: RecordedFile, recording: Recording) -> None:
    """Refuse a recording without EEG, or one that ends before a segment of the table does.

    Raises
    ------
    UserError
        Every such segment, a line each.
    """
    eeg = recording.of(Modality.EEG)
    if not eeg:
        raise UserError(f"{file.path.name} has no EEG stream")
    stamps = eeg[0].timestamps
    length = float(stamps[-1] - stamps[0]) if len(stamps) else 0.0
    faults = Faults()
    for segment, where in zip(file.segments, file.places, strict=True):
        if segment.stop > length + _END_SLACK_S:
            faults.add(
                f"{where}: {file.path.name} is {length:.1f} s long, and a {segment.kind} of "
                f"subject {segment.subject} is to end at {segment.stop:g} s; correct the line"
            )
    faults.check()
