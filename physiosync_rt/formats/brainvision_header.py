"""Read the header and the markers of a BrainVision recording, and find the files that they name.

References
----------
.. [1] Brain Products, BrainVision Core Data Format 1.0,
   https://www.brainproducts.com/support-resources/brainvision-core-data-format-1-0/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from physiosync_rt.errors import UserError

_COMMON = re.compile(r"^\[Common Infos\].*$", re.MULTILINE | re.IGNORECASE)
_CHANNEL = re.compile(r"^(Ch(\d+)\s*=)(.*)$", re.MULTILINE | re.IGNORECASE)
_MARKER = re.compile(r"^Mk\d+\s*=(.*)$", re.MULTILINE | re.IGNORECASE)
_VALUE_BYTES = {"INT_16": 2, "INT_32": 4, "IEEE_FLOAT_32": 4}
_DEFAULT_UNIT = "µV"

EMPTY_MARKERS = "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Marker Infos]\n"


class HeaderChannel(NamedTuple):
    """A channel's name and unit, which is µV where none is stated."""

    name: str
    unit: str


class Marker(NamedTuple):
    """A marker.

    Attributes
    ----------
    kind, text : str
    at, n_samples : int
        First sample, counted from 0, and how many it covers.
    channel : int
        Number of the channel that it concerns, from 1; 0 for all.
    when : float or None
        UNIX time, where it is stated.
    """

    kind: str
    text: str
    at: int
    n_samples: int
    channel: int
    when: float | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a recording.

    Attributes
    ----------
    header : Path
    data, markers : Path or None
        None where it is not there.
    data_name : str
        As the header calls the data file.
    notes : tuple of str
        Files that have other names than the header says, or are missing.
    """

    header: Path
    data: Path | None
    markers: Path | None
    data_name: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The header's text, with what is needed of it beside what MNE reads."""

    text: str

    def field(self, key: str) -> str:
        """Return a field before the channels and comments; empty where there is none."""
        found = re.search(rf"^\s*{key}\s*=\s*(.+?)\s*$", self._settings, re.M | re.I)
        return found[1] if found else ""

    @property
    def _settings(self) -> str:
        return self.text.partition("[Comment]")[0]

    @property
    def channels(self) -> tuple[HeaderChannel, ...]:
        """The channels in order."""
        found = {}
        for _, number, line in _CHANNEL.findall(self._settings):
            fields = [*line.strip().split(","), "", "", ""]
            name = fields[0].replace(r"\1", ",")
            found[int(number)] = HeaderChannel(name, fields[3].strip() or _DEFAULT_UNIT)
        return tuple(found[number] for number in sorted(found))

    def in_microvolts(self, data: Path, markers: Path) -> str:
        """Return the text in UTF-8 with whole paths, and with µV as every channel's unit.

        MNE knows few spellings of units, so numbers are read as they are and converted later.
        """
        settings, comment, rest = self.text.partition("[Comment]")
        for key in ("Codepage", "DataFile", "MarkerFile"):
            settings = re.sub(rf"^{key}\s*=.*$\n?", "", settings, flags=re.M | re.I)
        stated = f"Codepage=UTF-8\nDataFile={data}\nMarkerFile={markers}"
        settings = _COMMON.sub(lambda found: f"{found[0]}\n{stated}", settings)
        return _CHANNEL.sub(_with_microvolts, settings) + comment + rest

    def size_notes(self, data: Path) -> list[str]:
        """Say where the data file does not have the size that the header states.

        Raises
        ------
        UserError
            The channels lie one after the other, and it is not known where each begins.
        """
        n_value = _VALUE_BYTES.get(self.field("BinaryFormat").upper())
        n_chans = self.field("NumberOfChannels")
        if self.field("DataFormat").upper() != "BINARY" or n_value is None or not n_chans.isdigit():
            return []
        n_samples, n_left = divmod(data.stat().st_size, n_value * int(n_chans))
        notes = []
        if n_left:
            notes.append(
                f"{data.name} ends within a sample of its {n_chans} channels; {n_samples} samples "
                f"were read and the last {n_left} bytes left out"
            )
        stated = self.field("DataPoints")
        differs = stated.isdigit() and int(stated) != n_samples
        if self.field("DataOrientation").upper() == "VECTORIZED" and (differs or n_left):
            raise UserError(
                f"{data.name} does not hold the {stated or 'same number of'} samples of each of "
                f"{n_chans} channels that lie in it one after the other, so it is not known where "
                "a channel begins; it was cut off, take another copy"
            )
        if differs:
            notes.append(f"the header states {stated} samples, {data.name} holds {n_samples}")
        return notes


def _with_microvolts(found: re.Match[str]) -> str:
    fields = [*found[3].strip().split(","), "", "", ""]
    return found[1] + ",".join([*fields[:3], _DEFAULT_UNIT])


def read_header(path: Path) -> Header:
    """Read a header in whatever encoding it is."""
    return Header(read_text(path))


def read_text(path: Path) -> str:
    """Read a text of a BrainVision recording: UTF-8, or a code page of Windows."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def find_parts(path: Path, header: Header) -> Parts:
    """Find the files of samples and markers, also where they were renamed with the header."""
    notes: list[str] = []
    data_name = header.field("DataFile")
    data = _find(path, data_name, (".eeg", ".dat", ".avg", ".seg"), notes)
    marker_name = header.field("MarkerFile")
    markers = _find(path, marker_name, (".vmrk", ".amrk"), notes) if marker_name else None
    if marker_name and markers is None:
        notes.append(
            f"{marker_name} is missing beside {path.name}; markers, the start time and breaks are "
            "not known"
        )
    return Parts(path, data, markers, data_name, tuple(notes))


def _find(path: Path, stated: str, suffixes: tuple[str, ...], notes: list[str]) -> Path | None:
    # The name may hold the path of the computer that wrote it.
    name = re.split(r"[\\/]", stated.replace("$b", path.stem))[-1]
    if name and (path.parent / name).is_file():
        return path.parent / name
    own = Path(name).suffix
    for suffix in dict.fromkeys([own, *suffixes]):
        for renamed in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
            if suffix and renamed.is_file():
                notes.append(
                    f"the header names {name}, which is not there; {renamed.name} was read"
                )
                return renamed
    return None


def require_data(parts: Parts) -> Path:
    """Return the data file.

    Raises
    ------
    UserError
        It is missing.
    """
    if parts.data is None:
        name = parts.data_name or "the data file"
        raise UserError(
            f"{parts.header.name}: {name} is missing beside it; copy all files of the recording"
        )
    return parts.data


def parse_markers(text: str) -> list[Marker]:
    """Read the markers of a marker file, in its order."""
    out = []
    for line in _MARKER.findall(text):
        fields = [part.replace(r"\1", ",").strip() for part in line.split(",")]
        fields += [""] * (6 - len(fields))
        kind, label, at, n_samples, channel, when = fields[:6]
        if at.isdigit():
            own = int(channel) if channel.isdigit() else 0
            size = int(n_samples) if n_samples.isdigit() else 0
            out.append(Marker(kind, label, int(at) - 1, size, own, _when(when)))
    return out


def _when(text: str) -> float | None:
    try:
        moment = datetime.strptime(text, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() if text.strip("0") else None
