"""Read a run for its report: the rows of the CSV as arrays, and the facts of the JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.bundle.card import digest, find_bundle, read_card
from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray, shorten
from physiosync_rt.errors import UserError
from physiosync_rt.run_report.facts import RunFacts, read_facts
from physiosync_rt.sinks.file_lock import is_held
from physiosync_rt.sinks.read_log import Log, is_log, read_log, read_run_json
from physiosync_rt.utils.plain_file import require_plain
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.resources import bundle_names, bundle_path

TARGETS: Final = ("valence", "arousal")

SHARES: Final = (
    *("valence", "arousal", "confidence"),
    *("completeness_eeg", "completeness_pps", "quality_eeg", "quality_pps"),
)
"""Columns whose numbers lie in [0, 1]."""

TIMES_MS: Final = ("sample_age_ms", "infer_ms", "latency_ms")
"""Columns in milliseconds."""

_LONGEST_MS: Final = 1e9

_LONGEST_S: Final = 366 * 86400.0
_MOST_WORD: Final = 24
_PERSON: Final = re.compile(r"(?:^|_)sub-([A-Za-z0-9]+)(?:_ses-([A-Za-z0-9]+))?")


@dataclass(frozen=True)
class Run:
    """A run as its files tell it; rows in order of time.

    Attributes
    ----------
    path : Path
        Of the CSV.
    t : float64 array, shape (n_rows,)
        End of each row's window, in seconds from the beginning of the first row's hop.
    hop_s : float
        Seconds from row to row.
    numbers : dict of str to float64 array, shape (n_rows,)
        By column; NaN where the cell is empty.
    valid : bool array, shape (n_rows,)
    reasons, modalities, quadrants, markers : tuple of str
        Cells, as plain text.
    first_utc, last_utc : str
        Empty where nobody knows them.
    facts : RunFacts
    notes : tuple of str
        What was left out of the files, and what they lack.
    is_going_on : bool
        Whether the run still writes the CSV.
    """

    path: Path
    t: FloatArray
    hop_s: float
    numbers: dict[str, FloatArray]
    valid: BoolArray
    reasons: tuple[str, ...]
    modalities: tuple[str, ...]
    quadrants: tuple[str, ...]
    markers: tuple[str, ...]
    first_utc: str
    last_utc: str
    facts: RunFacts
    notes: tuple[str, ...]
    is_going_on: bool

    def __len__(self) -> int:
        return len(self.t)

    @property
    def span_s(self) -> float:
        """Seconds from the beginning of the first row's hop to the end of the last row."""
        return float(self.t[-1]) if len(self) else 0.0

    @property
    def targets(self) -> tuple[str, ...]:
        """Targets that the run has predicted: a number in a row without a prediction is none."""
        return tuple(n for n in TARGETS if (self.valid & np.isfinite(self.numbers[n])).any())

    @cached_property
    def pps(self) -> str:
        """``GSR`` or ``ECG``, whichever the run has, else ``GSR or ECG``."""
        known = [self.facts.pps, *(stream.modality for stream in self.facts.streams)]
        used = {part.upper() for each in set(self.modalities) for part in each.split("+")}
        return next((name for name in (*known, *sorted(used)) if name in ("GSR", "ECG")), _EITHER)

    def name_of(self, target: str) -> str:
        """Return what a target means, which is its own name unless the bundle says otherwise."""
        name, _ = (self.facts.meaning or {}).get(target, (target, ""))
        return name


_EITHER: Final = "GSR or ECG"


def read_run(path: Path, bundle: str | None = None) -> Run:
    """Read a log of predictions and the JSON beside it.

    Parameters
    ----------
    path : Path
        Of the CSV, which may be cut off or still be written.
    bundle : str, optional
        Bundle of the run, by folder or name, for scores that the JSON does not hold.

    Raises
    ------
    UserError
        It is not a log of predictions, cannot be read, or is of another bundle.
    """
    require_log(path)
    log = read_log(path)
    found, note = read_run_json(path)
    facts = _with_scores(read_facts(found), bundle)
    if not facts.person and (named := _PERSON.search(path.stem)):
        words = zip(("participant", "session"), named.groups(), strict=True)
        facts = replace(facts, person={key: word for key, word in words if word})
    run = _rows(path, log, facts)
    extra = [note] if note else []
    if facts.n_rows is not None and facts.n_rows != len(log):
        extra.append(
            f"{path.with_suffix('.json').name} says that the run wrote {facts.n_rows:.0f} rows; "
            f"{path.name} has {len(log)} that can be read"
        )
    return replace(run, notes=(*map(plain_text, log.table.notes), *run.notes, *extra))


def require_log(path: Path) -> None:
    """Refuse what is not a log of predictions.

    Raises
    ------
    UserError
        It is something else, or cannot be opened.
    """
    require_plain(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the CSV of a run in it")
    if not is_log(path):
        raise UserError(
            f"{path.name} is not a log of predictions: expected a CSV that `physiosync live`, "
            "`demo` or `predict` wrote with --csv; recordings are shown by `physiosync inspect`"
        )


def _rows(path: Path, log: Log, facts: RunFacts) -> Run:
    stamps = log.numbers("t_end_lsl")[:, 0]
    table = log.numbers(*SHARES, *TIMES_MS)
    valid = log.numbers("valid")[:, 0] == 1
    order = np.argsort(stamps, kind="stable")
    order = order[np.isfinite(stamps[order])]
    notes = []
    if dropped := len(stamps) - len(order):
        notes.append(f"{dropped} rows without a time were left out")
    if (np.diff(order) < 0).any():
        notes.append("rows were not in order of time; they were sorted")
    stamps, table, valid = stamps[order], table[order], valid[order]
    if n_odd := _leave_out_impossible(table):
        notes.append(f"{n_odd} numbers that cannot be were left out (a probability of 3, say)")
    hop_s = _hop(stamps, facts)
    t = stamps - stamps[0] + hop_s if len(stamps) else stamps
    if len(t) and not t[-1] < _LONGEST_S:
        raise UserError(
            f"{path.name}: its times span {t[-1]:.3g} s, which no run lasts; take the file as the "
            "run wrote it"
        )
    columns = ("t_end_utc", "reason", "modalities", "quadrant", "marker")
    cells = {name: _plain(log.texts(name), order) for name in columns}
    utc = [cell for cell in cells["t_end_utc"] if cell]
    return Run(
        path=path,
        t=t,
        hop_s=hop_s,
        numbers={name: table[:, i] for i, name in enumerate((*SHARES, *TIMES_MS))},
        valid=valid,
        reasons=_words(cells["reason"]),
        modalities=_words(cells["modalities"]),
        quadrants=_words(cells["quadrant"]),
        markers=cells["marker"],
        first_utc=utc[0] if utc else "",
        last_utc=utc[-1] if utc else "",
        facts=facts,
        notes=tuple(notes),
        is_going_on=is_held(path),
    )


def _plain(column: list[str], order: IntArray) -> tuple[str, ...]:
    return tuple(plain_text(column[i]) for i in order)


def _words(cells: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shorten(cell, _MOST_WORD) for cell in cells)


def _leave_out_impossible(table: FloatArray) -> int:
    """Make NaN of what is no share and no time, in place; return how many there were."""
    least = np.array([0.0] * len(SHARES) + [-_LONGEST_MS] * len(TIMES_MS))
    most = np.array([1.0] * len(SHARES) + [_LONGEST_MS] * len(TIMES_MS))
    odd = (table < least) | (table > most)
    table[odd] = np.nan
    return int(odd.sum())


def _hop(stamps: FloatArray, facts: RunFacts) -> float:
    """Return the seconds from row to row.

    Most rows follow the one before without a gap; where few do, the JSON says it.
    """
    stated = facts.hop_s if facts.hop_s and 0 < facts.hop_s <= 60 else None
    steps = np.diff(stamps)
    steps = np.sort(steps[steps > 0])
    if not len(steps):
        return stated or 1.0
    usual = float(steps[(len(steps) - 1) // 2])
    hops = usual / stated if stated else 0.0
    return stated if stated and hops >= 1 and abs(hops - round(hops)) < 0.02 else usual


def _with_scores(facts: RunFacts, bundle: str | None) -> RunFacts:
    """Add the scores of the bundle's card, where it is the bundle of the run.

    Raises
    ------
    UserError
        The bundle that was named cannot be read, or is another one.
    """
    if bundle is None:
        if facts.scores or facts.name not in bundle_names():
            return facts
        folder = bundle_path(facts.name)
        if digest(folder) != facts.digest:
            return facts
        return replace(facts, scores=read_card(folder).scores)
    folder = find_bundle(bundle)
    card, found = read_card(folder), digest(folder)
    if facts.digest and found != facts.digest:
        raise UserError(
            f"--bundle {bundle} has the hash {found}, but the run was made with {facts.name} "
            f"({facts.digest}); give the bundle of the run, or none"
        )
    return replace(
        facts,
        scores=card.scores,
        name=facts.name or card.name,
        title=facts.title or card.headline,
        digest=facts.digest or found,
        trained_on=facts.trained_on or card.trained_on,
        simulated=card.simulated if facts.simulated is None else facts.simulated,
    )
