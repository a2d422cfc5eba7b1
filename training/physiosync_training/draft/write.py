"""The two files that a person completes: a configuration with a comment on every line, a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from physiosync_training.datasets.recordings_rows import OPTIONAL, REQUIRED
from physiosync_training.draft.plan import Line
from physiosync_training.draft.survey import Common

_LEAST_PEOPLE: Final = 3
_MOST_FOLDS: Final = 5
_TARGETS: Final = ("valence", "arousal")
_SCALES: Final = ((0.0, 1.0, 0.5), (1.0, 5.0, 3.0), (1.0, 9.0, 5.0), (0.0, 10.0, 5.0))
"""Lowest and highest rating of common scales, and from where on a rating is high."""

_COMMENT_AT: Final = 34
_USUAL: Final = (1.0, 9.0, 5.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Lowest and highest rating, and the lowest high one."""

    low: float
    high: float
    threshold: float


def table_text(lines: Sequence[Line]) -> str:
    """Write the table of the recordings."""
    out = io.StringIO()
    table = csv.DictWriter(out, (*REQUIRED, *OPTIONAL), lineterminator="\n")
    table.writeheader()
    table.writerows(line.cells() for line in lines)
    return out.getvalue()


def guess_scale(lines: Sequence[Line]) -> Scale:
    """Guess the scale of the ratings that markers state; 1 to 9 where they state none."""
    ratings = [r for each in lines for r in (each.valence, each.arousal) if r is not None]
    if not ratings:
        return Scale(*_USUAL)
    low, high = min(ratings), max(ratings)
    for scale in _SCALES:
        if scale[0] <= low and high <= scale[1]:
            return Scale(*scale)
    return Scale(min(low, 0.0), high, (min(low, 0.0) + high) / 2)


def config_text(
    name: str,
    folder: Path,
    common: Common,
    lines: Sequence[Line],
    how: str,
    device: str | None,
) -> str:
    """Write the configuration.

    Parameters
    ----------
    name : str
    folder : Path
        Of the recordings.
    common : Common
    lines : sequence of Line
        Of the table.
    how : str
        What the guess of whose a recording is rests on.
    device : str, optional
        Device description of all files.
    """
    scale, trials = guess_scale(lines), [line for line in lines if line.kind == "trial"]
    rated = [t for t in _TARGETS if any(getattr(line, t) is not None for line in trials)]
    people: dict[str, dict[str, None]] = {}
    for line in lines:
        people.setdefault(line.subject, {})[line.file] = None
    stated = "of the ratings in markers" if rated else "a guess: no marker states a rating"
    protocol, why = _protocol(people, trials)
    table = folder / "labels.csv"
    simulated = all(each.simulated for each in common.recordings)
    head = [
        "Train on your own recordings:",
        f"  physiosync train --config {name}.yaml --out runs/{name}",
        f"Before that, complete {table}:",
        *(f"  - {each}" for each in _to_do(lines, rated)),
        f"People, guessed from {how}; where that is wrong, correct the column subject:",
        *(f"  {who}: {', '.join(files)}" for who, files in people.items()),
    ]
    if common.left_out:
        head += ["Recordings that are left out:"]
        head += [f"  {file}: {said}" for file, said in common.left_out]
    body = [
        (f"name: {name}", "of the bundle that comes out"),
        (f"title: {_text(f'Trained on {folder.name}')}", "as views and reports show it"),
        ("data:", ""),
        ("  kind: recordings", "a folder of recordings and a table"),
        (f"  path: {_text(str(folder))}", "the folder; change it where that moves"),
        ("  labels: labels.csv", "the table in it: what is shown from when to when"),
        *([(f"  device: {_text(device)}", "names channels and units")] if device else []),
        (f"  pps: {common.pps}", "the other signal, GSR or ECG; all recordings have it"),
        (
            "  # Electrodes that all recordings have; live, a headset needs half of them by name.",
            "",
        ),
        (f"  ch_names: [{', '.join(map(_name, common.electrodes))}]", ""),
        (f"  scale: [{scale.low:g}, {scale.high:g}]", f"lowest and highest rating, {stated}"),
        (f"  threshold: {scale.threshold:g}", "ratings from here on are high, others low"),
        (f"  simulated: {str(simulated).lower()}", "whether the people are simulated"),
        (
            f"  ignore_unlisted: {str(bool(common.left_out)).lower()}",
            "whether recordings that the table does not name are left alone",
        ),
        ("protocols:", ""),
        (f"  # {why}", ""),
        (f"  - {protocol}", ""),
        ("networks:", ""),
        ("  - {preset: compact}", "a small network, for few people"),
        ("finetune:", ""),
        (
            f"  targets: [{', '.join(rated or _TARGETS)}]",
            "what is predicted; take out what has no ratings",
        ),
        ("  epochs: 12", "times that all windows are seen"),
        ("  windows: 4", "drawn from each 5 s of a trial, anywhere in it"),
        ("  warmup_steps: 10", "steps until the full learning rate"),
        ("  head_epochs: 6", "epochs of the heads for EEG alone and the other signal alone"),
        ("random_offsets: true", "windows begin anywhere in a trial, as they do live"),
        ("seed: 0", "of all random numbers; the same seed gives the same run"),
        ("device: auto", "a GPU where there is one"),
        ("bundles: first", "whose model becomes the bundle: that of the first fold"),
    ]
    rows = [f"{code:<{_COMMENT_AT}} # {said}" if said else code for code, said in body]
    return "\n".join([*(f"# {each}" for each in head), *rows, ""])


def _to_do(lines: Sequence[Line], rated: Sequence[str]) -> list[str]:
    """Say what only a person can fill in."""
    trials = [line for line in lines if line.kind == "trial"]
    unrated = sum(line.valence is None and line.arousal is None for line in trials)
    unknown = [line.subject for line in lines if line.start is None]
    guessed = [line.subject for line in lines if line.note.startswith("guess")]
    said = []
    if unknown:
        said.append(f"start and stop of the rest (? in the table) of {', '.join(unknown)}")
    if guessed:
        said.append(f"check the rest of {', '.join(guessed)}, a guess (see the column note)")
    if unrated and not rated:
        said.append("valence or arousal of every trial; no marker states a rating")
    elif unrated:
        said.append(
            f"valence or arousal of {unrated} of {len(trials)} trials; without one they are not "
            "trained on"
        )
    return said or ["nothing is missing; look it over"]


def _protocol(people: Collection[str], trials: Sequence[Line]) -> tuple[str, str]:
    """Choose how to split, and say why."""
    n = len(people)
    if n >= _LEAST_PEOPLE:
        folds = min(n, _MOST_FOLDS)
        validation = f"validation: {max(0.15, 1 / (n - n // folds)):.2f}"
        return (
            f"{{protocol: subject, folds: {folds}, {validation}}}",
            f"{n} people: each is tested by a network that never saw them.",
        )
    units = len({line.stimulus or f"{line.subject} {line.trial}" for line in trials})
    folds = max(2, min(units, _MOST_FOLDS))
    who = "one person" if n == 1 else f"{n} people"
    return (
        f"{{protocol: trial, folds: {folds}, validation: 0.25}}",
        f"{who}: stimuli are held out, and scores say nothing about other people (3 are needed).",
    )


def _text(value: str) -> str:
    """Quote a text so that YAML reads it as it is."""
    return json.dumps(value, ensure_ascii=False)


def _name(electrode: str) -> str:
    """Quote an electrode where YAML would read something else."""
    return electrode if electrode.isalnum() and not _is_word(electrode) else _text(electrode)


def _is_word(text: str) -> bool:
    return text.lower() in ("no", "on", "off", "yes", "y", "n", "true", "false", "null") or (
        text.isdecimal()
    )
