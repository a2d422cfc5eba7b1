"""What a person can get wrong: one sentence that says what to do, exit code 2, nothing left."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.e4_session import beginning

from physiosync_rt.bundle.card import CARD
from physiosync_rt.cli import main
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.utils.resources import bundle_path

Run = Callable[..., str]


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("person") / "person.xdf"
    write_recording(path, 1, duration_s=12.0, rest_s=6.0)
    return path


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command that has to be refused in an empty folder; return its sentence."""

    def run(*words: str | Path, left: int = 0) -> str:
        folder = tmp_path / "here"
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["physiosync", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        shown = capsys.readouterr().err
        assert "Traceback" not in shown
        assert len(list(folder.iterdir())) == left
        return shown

    return run


def _write(path: Path, samples: np.ndarray, unit: str = "uV", sfreq: float = 128.0) -> Path:
    names = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
    spec = StreamSpec("Cap", Modality.EEG, names, sfreq, unit, stype="EEG")
    with XdfWriter(path) as writer:
        stream = writer.add_stream(spec)
        writer.write_samples(stream, samples.astype(np.float32), np.arange(len(samples)) / 128.0)
    return path


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--csv", "nowhere/run.csv"], "does not exist; create it first"),
        (["--csv", "."], "is a folder"),
        (["--csv", "run.csv", "--bundle", "nope"], "demo-eeg32, demo-muse"),
        (["--csv", "run.csv", "--baseline", "banana"], "neither seconds, nor START:STOP"),
        (["--csv", "run.csv", "--baseline", "9:3"], "STOP after START"),
        (["--csv", "run.csv", "--hop", "0.3"], "such as 0.296875"),
        (["--csv", "run.csv", "--hop", "nan"], "--hop nan is not possible"),
        (["--csv", "run.csv", "--min-quality", "7"], "at least 0 and at most 1"),
        (["--csv", "run.txt"], "end the name in .csv"),
        (["--csv", "run.csv", "--eeg", "nobody"], "that matches --eeg nobody"),
        (["--csv", "run.csv", "--eeg", "SimulatedGSR"], "is GSR, the bundle wants EEG"),
        (["--csv", "run.csv", "--bundle", "demo-muse"], "needs at least 3 of a known position"),
        (["--csv", "run.csv", "--torch-device", "abacus"], "device 'abacus' cannot be used"),
        (["--csv", "run.csv", "--device", "nope"], "openbci-cyton"),
        (["--csv", "run.csv", "--engine", "abacus"], "does not exist; use auto, torch, onnx"),
        (["--csv", "run.csv", "--precision", "fp8"], "does not exist; use fp32, fp16, int8"),
        (
            ["--csv", "run.csv", "--bundle", "effort-eeg8", "--precision", "int8"],
            "'effort-eeg8' is a sum of features, which torch adds up in single precision",
        ),
    ],
)
def test_predict(refused: Run, person: Path, options: list[str], says: str) -> None:
    assert says in refused("predict", person, *options)


def test_values_that_no_electrode_gives(refused: Run, tmp_path: Path) -> None:
    path = _write(tmp_path / "bad.xdf", np.full((128 * 8, 8), 1e12))
    # The run had begun: its CSV is there, whole, with the header alone.
    says = refused("predict", path, "--csv", "run.csv", left=2)
    assert "exceeds 1e+08 uV" in says


def test_a_rate_that_is_not_the_declared_one(refused: Run, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 20, (128 * 30, 8))
    path = _write(tmp_path / "bad.xdf", noise, sfreq=256.0)
    assert "declares 256 Hz but sends 128" in refused("predict", path, "--csv", "run.csv", left=2)


def test_a_stream_of_unknown_unit(refused: Run, tmp_path: Path) -> None:
    path = _write(tmp_path / "bad.xdf", np.zeros((128 * 8, 8)), unit="")
    assert "does not state its unit" in refused("predict", path, "--csv", "run.csv")


def test_files_that_are_not_what_their_name_says(
    refused: Run, tmp_path: Path, person: Path
) -> None:
    (tmp_path / "liar.edf").write_bytes(person.read_bytes())
    assert "holds XDF" in refused("predict", tmp_path / "liar.edf", "--csv", "run.csv")


def test_a_file_that_does_not_exist(refused: Run) -> None:
    assert "does not exist" in refused("predict", "nothing.xdf", "--csv", "run.csv")


def test_files_that_are_no_session(
    refused: Run, person: Path, data_dir: Path, tmp_path: Path
) -> None:
    wrist = beginning(data_dir / "stress-predict-e4" / "S02", tmp_path / "S02")
    said = refused("predict", person, wrist, "--csv", "run.csv")
    assert "person.xdf has no start time" in said
    box = data_dir / "openbci-gui-txt" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"
    (tmp_path / "here").rmdir()
    said = refused("predict", box, wrist, "--csv", "run.csv")
    assert "2019-05-15" in said
    assert "2022-02-07" in said


def test_a_recording_without_eeg(refused: Run, data_dir: Path) -> None:
    heart = data_dir / "xdf-ecg-markers" / "ecg_only_9s.xdf"
    said = refused("predict", heart, "--csv", "run.csv")
    assert "bundle demo-eeg32 wants EEG of 32 electrodes and GSR" in said
    assert "--device" not in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["live", "--source", "banana"], "--source banana"),
        (["live", "--source", "file"], "needs --file"),
        (["live", "--source", "brainflow"], "needs --board"),
        (["live", "--duration", "-1", "--source", "simulated"], "--duration"),
        (["live", "--config", "nope"], "there is no file 'nope'"),
        (["demo", "--csv", "nowhere/run.csv"], "does not exist; create it first"),
        (["live", "--source", "lsl", "--timeout", "1", "--headless"], "no EEG stream found"),
        (["replay", "nothing.xdf"], "does not exist"),
        (["inspect", "nothing.xdf"], "does not exist"),
        (["simulate", "recording", "person.edf"], "let its name end in .xdf"),
        (["train", "--config", "nope", "--out", "b"], "there is no file 'nope'"),
        (["live", "--source", "simulated", "--engine", "abacus"], "--engine 'abacus' does not"),
        (["live", "--source", "simulated", "--precision", "bf16"], "it computes on a GPU"),
        (["bench", "int8", "--bundle", "effort-eeg8"], "a sum of features, which has no int8"),
        (["bench", "live", "--gsr-sfreq", "0.5"], "--gsr-sfreq 0.5: GSR is simulated from 1 Hz"),
        (["bench", "live", "--chunk", "129"], "--chunk 129: that is more than a second; use 128"),
        (["bench", "train", "--also", "abacus"], "--also 'abacus' does not exist; use eager"),
        (["bench", "train", "--only", "nothing"], "--only 'nothing' does not exist; use pretrain"),
        (["export", "demo-muse"], "--onnx is the only one"),
        (["export", "effort-eeg8", "--onnx"], "is a sum of features"),
        (["export", "nope", "--onnx"], "there is no bundle 'nope'"),
        (["bench", "forward", "--bundle", "effort-eeg8"], "choose a network of windows"),
        (["live", "--record", "nowhere/run.xdf", "--source", "simulated"], "create it first"),
    ],
)
def test_other_commands(refused: Run, words: list[str], says: str) -> None:
    assert says in " ".join(refused(*words).split())


@pytest.mark.parametrize(
    "words",
    [("recording", "x.xdf", "--duration", "3"), ("deap", "deap", "--trials", "1")],
    ids=["recording", "deap"],
)
def test_what_is_simulated_has_no_place(refused: Run, tmp_path: Path, words: list[str]) -> None:
    place = tmp_path / "a file"
    place.write_text("no folder")
    kind, name, *more = words
    said = refused("simulate", kind, place / name, *more)
    assert said.startswith(f"physiosync: {place / name} cannot be written (")
    assert said.endswith("; choose another place\n")
    assert place.read_text() == "no folder"


def test_an_empty_name_is_no_bundle(refused: Run, person: Path) -> None:
    said = refused("predict", person, "--csv", "x.csv", "--bundle", "")
    assert "there is no bundle ''" in said


def test_the_working_directory_is_named(refused: Run) -> None:
    assert refused("inspect", ".").startswith("physiosync: . is a folder with ")


def test_a_recording_is_never_overwritten(refused: Run, person: Path) -> None:
    said = refused("live", "--source", "simulated", "--record", person)
    assert "exists and recordings are never overwritten" in said


@pytest.mark.parametrize("place", ["bundle", "bundles/S01"])
@pytest.mark.parametrize(
    "words",
    [
        ["live", "--source", "simulated", "--bundle"],
        ["demo", "--bundle"],
        ["bench", "follow", "--bundle"],
        ["inspect"],
    ],
)
def test_a_bundle_that_lies_deeper_is_named(
    refused: Run, tmp_path: Path, place: str, words: list[str]
) -> None:
    bundle = tmp_path / "runs" / place
    bundle.mkdir(parents=True)
    shutil.copy(bundle_path("demo-muse") / CARD, bundle)
    said = refused(*words, tmp_path / "runs")
    assert f"runs is not a bundle but holds {bundle}; give that folder" in said


def test_a_bundle_without_weights(refused: Run, tmp_path: Path, person: Path) -> None:
    shutil.copy(bundle_path("demo-muse") / CARD, tmp_path)
    assert "weights.safetensors cannot be read" in refused("inspect", tmp_path)
    (tmp_path / "here").rmdir()
    said = refused("predict", person, "--csv", "run.csv", "--bundle", tmp_path)
    assert "weights.safetensors cannot be read" in said


def test_a_folder_that_is_not_a_bundle(refused: Run, person: Path, tmp_path: Path) -> None:
    said = refused("predict", person, "--csv", "run.csv", "--bundle", tmp_path)
    assert "is not a bundle: card.json cannot be read (No such file or directory)" in said


@pytest.mark.parametrize(
    "words",
    [
        ["inspect"],
        ["predict", "--csv", "run.csv"],
        ["replay"],
        ["predict", "nothing.xdf", "--csv", "run.csv", "--baseline"],
        ["live", "--source", "simulated", "--config"],
        ["live", "--source", "simulated", "--bundle"],
        ["live", "--source", "simulated", "--csv"],
        ["live", "--source", "file", "--file"],
        ["train", "--out", "b", "--config"],
        ["import-reference", "--out", "b"],
    ],
)
def test_a_path_that_is_too_long_is_one_sentence(refused: Run, words: list[str]) -> None:
    said = refused(*words, "x" * 5000)
    assert len(said) < 1500


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
@pytest.mark.parametrize(
    "words",
    [
        ["live", "--source", "simulated", "--config"],
        ["predict", "nothing.xdf", "--csv", "run.csv", "--device"],
        ["predict", "nothing.xdf", "--csv", "run.csv", "--baseline"],
        ["train", "--out", "b", "--config"],
        ["inspect"],
    ],
)
def test_a_pipe_is_said_to_be_one_and_never_waited_for(
    refused: Run, tmp_path: Path, words: list[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe, not a file" in refused(*words, tmp_path / "pipe")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes there")
def test_a_bundle_whose_card_is_a_pipe(refused: Run, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(bundle_path("demo-muse"), bundle)
    (bundle / CARD).unlink()
    os.mkfifo(bundle / CARD)
    assert "card.json is a pipe, not a file" in refused("inspect", bundle)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_a_window_is_not_measured_without_a_display(
    refused: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    sentence = refused("bench", "window")
    assert "no display is available for the window; set DISPLAY, or run it as" in sentence
    assert "xvfb-run" in sentence


def test_a_study_of_people_names_the_recordings_that_it_lacks(refused: Run, tmp_path: Path) -> None:
    folder = tmp_path / "none"
    folder.mkdir()
    words = ("--study", "people", "--set", f"data.path={folder}", "--out", tmp_path / "study")
    first, *others = refused("bench", "networks", *words).splitlines()
    assert "Subject00_1.edf, which is not in" in first
    assert others
    assert not (tmp_path / "study").exists()
