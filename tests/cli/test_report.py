"""`physiosync report`, as a person runs it: on real runs, and on what is not one."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from helpers.runs import PLAN, rows_of, write_run
from typer.testing import CliRunner

import physiosync_rt as ps
from physiosync_rt.cli import main
from physiosync_rt.cli.app import app
from physiosync_rt.datatypes import Modality
from physiosync_rt.simulation.write_xdf import write_recording

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in an empty folder; return exit code and what it said."""

    def start(*words: str | Path) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["physiosync", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        code = ended.value.code
        assert isinstance(code, int | None)
        return code or 0, said.out + said.err

    return start


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CSV of a simulated person, whose EEG stops for a second and a half."""
    folder = tmp_path_factory.mktemp("predicted")
    write_recording(folder / "whole.xdf", 5, duration_s=32.0, rest_s=8.0)
    done = CliRunner().invoke(
        app,
        ["predict", str(folder / "whole.xdf"), "--csv", str(folder / "p.csv"), "--baseline", "8"],
    )
    assert done.exit_code == 0, done.output
    return folder / "p.csv"


def test_a_predicted_recording(predicted: Path, run: Run, tmp_path: Path) -> None:
    code, said = run("report", predicted, "--out", "page.html")
    assert code == 0
    with predicted.open(newline="") as file:
        rows = list(csv.DictReader(file))
    valid = sum(row["valid"] == "1" for row in rows)
    assert said.strip() == f"{len(rows)} rows, {valid} with a prediction; wrote page.html"
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    withheld = [k for k, _ in groupby((r["valid"], r["reason"]) for r in rows) if k[0] == "0"]
    assert html.count('class="shade withheld"') == len(withheld) > 0
    for words in (
        "its predictions say nothing of a real person",
        "Nobody was measured in this run.",
        "a recording, predicted offline:",
        "There is no latency: the run did not follow a clock",
        "20 subjects",
        "rest (baseline)",
        "baseline:start",
    ):
        assert words in html, words


def test_the_json_of_a_run_has_scores_rest_and_placed_events(tmp_path: Path) -> None:
    recording = ps.simulate(25, seed=5).recording
    eeg = recording.of(Modality.EEG)[0]
    kept = (eeg.timestamps < 12.0) | (eeg.timestamps > 13.0)
    gap = replace(eeg, samples=eeg.samples[kept], timestamps=eeg.timestamps[kept])
    others = tuple(s for s in recording.streams if s is not eeg)
    from physiosync_rt.bundle.predictor import Predictor
    from physiosync_rt.setup.csv_output import start_log
    from physiosync_rt.sources.file import FileSource

    source = FileSource(replace(recording, streams=(gap, *others)))
    with ps.Engine(source, Predictor(ps.load_bundle("demo-eeg32"))) as engine:
        start_log(engine, tmp_path / "run.csv", {})
        engine.run()
    about = json.loads((tmp_path / "run.json").read_text())
    assert about["rest"] == {"start_s": 0.0, "stop_s": None, "need_s": 30.0}
    card = ps.load_bundle("demo-eeg32").card
    assert about["bundle"]["scores"] == [score.model_dump(mode="json") for score in card.scores]
    lost = [event for event in about["events"] if "SimulatedEEG lost" in event["said"]]
    assert [11 <= event["row_s"] <= 15 for event in lost] == [True]
    assert about["told"] == [event["said"] for event in about["events"]]
    assert "SimulatedEEG lost" in (ps.report(tmp_path / "run.csv")).read_text(encoding="utf-8")


@pytest.mark.live
def test_a_short_live_run(run: Run, tmp_path: Path) -> None:
    code, _ = run(
        *("live", "--source", "simulated", "--bundle", "demo-muse", "--headless"),
        *("--duration", "9", "--baseline", "2", "--csv", "sub-01_ses-02_run.csv"),
    )
    assert code == 0
    code, said = run("report", "sub-01_ses-02_run.csv", "--png", "pictures")
    assert code == 0, said
    html = (tmp_path / "sub-01_ses-02_run.html").read_text(encoding="utf-8")
    assert "Run sub-01_ses-02_run (participant 01, session 02)" in html
    assert "a simulated person" in html
    assert "from the end of the window to the prediction" in html
    assert "median " in html
    pictures = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    stem = "sub-01_ses-02_run"
    assert pictures == [f"{stem}-{name}.png" for name in ("course", "latency", "signals")]


def test_pictures_lie_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    write_run(tmp_path / "run.csv", rows_of(PLAN))
    code, said = run("report", "run.csv", "--png", "figures")
    assert code == 0, said
    written = sorted((tmp_path / "figures").iterdir())
    assert [path.name for path in written] == [
        "run-course.png",
        "run-latency.png",
        "run-signals.png",
    ]
    for path in written:
        assert path.read_bytes().startswith(b"\x89PNG")
        if os.name != "nt":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    code, said = run("report", "run.csv", "--out", "b.html", "--png", "figures")
    assert code == 2
    assert "run-course.png exists already; choose another name, or say --overwrite" in said
    assert not (tmp_path / "b.html").exists()
    code, _ = run("report", "run.csv", "--png", "figures", "--overwrite")
    assert code == 0


def test_without_qt_the_page_needs_none_and_pictures_say_what_to_install(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "PySide6.QtCore", None)
    write_run(tmp_path / "run.csv", rows_of(PLAN))
    code, said = run("report", "run.csv", "--png", "figures")
    assert code == 2
    assert "the pictures cannot be drawn" in said
    assert "pip install 'physiosync-rt[gui]', or leave --png out" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.csv", "run.json"]
    assert run("report", "run.csv")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.csv"], "none.csv cannot be opened"),
        (["run.json"], "run.json is not a log of predictions"),
        (["."], "is a folder; give the CSV of a run in it"),
        (["run.csv", "--out", "a.pdf"], "--out a.pdf: end the name in .html"),
        (["run.csv", "--out", "no/a.html"], "the folder no does not exist; create it first"),
        (["run.csv", "--bundle", "demo-muse"], "--bundle demo-muse has the hash"),
        (["run.csv", "--bundle", "nobody"], "there is no bundle 'nobody'"),
        (["run.csv", "--png", "run.json"], "run.json"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    run: Run, tmp_path: Path, words: list[str], says: str
) -> None:
    write_run(tmp_path / "run.csv", rows_of(PLAN))
    code, said = run("report", *words)
    assert code == 2
    assert says in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.csv", "run.json"]
