"""People by the streams in sight: each EEG whose name begins with a prefix is a person's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.discovery import SeenStream, find
from physiosync_rt.setup.persons import Person, PersonEntry, PersonsFile, people_of

_LOOK_S = 3.0
_OWN_PART = re.compile(r"(.*?)[\W_]*[A-Za-z]*eeg", re.IGNORECASE)
"""Of ``01-SimulatedEEG`` and ``01 EEG`` the ``01``."""


def find_persons(prefix: str, options: Mapping[str, Any]) -> tuple[Person, ...]:
    """Look for streams, and return who sends them.

    Parameters
    ----------
    prefix : str
        Names of people's streams begin with it, in any case.
    options : mapping
        As in `setup.persons.read_persons`.

    Raises
    ------
    UserError
        No EEG in sight begins so, or two people's have one name.
    """
    entries = persons_among(find(options.get("timeout") or _LOOK_S), prefix)
    if not entries:
        raise UserError(
            f"--persons {prefix}: there is no such file, and no EEG stream in sight whose name "
            "begins so; `physiosync streams` lists those in sight"
        )
    content = PersonsFile(persons=tuple(entries))
    return people_of(content, options, lambda _k, _field: f"--persons {prefix}")


def persons_among(streams: Sequence[SeenStream], prefix: str) -> list[PersonEntry]:
    """Return a person for each EEG whose name begins with a prefix, with what else is theirs."""
    mine = [s for s in streams if s.spec.name.casefold().startswith(prefix.casefold())]
    entries = []
    for stream in mine:
        if stream.spec.modality is not Modality.EEG or stream.marker:
            continue
        rest = stream.spec.name[len(prefix) :]
        found = _OWN_PART.fullmatch(rest)
        own = found.group(1) if found and found.group(1) else rest
        pps = [s for s in mine if _is_pps_of(s, stream, prefix + own)]
        name = re.sub(r"[\W_]", "", own) or re.sub(r"[\W_]", "", stream.spec.name)
        entries.append(PersonEntry(name=name, eeg=stream.query, pps=pps[0].query if pps else None))
    return entries


def _is_pps_of(stream: SeenStream, eeg: SeenStream, begin: str) -> bool:
    """Whether a peripheral stream is named like an EEG; what comes in the EEG's own is there."""
    name = stream.spec.name.casefold()
    rest = name.removeprefix(begin.casefold())
    return (
        stream.spec.modality in (Modality.GSR, Modality.ECG)
        and stream.uid != eeg.uid
        and rest != name
        and not rest[:1].isdecimal()
    )
