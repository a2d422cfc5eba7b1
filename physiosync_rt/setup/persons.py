"""The people of a run, as a file or the streams in sight name them; checked before it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import Field

from physiosync_rt.bundle.card import find_bundle, read_card
from physiosync_rt.devices import BrainFlowSettings, load_device
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.baseline import parse_request
from physiosync_rt.setup.conduct import label_problem, next_run
from physiosync_rt.setup.settings import LiveSettings, RunFiles, with_options
from physiosync_rt.sinks.csv_log import check_writable
from physiosync_rt.utils.plain_file import is_there
from physiosync_rt.utils.resources import config_names, find_config
from physiosync_rt.utils.yaml_config import FrozenModel, place_of, read_yaml

MOST_PEOPLE = 200


class PersonEntry(FrozenModel):
    """One person in a persons file; what is left out is as for all.

    Attributes
    ----------
    name : str
        Letters and digits: it names the person's files.
    csv, record : Path, optional
        Files of their own naming.
    """

    name: str
    bundle: str | None = None
    eeg: str | None = None
    pps: str | None = None
    device: str | None = None
    board: BrainFlowSettings | None = None
    file: tuple[Path, ...] | None = None
    subject: str | None = None
    seed: int | None = Field(None, ge=0)
    baseline: str | None = None
    min_quality: float | None = Field(None, ge=0, le=1)
    notes: str | None = None
    csv: Path | None = None
    record: Path | None = None


class PersonsFile(LiveSettings):
    """A persons file: what ``physiosync live`` can be told, for all, and who takes part.

    Attributes
    ----------
    folder : Path
        Where everybody's files are written.
    record_raw : bool
        Whether everybody's raw streams are recorded.
    persons : tuple of PersonEntry
    """

    folder: Path = Path()
    record_raw: bool = False
    persons: tuple[PersonEntry, ...] = Field(min_length=1, max_length=MOST_PEOPLE)


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a run: who, from what, and where to."""

    name: str
    settings: LiveSettings
    files: RunFiles


NOT_FOR_ALL = ("eeg", "pps", "file", "subject", "seed", "csv", "record", "participant", "png")
"""Settings that belong to one person; a run of several has no picture at its end."""

_Where = Callable[[int, str], str]


def is_persons_file(name: str) -> bool:
    """Whether a word names a persons file, and not how the names of streams begin."""
    is_path = Path(name).suffix.lower() in (".yaml", ".yml") or len(Path(name).parts) > 1
    return is_path or is_there(Path(name)) or name in config_names("persons")


def read_persons(name: str, options: Mapping[str, Any]) -> tuple[Person, ...]:
    """Read a persons file, and refuse what cannot be before anything starts.

    Parameters
    ----------
    name : str
        A path, or the name of a shipped file.
    options : mapping
        What the command line says for all; None, False and empty tuples say nothing.

    Raises
    ------
    UserError
        With the line of what cannot be.
    """
    path = find_config("persons", name)
    content = read_yaml(path, PersonsFile)

    def where(k: int, field: str) -> str:
        own, for_all = content.persons[k].model_fields_set, content.model_fields_set
        is_own = field in own or field not in for_all
        return place_of(path, f"persons.{k}.{field}" if is_own else field)

    for field in NOT_FOR_ALL:
        if field in content.model_fields_set:
            raise UserError(
                f"{place_of(path, field)}: {field} belongs to one person; write it below persons"
            )
    return people_of(content, options, where)


def people_of(
    content: PersonsFile, options: Mapping[str, Any], where: _Where
) -> tuple[Person, ...]:
    """Return the people of a file with their settings and files.

    Parameters
    ----------
    content : PersonsFile
    options : mapping
        As in `read_persons`.
    where : callable
        Returns where a field of the person of a place is written.

    Raises
    ------
    UserError
        A person cannot take part as they are written.
    """
    known = {name: value for name, value in options.items() if name in LiveSettings.model_fields}
    for_all = with_options(content, known).model_dump()
    entries = content.persons
    for k, entry in enumerate(entries):
        if problem := label_problem("name", entry.name) or ("" if entry.name else _UNNAMED):
            raise UserError(f"{where(k, 'name')}: {problem}")
    _refuse_twice("name", [entry.name.casefold() for entry in entries], entries, where)
    people = []
    for k, entry in enumerate(entries):
        own = entry.model_dump(exclude_none=True, exclude={"name"})
        settings = LiveSettings.model_validate({**for_all, **own, "participant": entry.name})
        _check(settings, partial(where, k))
        people.append(Person(entry.name, settings, _files(content, entry, settings)))
    for field, keys in _belongings(people):
        _refuse_twice(field, keys, entries, where)
    for k, person in enumerate(people):
        _check_files(person, partial(where, k))
    return tuple(people)


_UNNAMED = "the name is empty; use letters and digits"


def _check(settings: LiveSettings, where: Callable[[str], str]) -> None:
    """Refuse what can be known of settings before anything is loaded."""
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("bundle", lambda: read_card(find_bundle(settings.bundle))),
        ("device", lambda: load_device(settings.device) if settings.device else None),
        ("baseline", lambda: parse_request(settings.baseline) if settings.baseline else None),
        ("name", lambda: _check_source(settings)),
    )
    for field, check in checks:
        try:
            check()
        except UserError as error:
            raise UserError(f"{where(field)}: {error}") from error


def _check_source(settings: LiveSettings) -> None:
    """Refuse a source that does not know whose it is."""
    needed = {"lsl": ("eeg", settings.eeg), "file": ("file", settings.file)}
    field, value = needed.get(settings.source, ("", True))
    if not value:
        raise UserError(f"source {settings.source} needs {field} for each person; write it")


def _files(content: PersonsFile, entry: PersonEntry, settings: LiveSettings) -> RunFiles:
    """Return a person's files, by their name where they are not written."""
    stem = next_run(content.folder, settings.stem)
    record = entry.record
    if record is None and content.record_raw:
        record = content.folder / f"{stem}.xdf"
    return RunFiles(entry.csv or content.folder / f"{stem}.csv", record, settings.outlet)


def _belongings(people: Sequence[Person]) -> Iterator[tuple[str, list[str | None]]]:
    """Yield what only one person can have, by its field, with everybody's."""
    lsl = [person.settings if person.settings.source == "lsl" else None for person in people]
    yield "eeg", [s.eeg.casefold() if s and s.eeg else None for s in lsl]
    yield "pps", [s.pps.casefold() if s and s.pps else None for s in lsl]
    yield (
        "board",
        [repr(s.board) if (s := p.settings).source == "brainflow" else None for p in people],
    )
    for field in ("csv", "record"):
        paths = [getattr(person.files, field) for person in people]
        yield field, [str(path.resolve()).casefold() if path else None for path in paths]


def _refuse_twice(
    field: str, keys: Sequence[str | None], entries: Sequence[PersonEntry], where: _Where
) -> None:
    first: dict[str, int] = {}
    for k, key in enumerate(keys):
        if key is None:
            continue
        if key in first:
            what = {"eeg": "stream", "pps": "stream", "csv": "CSV", "record": "recording"}
            shown = getattr(entries[k], field, None) or key
            raise UserError(
                f"{where(k, field)}: {entries[first[key]].name} and {entries[k].name} have one "
                f"{what.get(field, field)}, {str(shown)!r}; give each person their own"
            )
        first[key] = k


def _check_files(person: Person, where: Callable[[str], str]) -> None:
    """Refuse files that cannot be begun."""
    for field, path in (("csv", person.files.csv), ("record", person.files.record)):
        if path is None:
            continue
        try:
            check_writable(path, f"--{field}")
        except UserError as error:
            raise UserError(f"{where(field)}: {error}") from error
        if field == "record" and path.exists():
            raise UserError(
                f"{where(field)}: {path} exists and recordings are never overwritten; "
                "choose a new name"
            )
