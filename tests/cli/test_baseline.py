"""Rest to compare with, in every way that `predict` and `live` can be told of it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.cli import main
from physiosync_rt.datatypes import Reason
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.options import Command
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest, parse_request
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.sources.file import FileSource

Rows = list[dict[str, str]]
Run = Callable[..., tuple[Rows, dict[str, Any]]]

WARM = [Reason.WARMING_UP.value] * 6
NAMES = ("TP9", "AF7", "AF8", "TP10")


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("person") / "person.xdf"
    write_recording(path, 4, duration_s=26.0, rest_s=14.0, ch_names=NAMES, ecg_sfreq=0)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command to its end; return the rows and the JSON beside them."""

    def go(*words: str | Path, log: str = "run.csv") -> tuple[Rows, dict[str, Any]]:
        path = tmp_path / log
        command = ["physiosync", *map(str, words), "--bundle", "demo-muse", "--csv", str(path)]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code in (0, None)
        with path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return rows, json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

    return go


def _reasons(rows: Rows) -> list[str]:
    return [row["reason"] for row in rows]


def test_seconds_from_the_start(run: Run, person: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, about = run("predict", person, "--baseline", "10")
    # The resampler's first rows and the settling filters cost two whole seconds.
    assert _reasons(rows) == WARM + ["no_baseline"] * 5 + [""] * 14
    assert about["baseline"]["origin"] == about["baseline_from"] == "10 s from 0 s"
    assert len(about["baseline"]["channels"]["EEG"]["scale"]) == 4
    assert "6 warming up, 5 no baseline yet" in capsys.readouterr().out


def test_a_stretch(run: Run, person: Path) -> None:
    rows, about = run("predict", person, "--baseline", "3:9")
    assert _reasons(rows) == WARM + ["no_baseline"] * 2 + [""] * 17
    assert about["baseline"]["origin"] == "3 s to 9 s"


def test_a_stretch_that_never_comes_is_said(
    run: Run, person: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, about = run("predict", person, "--baseline", "10:200")
    assert set(_reasons(rows[6:])) == {"no_baseline"}
    assert "baseline" not in about
    assert "no baseline was captured (asked for: 10 s to 200 s)" in capsys.readouterr().out


def test_the_file_of_a_run_serves_predict_and_live_from_the_first_row(
    run: Run, person: Path, tmp_path: Path
) -> None:
    _, first = run("predict", person, "--baseline", "10", log="first.csv")
    saved = tmp_path / "first.json"
    rows, about = run("predict", person, "--baseline", saved, log="second.csv")
    assert _reasons(rows) == WARM + [""] * 19
    assert about["baseline"] == first["baseline"]

    live, about = run(
        *("live", "--headless", "--source", "file", "--file", person, "--speed", 20),
        *("--baseline", saved),
        log="live.csv",
    )
    assert about["baseline"] == first["baseline"]
    shown = ("t_end_utc", "valence", "arousal", "confidence", "valid", "reason")
    assert [[r[k] for k in shown] for r in live] == [[r[k] for k in shown] for r in rows]


def test_a_rest_without_gsr_has_it_taken_from_the_run_and_says_so(
    run: Run, person: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, about = run("predict", person, "--baseline", "5", log="first.csv")
    del about["baseline"]["channels"]["GSR"]
    saved = tmp_path / "eeg.json"
    saved.write_text(json.dumps(about), encoding="utf-8")
    capsys.readouterr()
    long = tmp_path / "long.xdf"
    write_recording(long, 4, duration_s=48.0, rest_s=14.0, ch_names=NAMES, ecg_sfreq=0)
    rows, about = run("predict", long, "--baseline", saved)
    told = capsys.readouterr()
    assert "holds no GSR; its baseline is taken from the next 30 usable seconds" in told.err
    assert "(left out: GSR in 24 rows: no baseline yet)" in told.out
    assert [row["modalities"] for row in rows[6:]] == ["eeg"] * 24 + ["eeg+gsr"] * 17
    assert about["left_out"] == {"GSR no_baseline": 24}
    assert about["baseline"]["origin"] == "5 s from 0 s; GSR: 30 s from 0 s"
    assert about["baseline"]["channels"]["GSR"]["ch_names"] == ["GSR"]


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("ch_names", ["TP10", "AF7", "AF8", "TP9"], "EEG channel TP10 where the bundle has TP9"),
        ("stages", "profile live (l_freq 1)", "was taken with profile live (l_freq 1), the bundle"),
    ],
)
def test_a_rest_of_other_channels_or_filters_is_refused(
    person: Path, what: str, value: object, said: str
) -> None:
    predictor = Predictor(load_bundle("demo-muse"), "cpu")
    engine = Engine(FileSource(read(person)), predictor, baseline=BaselineRequest(0.0, None, 5.0))
    engine.open()
    while engine.step():
        pass
    engine.close()
    rest = engine.pipeline.baseline
    assert rest is not None
    engine.pipeline.use_baseline(Baseline.from_dict(rest.to_dict()))
    stored = rest.to_dict()
    stored["channels"]["EEG"][what] = value
    with pytest.raises(UserError, match=re.escape(said)):
        engine.pipeline.use_baseline(Baseline.from_dict(stored))


def test_a_bad_electrode_is_named_in_the_summary_and_beside_the_rows(
    run: Run, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, about = run("predict", data_dir / "xdf-muse" / "sub-P001_older_25s.xdf")
    # Three electrodes serve, but the recording is too short for a rest.
    assert set(_reasons(rows[6:])) == {"no_baseline"}
    assert about["electrodes_bad_s"].keys() == {"AF7"}
    assert "bad electrodes: AF7 2" in capsys.readouterr().out


def test_live_captures_from_its_first_seconds_and_saves_them(run: Run, person: Path) -> None:
    words = ("live", "--headless", "--source", "file", "--file", person, "--speed", 20)
    rows, about = run(*words, "--baseline", "8")
    assert _reasons(rows) == WARM + ["no_baseline"] * 3 + [""] * 16
    assert about["baseline"]["origin"] == "8 s from 0 s"


def test_rest_on_request_replaces_the_one_before(person: Path) -> None:
    predictor = Predictor(load_bundle("demo-muse"), "cpu")
    engine = Engine(FileSource(read(person)), predictor, baseline=BaselineRequest(0.0, None, 6.0))
    engine.open()
    try:
        while engine.state.rows < 9:
            engine.step()
        first = engine.pipeline.baseline
        assert first is not None
        assert first.origin == "6 s from 0 s"
        engine.send(Command("baseline"))
        engine.step()
        # The old one serves while the new one is captured.
        assert engine.pipeline.baseline == first
        assert engine.pipeline.baseline_progress < 1.0
        while engine.step():
            pass
    finally:
        engine.close()
    again = engine.pipeline.baseline
    assert again is not None
    # As many seconds as were asked for at the beginning, whatever the card's number is.
    assert again.origin == "6 s from 9 s"
    assert again.channels != first.channels
    assert all(row.reason is Reason.NONE for row in list(engine.predictions)[8:])


def test_a_rest_without_good_seconds_is_said_and_may_be_asked_for_again(person: Path) -> None:
    predictor = Predictor(load_bundle("demo-muse"), "cpu")
    # Of the first second nothing is usable: the filters configure.
    engine = Engine(FileSource(read(person)), predictor, baseline=BaselineRequest(0.0, 1.0, 1.0))
    engine.open()
    try:
        while engine.state.rows < 8:
            engine.step()
        notes = [stream.note for stream in engine.pipeline.streams.values()]
        assert notes[0].startswith("less than half of the baseline asked for was usable EEG")
        assert engine.pipeline.baseline_progress == 1.0
        assert engine.predictions[-1].reason is Reason.NO_BASELINE
        engine.pipeline.capture_baseline(5.0)
        while engine.step():
            pass
        good = engine.pipeline.baseline
        assert good is not None
        # One that fails later leaves the good one in use, under its own name.
        engine.pipeline.use_baseline(BaselineRequest(0.0, 1.0, 1.0))
        assert engine.pipeline.baseline == good
    finally:
        engine.close()
    assert engine.predictions[-1].valid
    assert engine.snapshot is not None
    assert engine.snapshot.events == ()


@pytest.mark.parametrize("text", ["nan", "inf", "1e300", "nan:5", "0:inf", "0:1e12", "-inf:3"])
def test_a_baseline_that_is_not_a_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is not possible; give at least 1 second"):
        parse_request(text)


@pytest.mark.parametrize(
    "content",
    [
        '{"a":' * 100_000,
        "[" * 100_000,
        '{"baseline": {"origin": "x", "channels": {"EEG": {"location": [NaN], "scale": [1]}}}}',
        '{"origin": "x", "channels": {"EEG": {"location": [1], "scale": [Infinity]}}}',
        '{"origin": "x", "channels": {"EEG": {"location": ["a"], "scale": [1]}}}',
        '{"origin": "x", "channels": {"EEG": {"location": [[1]], "scale": [1]}}}',
        '{"origin": "x", "channels": {"EEG": {"location": [' + "9" * 5000 + '], "scale": [1]}}}',
        '{"origin": "x", "channels": ["EEG"]}',
    ],
)
def test_a_file_that_holds_no_baseline_is_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UserError, match=r"run\.json holds no baseline; give the JSON"):
        parse_request(str(tmp_path / "run.json"))
