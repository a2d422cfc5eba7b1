"""Logs of runs with known rows, as `CsvLog` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from helpers.snapshots import SCORES, make_row

from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.sinks.csv_log import CsvLog

BUNDLE = {
    "name": "own",
    "title": "A bundle of ours",
    "hash": "0123456789ab",
    "trained_on": "20 people who watched films",
    "simulated": False,
    "scores": [score.model_dump(mode="json") for score in SCORES],
}
RUN: dict[str, Any] = {
    "started": "2026-09-21T14:13:10+00:00",
    "bundle": BUNDLE,
    "contract": {
        "eeg": {"modality": "EEG", "ch_names": ["F3", "F4", "C3", "C4"]},
        "pps": {"modality": "GSR", "ch_names": ["GSR"]},
        "profile": {"profile": "live", "min_quality": 0.5},
        "hop_s": 1.0,
        "interpolated": ["C4"],
    },
    "streams": [
        {"name": "Muse", "modality": "EEG", "ch_names": ["F3", "F4", "C3"], "sfreq": 256.0}
        | {"unit": "uV", "source_id": "muse-1", "host": "lab"},
    ],
    "baseline_from": "8 s from 0 s",
    "rest": {"start_s": 0.0, "stop_s": None, "need_s": 8.0},
    "settings": {"bundle": "own", "csv": "run.csv"},
    "versions": {"physiosync-rt": "0.1.0", "numpy": "2.4"},
    "streams_seen": {"Muse": {"received": 9873, "lost": 127, "gaps": 1, "jitter_ms": 2.5}},
    "electrodes_bad_s": {"F3": 4},
    "left_out": {"GSR low_quality": 6},
    "not_written": {"rows": 0},
    "behind_s": 0.0,
    "events": [
        {"row_s": 20.0, "said": "Muse lost 127 samples (0.5 s)"},
        {"row_s": None, "said": "this holds for the whole run"},
    ],
}


def rows_of(reasons: Sequence[str | None], **changed: Any) -> list[Prediction]:
    """Make a row for each reason: None a whole one, else one that is withheld or from EEG alone.

    ``changed`` replaces fields of all rows.
    """
    rows = []
    for index, word in enumerate(reasons, 1):
        reason = Reason(word or "")
        alone = reason is Reason.NO_PPS
        valid = reason is Reason.NONE or alone
        row = make_row(index, reason=reason, valid=valid, modalities="eeg" if alone else "eeg+gsr")
        rows.append(replace(row, **changed) if changed else row)
    return rows


PLAN = (
    *["warming_up"] * 3,
    *["no_baseline"] * 6,
    *[None] * 10,
    *["gap"] * 5,
    *[None] * 4,
    *["no_pps"] * 6,
    *[None] * 3,
    *["low_quality"] * 2,
    None,
)
"""Reasons of a run of forty rows: four stretches without a prediction, one from EEG alone."""


def write_run(
    path: Path, rows: Sequence[Prediction], run: dict[str, Any] | None = RUN, *, close: bool = True
) -> CsvLog:
    """Write a CSV, and the JSON beside it unless ``run`` is None."""
    log = CsvLog(path, run or {})
    for row in rows:
        log.write(row)
    if close:
        log.close()
    if run is None:
        path.with_suffix(".json").unlink()
    return log
