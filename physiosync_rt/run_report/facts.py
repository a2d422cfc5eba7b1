"""What the JSON beside a log says of a run; each part is checked, for anybody may edit it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final

from pydantic import ValidationError

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.card import Score
from physiosync_rt.datatypes import shorten
from physiosync_rt.sinks.csv_log import COUNT_KEYS
from physiosync_rt.utils.plain_text import plain_text

MOST_CHARS: Final = 300
"""So much of one text is shown."""

_MOST_ENTRIES: Final = 1000
_STATS_KEYS: Final = {"after_deadline": "dropped", **COUNT_KEYS}


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """A stream of the run: what it declared and what became of its samples.

    ``stats`` is None where the run did not end by itself.
    """

    name: str
    modality: str
    n_channels: int
    sfreq: float | None
    unit: str
    source_id: str
    stats: StreamStats | None


@dataclass(frozen=True, slots=True)
class Rest:
    """Stretch that the rest was asked for, in seconds from the first EEG sample."""

    start_s: float
    stop_s: float | None
    need_s: float


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run besides its rows; None or empty where the JSON does not say it.

    Attributes
    ----------
    is_known : bool
        Whether there is a JSON that can be read.
    name, title, digest, trained_on : str
        Of the bundle.
    simulated : bool or None
        Whether the bundle was trained on simulated signals.
    meaning : dict of str to (str, str)
        What a target means, where the bundle says that it is not emotion: in a word or two, and
        with what low and high are.
    margin : float or None
        Distance from one half within which no quadrant is said.
    no_proof : bool
        Whether the bundle was calibrated with the recording of the run.
    scores : tuple of Score
    started, finished, ended : str
    is_complete : bool
        Whether the JSON was written at the end of the run.
    hop_s, min_quality : float or None
    profile : str
    pps : str
        Modality that the bundle takes beside EEG; empty where it takes none.
    n_electrodes : int
        Of the bundle.
    interpolated : tuple of str
        Electrodes of the bundle that the stream does not have.
    streams : tuple of StreamFacts
    baseline_from : str
    rest : Rest or None
    events : tuple of (float or None, str)
        Seconds from the first EEG sample, and the sentence.
    told : tuple of str
        The sentences of a run whose JSON has no events.
    bad_electrodes_s : dict of str to float
    left_out : dict of str to float
        Rows from one modality, by what was missing and why.
    not_written : dict of str to float
    behind_s : float
    n_rows : float or None
        Rows that the run wrote.
    settings, versions : dict of str to str
    person : dict of str to str
        Participant, session and notes.
    """

    is_known: bool = False
    name: str = ""
    title: str = ""
    digest: str = ""
    trained_on: str = ""
    simulated: bool | None = None
    meaning: dict[str, tuple[str, str]] | None = None
    margin: float | None = None
    no_proof: bool = False
    scores: tuple[Score, ...] = ()
    started: str = ""
    finished: str = ""
    ended: str = ""
    is_complete: bool = False
    hop_s: float | None = None
    min_quality: float | None = None
    profile: str = ""
    pps: str = ""
    n_electrodes: int = 0
    interpolated: tuple[str, ...] = ()
    streams: tuple[StreamFacts, ...] = ()
    baseline_from: str = ""
    rest: Rest | None = None
    events: tuple[tuple[float | None, str], ...] = ()
    told: tuple[str, ...] = ()
    bad_electrodes_s: dict[str, float] | None = None
    left_out: dict[str, float] | None = None
    not_written: dict[str, float] | None = None
    behind_s: float = 0.0
    n_rows: float | None = None
    n_logs: int = 1
    settings: dict[str, str] | None = None
    versions: dict[str, str] | None = None
    person: dict[str, str] | None = None

    @property
    def command(self) -> str:
        """The command that made the run, where it says so."""
        return (self.settings or {}).get("command", "")


def read_facts(run: dict[str, Any] | None) -> RunFacts:
    """Take from a run's JSON what a report shows, whatever else is in it.

    Parameters
    ----------
    run : dict or None
        As the file holds it; None where there is none.
    """
    if run is None:
        return RunFacts()
    bundle, contract = _dict(run.get("bundle")), _dict(run.get("contract"))
    profile, eeg = _dict(contract.get("profile")), _dict(contract.get("eeg"))
    settings = _dict(run.get("settings"))
    simulated = bundle.get("simulated")
    asked_quality = _number(settings.get("min_quality"))
    return RunFacts(
        is_known=True,
        name=_text(bundle.get("name")),
        title=_text(bundle.get("title")),
        digest=_text(bundle.get("hash")),
        trained_on=_text(bundle.get("trained_on")),
        simulated=simulated if isinstance(simulated, bool) else None,
        meaning=_meaning(bundle.get("meaning")),
        margin=_number(bundle.get("margin")),
        no_proof=run.get("no_proof") is True,
        scores=tuple(_scores(bundle.get("scores"))),
        started=_text(run.get("started")),
        finished=_text(run.get("finished")),
        ended=_text(run.get("ended")),
        is_complete="streams_seen" in run,
        hop_s=_number(contract.get("hop_s")),
        min_quality=_number(profile.get("min_quality")) if asked_quality is None else asked_quality,
        profile=_text(profile.get("profile")),
        pps=_text(_dict(contract.get("pps")).get("modality")),
        n_electrodes=len(_list(eeg.get("ch_names"))),
        interpolated=tuple(map(_text, _list(contract.get("interpolated")))),
        streams=tuple(_streams(run)),
        baseline_from=_text(run.get("baseline_from")),
        rest=_rest(_dict(run.get("rest"))),
        events=tuple(_events(run.get("events"))),
        told=tuple(map(_text, _list(run.get("told")))),
        bad_electrodes_s=_numbers(run.get("electrodes_bad_s")),
        left_out=_numbers(run.get("left_out")),
        not_written=_numbers(run.get("not_written")),
        behind_s=_number(run.get("behind_s")) or 0.0,
        n_rows=_number(run.get("rows")),
        n_logs=sum("rows" in _dict(file) for file in _list(run.get("files"))),
        settings=_texts(settings),
        versions=_texts(run.get("versions")),
        person={
            key: said
            for key in ("participant", "session", "notes")
            if (said := _text(run.get(key, settings.get(key))))
        },
    )


def _streams(run: dict[str, Any]) -> Iterator[StreamFacts]:
    seen = _dict(run.get("streams_seen"))
    for stream in map(_dict, _list(run.get("streams"))):
        counts = seen.get(str(stream.get("name")))
        yield StreamFacts(
            name=_text(stream.get("name")) or "a stream without a name",
            modality=_text(stream.get("modality")),
            n_channels=len(_list(stream.get("ch_names"))),
            sfreq=_number(stream.get("sfreq")),
            unit=_text(stream.get("unit")),
            source_id=_text(stream.get("source_id")),
            stats=_stats(counts) if isinstance(counts, dict) else None,
        )


def _stats(counts: dict[str, Any]) -> StreamStats:
    """Return the record of which `live.run_log` wrote the counts."""
    found: dict[str, Any] = {}
    for field in fields(StreamStats):
        value = _number(counts.get(_STATS_KEYS.get(field.name, field.name)))
        if value is not None and isinstance(field.default, int) and field.default is not False:
            found[field.name] = max(int(value), 0)
        elif value is not None and field.name in ("sfreq_effective", "jitter_ms", "drift_ppm"):
            found[field.name] = value
    return StreamStats(**found)


def _meaning(value: object) -> dict[str, tuple[str, str]]:
    """Return what targets mean; a run writes ``name: low = ..., high = ...`` of each."""
    return {
        target: (name.strip(), whole)
        for target, whole in _texts(value).items()
        if (name := whole.partition(":")[0]).strip()
    }


def _scores(value: object) -> Iterator[Score]:
    for entry in _list(value):
        try:
            score = Score.model_validate(entry)
        except ValidationError:
            continue
        numbers = (score.value, score.ci_low, score.ci_high)
        if all(each is None or math.isfinite(each) for each in numbers):
            yield score


def _rest(rest: dict[str, Any]) -> Rest | None:
    start, need = _number(rest.get("start_s")), _number(rest.get("need_s"))
    if start is None or need is None:
        return None
    return Rest(start, _number(rest.get("stop_s")), need)


def _events(value: object) -> Iterator[tuple[float | None, str]]:
    for entry in map(_dict, _list(value)):
        if said := _text(entry.get("said")):
            yield _number(entry.get("row_s")), said


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value[:_MOST_ENTRIES] if isinstance(value, list) else []


def _text(value: object) -> str:
    """Return a value as one line of plain text; empty for None and for what holds others."""
    if value is None or isinstance(value, dict | list):
        return ""
    return shorten(plain_text(str(value)), MOST_CHARS)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _texts(value: object) -> dict[str, str]:
    """Return the entries of a dict as text; those of a list are joined."""
    found: dict[str, str] = {}
    for key, entry in list(_dict(value).items())[:_MOST_ENTRIES]:
        parts = map(_text, entry) if isinstance(entry, list) else (_text(entry),)
        if said := shorten(", ".join(filter(None, parts)), MOST_CHARS):
            found[_text(key)] = said
    return found


def _numbers(value: object) -> dict[str, float]:
    entries = ((_text(key), _number(entry)) for key, entry in _dict(value).items())
    return {key: entry for key, entry in entries if entry is not None}
