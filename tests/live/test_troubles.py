"""Trouble with files never ends a run: it is said in every view, waited out, and stated after."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
import time
from pathlib import Path

import pytest
from helpers.limits import size_limit
from rich.console import Console

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.events import EventKind
from physiosync_rt.setup.csv_output import start_log
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sinks.lasting_file import LOOK_S, RETRY_S
from physiosync_rt.sources.simulated import SimulatedSource
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.summary import run_summary
from physiosync_rt.views.terminal import TerminalView

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="limits and moved files are POSIX's"
)
RUN_S = 40.0


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(load_bundle("demo-muse"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "study"
    made.mkdir()
    return made


class Run:
    """A run as fast as it goes, with a CSV and a recording, made step by step."""

    def __init__(self, predictor: Predictor, folder: Path) -> None:
        names = predictor.bundle.card.eeg.ch_names
        person = PersonStream(Person.draw(2), seed=2, ch_names=names, ecg_sfreq=0, rest_s=10.0)
        source = SimulatedSource(person, duration_s=RUN_S, paced=False)
        self.engine = Engine(source, predictor)
        self.engine.open()
        self.log: CsvLog = start_log(self.engine, folder / "run.csv", {})
        self.engine.record(folder / "raw.xdf")

    def until(self, rows: int) -> None:
        while self.engine.state.rows < rows and self.engine.step():
            pass

    def finish(self) -> str:
        self.until(1000)
        self.engine.close()
        return run_summary(self.engine.state)

    @property
    def notice(self) -> str:
        self.engine.step()
        assert self.engine.snapshot is not None
        return notice_text(self.engine.snapshot.events)

    @property
    def terminal(self) -> str:
        console = Console(file=io.StringIO(), force_terminal=True, width=100, height=40)
        with console.capture() as shown:
            console.print(TerminalView(lambda: None, console).render(self.engine.snapshot))
        return " ".join(shown.get().split())


def _rows(path: Path) -> list[str]:
    with path.open(newline="") as file:
        return [row["t_end_lsl"] for row in csv.DictReader(file)]


def test_a_full_disk_is_said_and_waited_out(predictor, folder) -> None:
    run = Run(predictor, folder)
    run.until(12)
    with size_limit((folder / "run.csv").stat().st_size + 50):
        run.until(20)
        for name in ("run.csv", "raw.xdf"):
            said = f"{name} cannot be written (File too large)"
            assert said in run.notice
            assert "cannot be written" in run.terminal
        # A stream's own trouble does not hide it, nor does time.
        time.sleep(RETRY_S + 0.1)
    run.until(30)
    assert "is written again after" in run.notice
    assert "nothing is lost" in run.notice
    summary = run.finish()
    assert summary.splitlines()[0].endswith(
        f"; wrote {folder / 'run.csv'} and {folder / 'raw.xdf'}"
    )
    assert "lost" not in summary.splitlines()[-1]
    assert len(_rows(folder / "run.csv")) == run.engine.state.rows == RUN_S - 1
    recording = read(folder / "raw.xdf")
    assert recording.notes == ()
    assert recording.streams[0].timestamps[-1] > RUN_S - 0.1
    said = json.loads((folder / "run.json").read_text())
    assert (list(said)[-1], said["ended"]) == ("ended", "cleanly")
    assert said["not_written"] == {"rows": 0, "samples": 0}
    assert [each["place"] for each in said["files"]] == ["here", "here"]
    assert sum("is written again after" in text for text in said["told"]) == 2


def test_what_a_full_disk_has_cost_is_stated(predictor, folder) -> None:
    run = Run(predictor, folder)
    run.until(12)
    with size_limit((folder / "run.csv").stat().st_size + 50):
        summary = run.finish()
        written = len(_rows(folder / "run.csv"))
    lost = run.engine.state.rows - written
    assert 25 < lost < 29
    last = summary.splitlines()[-3:]
    assert last[0] == f"{folder / 'run.csv'}: {lost} rows could not be written and are lost"
    assert last[1].startswith(f"{folder / 'raw.xdf'}: ")
    assert last[2] == f"{folder / 'run.json'} could not be completed: File too large"
    assert "ended" not in json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("what", ["removed", "renamed", "file"])
def test_a_folder_or_file_that_vanishes_is_said_and_begun_again(predictor, folder, what) -> None:
    run = Run(predictor, folder)
    run.until(12)
    before = run.log.rows
    if what == "removed":
        shutil.rmtree(folder)
    elif what == "renamed":
        folder.rename(folder.with_name("elsewhere"))
    else:
        (folder / "run.csv").rename(folder / "mine.csv")
    time.sleep(LOOK_S + 0.1)
    run.until(14)
    word = "was removed or replaced" if what == "removed" else "was renamed or moved"
    assert f"run.csv {word}" in run.notice
    assert "the run goes on in run-2.csv" in run.notice
    assert run.engine.snapshot.csv_path == str(folder / "run-2.csv")
    # On disk at once, should the run be killed now.
    assert "told" in json.loads((folder / "run-2.json").read_text())
    summary = run.finish()
    kept = RUN_S - 1 - before
    assert len(_rows(folder / "run-2.csv")) == kept
    assert not (folder / "run.csv").exists()
    raw = "raw.xdf" if what == "file" else "raw-2.xdf"
    first, *_, last = summary.splitlines()
    assert first.endswith(f"; wrote {folder / 'run-2.csv'} and {folder / raw}")
    assert f"{folder / 'run.csv'} {word} during the run, {before} rows " in summary
    assert last.startswith(str(folder / ("run.csv" if what == "file" else "raw.xdf")))
    assert read(folder / raw).notes == ()
    said = json.loads((folder / "run-2.json").read_text())
    assert said == json.loads((folder / "run.json").read_text())
    assert said["files"][0] == {
        "path": str(folder / "run.csv"),
        "rows": before,
        "place": "removed" if what == "removed" else "renamed",
    }
    assert said["not_written"]["rows"] == (before if what == "removed" else 0)
    assert said["rows"] == (kept if what == "removed" else RUN_S - 1)
    assert any(f"run.csv {word}" in text for text in said["told"])


def test_trouble_is_logged_with_its_numbers(predictor, folder, caplog) -> None:
    run = Run(predictor, folder)
    run.until(3)
    (folder / "raw.xdf").unlink()
    time.sleep(LOOK_S + 0.1)
    run.finish()
    events = [record.event for record in caplog.records if hasattr(record, "event")]
    (event,) = (e for e in events if e.kind is EventKind.FILE_REMOVED)
    assert (event.path, event.unit) == (str(folder / "raw.xdf"), "samples")
    assert event.n > 300
