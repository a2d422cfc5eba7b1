"""CSV schema 1 and the JSON beside it."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import pytest

from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.errors import UserError
from physiosync_rt.sinks.csv_log import COLUMNS, CsvLog, check_writable


def _row(**changes: object) -> Prediction:
    values: dict[str, object] = {
        "index": 7,
        "t_end": 7.0,
        "t_end_lsl": 1234.5,
        "t_end_utc": 0.25,
        "window_s": 5.0,
        "valence": 0.75,
        "arousal": 0.25,
        "quadrant": "HVLA",
        "confidence": 0.7,
        "valid": True,
        "reason": Reason.NONE,
        "modalities": "eeg+gsr",
        "completeness_eeg": 1.0,
        "completeness_pps": 1.0,
        "quality_eeg": 0.9,
        "quality_pps": 1.0,
        "marker": "look, there",
    }
    return Prediction(**{**values, **changes})  # type: ignore[arg-type]


def test_a_row_is_on_disk_at_once(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "run.csv", {"bundle": "b"})
    log.write(_row())
    log.write(
        _row(
            valence=None,
            arousal=None,
            quadrant="",
            confidence=None,
            valid=False,
            reason=Reason.GAP,
            modalities="",
            marker="",
            t_end_utc=None,
        )
    )
    with (tmp_path / "run.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["t_end_utc"] == "1970-01-01T00:00:00.250+00:00"
    assert rows[0]["marker"] == "look, there"
    assert rows[0]["valid"] == "1"
    assert (rows[1]["valence"], rows[1]["valid"], rows[1]["reason"]) == ("", "0", "gap")
    log.close()
    log.close()
    run = json.loads((tmp_path / "run.json").read_text())
    assert (run["schema"], run["bundle"], run["rows"]) == (1, "b", 2)


def test_an_existing_run_is_set_aside_never_overwritten(tmp_path: Path) -> None:
    for n in range(3):
        log = CsvLog(tmp_path / "run.csv", {"n": n})
        log.close()
    runs = {p.name: json.loads(p.read_text())["n"] for p in tmp_path.glob("*.json")}
    assert runs == {"run_old1.json": 0, "run_old2.json": 1, "run.json": 2}
    assert len(list(tmp_path.glob("*.csv"))) == 3


def test_paths_that_cannot_be_written_are_refused_first(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist; create it first"):
        check_writable(tmp_path / "no" / "run.csv")
    with pytest.raises(UserError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(UserError, match=r"end the name in \.csv"):
        check_writable(tmp_path / "run.json")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UserError, match="is not a regular file"):
        check_writable(tmp_path / "pipe.csv")


@pytest.mark.skipif(sys.platform == "win32", reason="there the system itself refuses the rename")
def test_two_runs_do_not_share_a_log(tmp_path: Path) -> None:
    first = CsvLog(tmp_path / "run.csv", {"n": 1})
    with pytest.raises(UserError, match="is being written by another run"):
        CsvLog(tmp_path / "run.csv", {"n": 2})
    first.close()
    assert json.loads((tmp_path / "run.json").read_text())["n"] == 1
    CsvLog(tmp_path / "run.csv", {"n": 2}).close()
    assert json.loads((tmp_path / "run_old1.json").read_text())["n"] == 1
