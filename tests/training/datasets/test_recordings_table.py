"""A lab's own recordings: a table, files, and everything that can be wrong with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case
from pydantic import TypeAdapter

from physiosync_rt.errors import UserError
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.recordings_table import find_table, read_table
from physiosync_training.datasets.registry import DataConfig

_HEADER = "file,start,stop,subject,trial,kind,valence,arousal"
_GOOD = """
anna.xdf,0,20,anna,0,baseline,,
anna.xdf,20,40,anna,1,trial,2,8
anna.xdf,40,60,anna,2,trial,,3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("lab")
    write_recording(path / "anna.xdf", seed=1, duration_s=62)
    return path


def _config(folder: Path, table: str, **more: object) -> RecordingsData:
    (folder / "labels.csv").write_text(table, encoding="utf-8")
    return RecordingsData(kind="recordings", path=folder, scale=(1, 9), threshold=5, **more)


def test_a_folder_and_its_table_become_windows(folder, tmp_path) -> None:
    config = _config(folder, _HEADER + _GOOD, title="our lab")
    promised = config.index()
    data = load_dataset(config, tmp_path, lambda what, done, total: None)
    assert data.info.title == "our lab"
    assert data.info.pps.ch_names == ("GSR",)
    # Both trials promise four windows; the recording's last moments lie in nobody's window.
    assert (len(promised), len(data)) == (8, 8)
    assert data.high["arousal"].tolist() == [1] * 4 + [0] * 4
    assert data.high["valence"].tolist() == [0] * 4 + [-1] * 4
    eeg, _ = data.fetch(np.arange(len(data)))
    assert 0.3 < eeg.std() < 3


def test_a_changed_file_is_prepared_again(folder, tmp_path) -> None:
    config = _config(folder, _HEADER + _GOOD)
    first = load_dataset(config, tmp_path, lambda what, done, total: None)
    config = _config(folder, _HEADER + _GOOD.replace("2,8", "2,4"))
    second = load_dataset(config, tmp_path, lambda what, done, total: None)
    assert first.info.digest != second.info.digest
    assert second.high["arousal"].tolist() == [0] * 8


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file,start,stop", r"labels\.csv: the header lacks subject, trial"),
        (_HEADER + ",mood" + _GOOD, r"the header has mood as well"),
        (_HEADER, r"no line below"),
        (_HEADER + "\nanna.xdf,0,20\n", r"line 2: expected 8 cells"),
        (_HEADER + _GOOD.replace("2,8", "2,11"), r"line 3: arousal is 11, out of the scale"),
        (_HEADER + _GOOD.replace("2,8", "2,high"), r"line 3: arousal is 'high', expected a number"),
        (_HEADER + _GOOD.replace("2,8", "2,nan"), r"line 3: arousal is 'nan', expected a number"),
        (_HEADER + _GOOD.replace("baseline", "rest"), r"kind is 'rest', expected trial or base"),
        (_HEADER + _GOOD.replace("20,40", "40,20"), r"from 40 s to 20 s"),
        (_HEADER + _GOOD.replace("20,40", "20,23"), r"must last 5 s or more"),
        (_HEADER + _GOOD.replace("anna,2,", "anna,1,"), r"trial 1 of subject anna comes twice"),
        (_HEADER + _GOOD.replace("40,60", "39,60"), r"two segments of anna\.xdf overlap"),
        (_HEADER + _GOOD + "ben.xdf,0,9,ben,1,trial,1,1", r"names ben\.xdf, which is not in"),
        (_HEADER + _GOOD.replace("anna,2", "ben,2"), r"gives anna\.xdf to anna and ben"),
        (
            _HEADER + "\n" + "\n".join(_GOOD.splitlines()[2:]),
            r"anna has no baseline before trial 1",
        ),
        (_HEADER + "\n" + _GOOD.splitlines()[1], r"no line of kind trial"),
        (_HEADER + "\nlabels.csv,0,9,ben,1,trial,1,1", r"labels\.csv is not a recording"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_at_once(folder, table, said) -> None:
    with pytest.raises(UserError, match=said):
        _config(folder, table).recorded_files()


def test_a_recording_that_the_table_forgets(folder, tmp_path) -> None:
    for name in ("anna.xdf", "ben.xdf"):
        (tmp_path / name).write_bytes((folder / "anna.xdf").read_bytes())
    config = _config(tmp_path, _HEADER + _GOOD)
    with pytest.raises(UserError, match=r"ben\.xdf lies in .* does not name it"):
        config.recorded_files()
    assert len(config.model_copy(update={"ignore_unlisted": True}).recorded_files()) == 1


def test_a_stretch_beyond_the_end(folder, tmp_path) -> None:
    config = _config(folder, _HEADER + _GOOD.replace("40,60", "40,90"))
    with pytest.raises(UserError, match=r"anna\.xdf is 6\d\.\d s long, .* to end at 90 s"):
        load_dataset(config, tmp_path, lambda what, done, total: None)


def test_a_modality_that_is_not_there(folder, tmp_path) -> None:
    config = _config(folder, _HEADER + _GOOD, pps="ECG")
    recording = folder / "anna.xdf"
    assert recording.exists()
    data = load_dataset(config, tmp_path, lambda what, done, total: None)
    assert data.info.pps.modality == "ECG"
    with pytest.raises(UserError, match="no folder"):
        config.model_copy(update={"path": folder / "nowhere"}).recorded_files()
    with pytest.raises(UserError, match=r"holds no other\.csv"):
        config.model_copy(update={"labels": "other.csv"}).recorded_files()


def test_no_rating_at_all(folder, tmp_path) -> None:
    table = _HEADER + _GOOD.replace("2,8", ",").replace(",,3", ",,")
    with pytest.raises(UserError, match="no trial has a rating of valence or arousal"):
        _config(folder, table).index()


@pytest.mark.slow
def test_eegmat_with_the_shipped_table(data_dir, tmp_path) -> None:
    config = TypeAdapter(DataConfig).validate_python(
        {
            "kind": "recordings",
            "path": data_dir / "eegmat-eeg-ecg-edf",
            "labels": str(Path(__file__).parents[2] / "helpers" / "three_people.csv"),
            "pps": "ECG",
            "scale": (0, 1),
            "threshold": 0.5,
        }
    )
    data = load_dataset(config, tmp_path, lambda what, done, total: None)
    assert data.info.subjects == ("00", "05", "31")
    assert np.bincount(data.high["arousal"]).tolist() == [69, 33]
    assert (data.high["valence"] == -1).all()
    assert data.rest[:, 1].tolist() == [0, 1, 2]
    # The rest of the first file scales the second file too.
    eeg, ecg = data.fetch(np.arange(len(data)))
    assert 0.5 < eeg.std() < 2
    assert 0.5 < ecg.std() < 2


def _segments(folder: Path, table: bytes) -> list[tuple[object, ...]]:
    (folder / "labels.csv").write_bytes(table)
    (recorded,) = read_table(folder / "labels.csv", folder, (1, 9))
    return [(s.subject, s.start, s.stop, s.valence, s.arousal) for s in recorded.segments]


@pytest.fixture(scope="module")
def one_file(folder, tmp_path_factory) -> Path:
    """A folder with a recording of the name that the cases use."""
    path = tmp_path_factory.mktemp("one")
    (path / "p1.edf").write_bytes((folder / "anna.xdf").read_bytes())
    return path


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("labels-german-excel.csv", "p1"),
        ("labels-utf16.csv", "p1"),
        ("labels-latin1.csv", "Jürgen"),
        ("labels-blank-last-line.csv", "p1"),
    ],
)
def test_a_table_as_a_spreadsheet_saves_it(one_file, name, subject) -> None:
    assert _segments(one_file, field_case(name).read_bytes()) == [
        (subject, 0, 10.5, None, None),
        (subject, 12, 30.5, 7.5, 3),
        (subject, 32, 55, 2, 8),
    ]


_ROWS = (
    _HEADER,
    "p1.edf,0,10.5,Zoë,0,baseline,,",
    "p1.edf,12,30.5,Zoë,1,trial,7.5,3",
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-be"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", ","), ("\t", ","), (";", ".")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_decimal_signs_and_encodings(
    one_file, encoding, separator, decimal, end
) -> None:
    lines = [row.replace(",", separator).replace(".5", f"{decimal}5") for row in _ROWS]
    lines += [separator * 7, ""]
    assert _segments(one_file, end.join(lines).encode(encoding)) == [
        ("Zoë", 0, 10.5, None, None),
        ("Zoë", 12, 30.5, 7.5, 3),
    ]


def test_quoted_cells_and_a_decimal_comma_between_commas(one_file) -> None:
    quoted = (
        _HEADER + '\n"p1.edf","0","10,5","p, 1",0,baseline,,\n"p1.edf",12,20,"p, 1",1,trial,2,8'
    )
    assert _segments(one_file, quoted.encode())[0] == ("p, 1", 0, 10.5, None, None)
    with pytest.raises(UserError, match="line 2: expected 8 cells; a decimal comma needs"):
        _segments(one_file, f"{_HEADER}\np1.edf,0,10,5,p1,0,baseline,,\n".encode())
    both = _HEADER.replace(",", "\t") + "\np1.edf\t0\t1,234\tp1\t0\tbaseline\t\t\n"
    with pytest.raises(UserError, match=r"a decimal comma cannot be decided \(1,234 has"):
        _segments(one_file, both.encode())


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(UserError, match=r"labels\.csv is a pipe, not a file"):
        find_table(tmp_path, "labels.csv")
