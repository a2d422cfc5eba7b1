"""What boards, recordings and the simulated person offer, and what a run takes of it."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.brainflow import boards
from physiosync_rt.bundle.card import Card, find_bundle, read_card
from physiosync_rt.datatypes import Modality
from physiosync_rt.setup import look_board
from physiosync_rt.setup.draft import make_draft
from physiosync_rt.setup.examine import Examiner
from physiosync_rt.setup.look_board import look_at_board, port_holder, port_problem
from physiosync_rt.setup.look_file import FileLook, look_at_person
from physiosync_rt.setup.plan import AS_STATED, Plan, settings_of
from physiosync_rt.simulation.write_xdf import write_recording

_FIRST = 1_700_000_000.0


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(find_bundle("demo-eeg32"))


def test_the_simulated_person_wears_the_bundle(card: Card) -> None:
    sight = look_at_person(card, 7)
    assert sight.eeg is not None
    assert sight.eeg.ch_names == card.eeg.ch_names
    assert [stream.serves for stream in sight.offered] == [(Modality.EEG,), (Modality.GSR,)]


def test_a_recording_is_looked_at_once_and_again_when_it_changes(
    card: Card, tmp_path: Path
) -> None:
    path = tmp_path / "person.xdf"
    write_recording(path, 1, duration_s=4.0, rest_s=2.0)
    look = FileLook()
    plan = Plan(source="file", file=str(path))
    sight = look.look(plan, card)
    assert sight.problem == ""
    assert sight.eeg is not None
    assert sight.pps is not None
    assert look.look(plan, card).eeg == sight.eeg
    path.write_bytes(b"nothing")
    os.utime(path, (_FIRST, _FIRST))
    assert "person.xdf" in look.look(plan, card).problem


def test_a_recording_that_is_damaged_missing_or_not_chosen_is_said(
    card: Card, tmp_path: Path
) -> None:
    look = FileLook()
    assert "No recording is chosen" in look.look(Plan(source="file"), card).problem
    gone = look.look(Plan(source="file", file=str(tmp_path / "gone.xdf")), card)
    assert "gone.xdf" in gone.problem
    path = tmp_path / "damaged.xdf"
    write_recording(path, 1, duration_s=4.0, rest_s=2.0)
    path.write_bytes(path.read_bytes()[:50])
    assert "damaged.xdf" in look.look(Plan(source="file", file=str(path)), card).problem


def _openbci_text(path: Path) -> Path:
    """Eight numbered channels, as the OpenBCI GUI writes them."""
    rng = np.random.default_rng(0)
    names = ", ".join(f"EXG Channel {i}" for i in range(8))
    lines = [
        "%OpenBCI Raw EXG Data",
        "%Number of channels = 8",
        "%Sample Rate = 250 Hz",
        "%Board = OpenBCI_GUI$BoardCytonSerial",
        f"Sample Index, {names}, Timestamp",
    ]
    for n in range(1000):
        values = ", ".join(f"{v:.3f}" for v in rng.normal(0, 20, 8))
        lines.append(f"{n % 256}, {values}, {_FIRST + n / 250:.4f}")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_an_unlabelled_recording_asks_for_its_channels_and_drafts_them(
    card: Card, tmp_path: Path
) -> None:
    path = _openbci_text(tmp_path / "OpenBCI-RAW-2026.txt")
    plan = Plan(source="file", file=str(path), device=AS_STATED)
    sight = FileLook().look(plan, card)
    assert sight.unclear is not None, sight.problem
    assert "its electrodes: say what its channels are" in sight.problem
    draft = make_draft(sight, sight.unclear)
    assert len(draft.rows) == 8
    assert "Fp1" in draft.electrodes
    assert "Cz" in draft.electrodes


def test_a_board_is_known_before_it_is_opened(card: Card) -> None:
    plan = Plan(source="brainflow")
    assert "No board is chosen" in look_at_board(plan, card).problem
    sight = look_at_board(plan.model_copy(update={"board": "SYNTHETIC_BOARD"}), card)
    assert sight.problem == ""
    assert sight.device == ""
    assert sight.eeg is not None
    assert sight.pps is not None
    unknown = look_at_board(plan.model_copy(update={"board": "NOT_A_BOARD"}), card)
    assert "unknown BrainFlow board" in unknown.problem


def test_a_board_on_a_cable_needs_a_port_that_is_there(card: Card, tmp_path: Path) -> None:
    plan = Plan(source="brainflow", board="CYTON_BOARD")
    assert boards.needs_port("CYTON_BOARD")
    assert "needs its serial port" in look_at_board(plan, card).problem
    gone = str(tmp_path / "ttyUSB0")
    sight = look_at_board(plan.model_copy(update={"serial_port": gone}), card)
    assert sight.problem.startswith(f"There is no port {gone}")
    assert sight.waiting


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells who has a file open")
def test_a_port_that_is_busy_names_who_has_it(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    assert port_problem(str(port)) == ""
    with port.open("rb"):
        assert f"process {os.getpid()}" in port_holder(port)
        assert "is busy" in port_problem(str(port))


def test_serial_ports_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ttyUSB1", "ttyACM0", "tty0"):
        (tmp_path / name).touch()
    monkeypatch.setattr(look_board, "Path", lambda _dev: tmp_path)
    assert [Path(p).name for p in look_board.serial_ports()] == ["ttyACM0", "ttyUSB1"]


def test_the_examination_of_a_simulated_run_lets_it_start(tmp_path: Path) -> None:
    examiner = Examiner()
    plan = Plan(source="simulated", folder=str(tmp_path))
    report = examiner.examine(plan)
    assert report.can_start
    assert [check.key for check in report.checks] == [
        *("bundle", "source", "electrodes", "peripheral", "files", "disk")
    ]
    without = examiner.examine(plan.model_copy(update={"bundle": str(tmp_path)}))
    assert not without.can_start
    examiner.rest()


def test_a_plan_makes_the_settings_of_the_command(tmp_path: Path) -> None:
    plan = Plan(
        source="brainflow",
        board="CYTON_BOARD",
        serial_port="COM3",
        eeg="Muse",
        file="x.xdf",
        rest_s=20,
        folder=str(tmp_path),
        name="a",
    )
    files = plan.files(datetime.now(UTC))
    settings = settings_of(plan, "mine.yaml", files, local=True)
    assert settings.board is not None
    assert settings.board.serial_port == "COM3"
    assert (settings.eeg, settings.file, settings.seed) == (None, (), 0)
    assert (settings.device, settings.baseline, settings.csv) == (
        "mine.yaml",
        "20",
        tmp_path / "a.csv",
    )
