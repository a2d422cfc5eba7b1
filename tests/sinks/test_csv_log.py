"""CSV schema 1 and the JSON beside it."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

import pytest
from helpers.limits import size_limit

from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.errors import UserError
from physiosync_rt.sinks.csv_log import COLUMNS, CsvLog, check_writable
from physiosync_rt.sinks.file_news import FileNews, NewsKind


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


def test_a_marker_is_a_cell_and_not_a_formula(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "run.csv", {})
    texts = ["=1+1", "-5", "-x", "a\x1b[2J\n\ud800b", "x" * 5000]
    for text in texts:
        log.write(_row(marker=text))
    log.close()
    content = (tmp_path / "run.csv").read_bytes()
    assert content.count(b"\n") == 6
    assert b"\x1b" not in content
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["marker"] for row in csv.DictReader(file)]
    assert cells[:4] == ["'=1+1", "-5", "'-x", "a�[2J �b"]
    assert len(cells[4]) == 1000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_log_is_its_persons_alone_and_follows_no_link(tmp_path: Path) -> None:
    victims = {name: tmp_path / f"victim.{name}" for name in ("csv", "json")}
    for name, victim in victims.items():
        (tmp_path / f"run.{name}").symlink_to(victim)
    CsvLog(tmp_path / "run.csv", {}).close()
    for name, victim in victims.items():
        assert not victim.exists()
        assert (tmp_path / f"run_old1.{name}").is_symlink()
        assert (tmp_path / f"run.{name}").stat().st_mode & 0o777 == 0o600


def test_the_json_ends_with_how_the_run_ended(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "run.csv", {"n": 1}, outcome=lambda: {"told": ["a"]})
    assert "ended" not in json.loads((tmp_path / "run.json").read_text())
    log.close()
    run = json.loads((tmp_path / "run.json").read_text())
    assert list(run) == ["schema", "n", "told", "rows", "finished", "ended"]
    assert run["ended"] == "cleanly"
    log = CsvLog(tmp_path / "run.csv", {"n": 2})
    with pytest.raises(UserError), log.ended_by_errors():
        raise UserError("the EEG is lost")
    log.close()
    assert (
        json.loads((tmp_path / "run.json").read_text())["ended"] == "by an error: the EEG is lost"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be moved there")
def test_a_log_that_vanished_goes_on_with_its_json(tmp_path: Path) -> None:
    news: list[FileNews] = []
    seconds = iter(range(1000))
    log = CsvLog(tmp_path / "run.csv", {"n": 1}, tell=news.append, clock=lambda: next(seconds))
    log.write(_row())
    (tmp_path / "run.csv").rename(tmp_path / "mine.csv")
    (tmp_path / "run.json").unlink()
    (tmp_path / "run.json").write_text("another run's")
    log.write(_row())
    # Said on disk at once, should the run be killed.
    assert json.loads((tmp_path / "run-2.json").read_text())["n"] == 1
    log.write(_row())
    log.close()
    assert [each.kind for each in news] == [NewsKind.RENAMED]
    assert (tmp_path / "run.json").read_text() == "another run's"
    run = json.loads((tmp_path / "run-2.json").read_text())
    assert (run["rows"], run["ended"]) == (3, "cleanly")
    lines = {name: (tmp_path / name).read_text().splitlines() for name in ("mine.csv", "run-2.csv")}
    assert [len(each) for each in lines.values()] == [2, 3]
    assert lines["mine.csv"][0] == lines["run-2.csv"][0] == ",".join(COLUMNS)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on the size of files")
def test_a_full_disk_ends_only_what_nobody_watches(tmp_path: Path) -> None:
    watched: list[FileNews] = []
    logs = [CsvLog(tmp_path / "a.csv", {}, tell=watched.append), CsvLog(tmp_path / "b.csv", {})]
    with size_limit(250):
        logs[0].write(_row())
        with pytest.raises(UserError, match=r"cannot go on writing .*b\.csv: File too large"):
            logs[1].write(_row())
        logs[0].close()
        with pytest.raises(UserError, match="cannot go on writing"):
            logs[1].close()
    assert [each.kind for each in watched] == [NewsKind.BLOCKED, NewsKind.UNSAVED]
    assert logs[0].rows == 0
    assert logs[0].file.lost == 1
