"""Persons files: what they mean, and what is refused before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from physiosync_rt.cli.app import app
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.discovery import SeenStream
from physiosync_rt.setup.persons import is_persons_file, read_persons
from physiosync_rt.setup.persons_in_sight import persons_among
from physiosync_rt.utils.resources import config_names

TWO = """\
bundle: demo-muse
folder: {folder}
record_raw: true
baseline: "20"
persons:
  - name: ada
    eeg: Muse-1
  - name: ben
    eeg: Muse-2
    pps: gsr-2
    baseline: "60"
"""


def _write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "p.yaml"
    path.write_text(text.format(folder=tmp_path.as_posix()), encoding="utf-8")
    return str(path)


def test_what_is_said_for_all_and_for_one(tmp_path: Path) -> None:
    (tmp_path / "sub-ben_task-live_run-1_physio.csv").touch()
    ada, ben = read_persons(_write(tmp_path, TWO), {"hop": 2.0, "bundle": None})
    assert (ada.name, ada.settings.eeg, ada.settings.pps) == ("ada", "Muse-1", None)
    assert (ada.settings.baseline, ben.settings.baseline) == ("20", "60")
    assert ada.settings.bundle == ben.settings.bundle == "demo-muse"
    assert ada.settings.hop == ben.settings.hop == 2.0
    assert ada.files.csv == tmp_path / "sub-ada_task-live_run-1_physio.csv"
    assert ben.files.csv == tmp_path / "sub-ben_task-live_run-2_physio.csv"
    assert ben.files.record == tmp_path / "sub-ben_task-live_run-2_physio.xdf"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO.replace("Muse-2", "muse-1"), r"line 9: ada and ben have one stream, 'muse-1'"),
        (
            TWO.replace("    eeg: Muse-1", "    eeg: Muse-1\n    pps: gsr-2"),
            r"line 11: ada and ben have one stream, 'gsr-2'",
        ),
        (
            TWO.replace("    eeg", "    csv: {folder}/a.csv\n    eeg"),
            r"line 10: ada and ben have one CSV, '.*a\.csv'; give each person their own",
        ),
        (TWO.replace("name: ben", "name: Ada"), r"line 8: ada and Ada have one name"),
        (TWO.replace("name: ben", "name: ben/x"), r"line 8: .*“ben/x” cannot name files"),
        (TWO.replace("name: ben", "name: ''"), r"line 8: the name is empty"),
        (TWO.replace("demo-muse", "demo-moose"), r"line 1: there is no bundle 'demo-moose'"),
        (
            TWO.replace("    pps: gsr-2", "    bundle: nowhere"),
            r"line 10: there is no bundle 'nowhere'",
        ),
        (TWO.replace("    eeg: Muse-1\n", ""), r"line 6: source lsl needs eeg for each person"),
        (TWO.replace("folder: {folder}", "folder: {folder}/no"), r"the folder .*no does not exist"),
        (TWO.replace('"20"', '"20"\neeg: Muse-1'), r"line 5: eeg belongs to one person"),
        ("bundle: demo-muse\npersons: []\n", r"line 2: persons"),
        ("bundle: demo-muse\n", r"persons"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        read_persons(_write(tmp_path, text), {})
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


def test_an_option_of_one_person_is_refused_beside_persons(tmp_path: Path) -> None:
    arguments = ["live", "--persons", _write(tmp_path, TWO), "--csv", "x.csv"]
    found = CliRunner().invoke(app, arguments)
    assert isinstance(found.exception, UserError)
    assert str(found.exception) == "--csv is of one person; with --persons write it in the file"


def test_a_word_names_a_file_or_is_how_names_begin(tmp_path: Path) -> None:
    assert is_persons_file("class.yaml")
    assert is_persons_file(str(tmp_path / "class"))
    assert all(map(is_persons_file, config_names("persons")))
    assert not is_persons_file("lab-")


def test_the_shipped_files_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in config_names("persons"):
        people = read_persons(name, {})
        assert len({person.files.csv for person in people}) == len(people) > 1


def _seen(name: str, modality: Modality) -> SeenStream:
    spec = StreamSpec(name, modality, ("a",), 128.0, source_id=f"id {name}")
    return SeenStream(spec, ("uV",), False, f"uid {name}", name)


def test_people_by_the_names_of_streams() -> None:
    streams = [
        _seen("lab-01-SimulatedEEG", Modality.EEG),
        _seen("lab-01-SimulatedGSR", Modality.GSR),
        _seen("Lab-2 EEG", Modality.EEG),
        _seen("lab-23", Modality.EEG),
        _seen("lab-23 ECG", Modality.ECG),
        _seen("cap", Modality.EEG),
        _seen("lab-other", Modality.OTHER),
    ]
    found = [(one.name, one.eeg, one.pps) for one in persons_among(streams, "lab-")]
    assert found == [
        ("01", "lab-01-SimulatedEEG", "lab-01-SimulatedGSR"),
        ("2", "Lab-2 EEG", None),
        ("23", "lab-23", "lab-23 ECG"),
    ]
