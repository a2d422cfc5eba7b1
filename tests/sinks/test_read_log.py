"""What a run's CSV says when it is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.errors import UserError
from physiosync_rt.formats import registry
from physiosync_rt.formats.look import RUN_COLUMN
from physiosync_rt.sinks.csv_log import COLUMNS, CsvLog
from physiosync_rt.sinks.read_log import is_log, log_facts
from physiosync_rt.views.inspection import log_text


def _row(second: int) -> Prediction:
    valid = second >= 4
    return Prediction(
        index=second,
        t_end=float(second),
        t_end_lsl=1000.0 + second,
        t_end_utc=1.6e9 + second,
        window_s=5.0,
        valence=0.75 if valid else None,
        arousal=0.25 if valid else None,
        quadrant="HVLA" if valid else "",
        confidence=0.7 if valid else None,
        valid=valid,
        reason=Reason.NONE if valid else Reason.WARMING_UP if second < 3 else Reason.GAP,
        modalities="eeg+gsr" if valid else "",
        completeness_eeg=1.0,
        completeness_pps=1.0,
        quality_eeg=0.9,
        quality_pps=1.0,
        marker="look, there; now" if second == 6 else "",
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    bundle = {"name": "b", "title": "A bundle", "hash": "123", "simulated": True}
    streams = [{"name": "Muse", "modality": "EEG", "sfreq": 256.0}]
    written = CsvLog(tmp_path / "run.csv", {"bundle": bundle, "streams": streams})
    for second in range(10):
        written.write(_row(second))
    written.close()
    return tmp_path / "run.csv"


def _shown(path: Path) -> str:
    return "\n".join(str(part) for part in log_text(log_facts(path)).renderables)


def test_rows_span_reasons_and_bundle(log: Path) -> None:
    assert is_log(log)
    facts = log_facts(log)
    assert (facts["rows"], facts["span_s"], facts["valid"]) == (10, 9.0, 6)
    assert facts["valid_share"] == 0.6
    assert facts["reasons"] == {"warming_up": 3, "gap": 1}
    assert (facts["quadrants"], facts["modalities"]) == ({"HVLA": 6}, {"eeg+gsr": 6})
    assert facts["mean"] == {"valence": 0.75, "arousal": 0.25, "confidence": 0.7}
    assert (facts["markers"], facts["notes"]) == (1, [])
    assert facts["first_utc"].startswith("2020-09-13T12:26:40")
    text = _shown(log)
    for said in (
        "log of predictions: 10 rows over 9 s",
        "6 rows with a prediction (60 %) from eeg+gsr 6",
        "4 rows without one because of warming_up 3, gap 1",
        "bundle: A bundle (b, 123)",
        "streams: Muse (EEG, 256.0 Hz)",
    ):
        assert said in text


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16")])
def test_a_log_that_a_spreadsheet_saved_again(log: Path, separator: str, encoding: str) -> None:
    expected = log_facts(log)
    text = log.read_text().replace('"look, there; now"', "now").replace(",", separator)
    text = text.replace(".", ",") if separator == ";" else text
    log.write_bytes(text.encode(encoding))
    facts = log_facts(log)
    for key in ("rows", "span_s", "valid", "reasons", "mean", "markers"):
        assert facts[key] == expected[key]


@pytest.mark.parametrize("beside", [None, "{", "[1]", '{"bundle": 3, "streams": [4], "told": 5}'])
def test_a_log_without_its_json_and_one_of_no_rows(log: Path, beside: str | None) -> None:
    log.with_suffix(".json").unlink()
    if beside is not None:
        log.with_suffix(".json").write_text(beside)
    assert "10 rows" in _shown(log)
    assert "bundle:" not in _shown(log)
    log.write_text(",".join(COLUMNS) + "\n")
    assert "0 rows over 0 s" in _shown(log)


def test_a_log_that_is_cut_off_or_lacks_columns(log: Path) -> None:
    log.write_text(log.read_text()[:-60])
    assert log_facts(log)["rows"] == 9
    assert log_facts(log)["notes"] == ["1 lines of wrong length were dropped"]
    log.write_text("t_end_lsl,valid\n1,1\n")
    with pytest.raises(UserError, match="a log of predictions without t_end_utc, window_s"):
        log_facts(log)


def test_it_is_never_taken_for_a_recording(log: Path) -> None:
    assert COLUMNS[0] == RUN_COLUMN
    with pytest.raises(UserError, match=r"run\.csv is a log of predictions, not a recording"):
        registry.read(log)
    assert not is_log(log.with_suffix(".json"))
    assert not is_log(log.parent)


def test_the_json_of_inspect_is_plain(log: Path) -> None:
    assert json.loads(json.dumps(log_facts(log)))["kind"] == "log of predictions"
