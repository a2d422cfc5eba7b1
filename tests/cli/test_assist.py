"""`physiosync streams --assist` on streams of a replay."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from helpers.programs import Program

from physiosync_rt.cli import main
from physiosync_rt.devices import load_device
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.simulation.write_xdf import write_recording


@contextmanager
def _replaying(path: Path, *options: str) -> Iterator[str]:
    prefix = f"t{uuid.uuid4().hex[:8]}-"
    command = [sys.executable, "-m", "physiosync_rt", "replay", str(path), "--prefix", prefix]
    with Program([*command, *options], stderr=subprocess.PIPE) as player:
        try:
            resolve(60.0, lambda infos: any(info.name().startswith(prefix) for info in infos))
            yield prefix
        finally:
            player.terminate()
            player.communicate(timeout=20)


def _assist(monkeypatch: pytest.MonkeyPatch, *options: str | Path) -> object:
    words = ["physiosync", "streams", "--assist", "--timeout", "2", "--listen", "3"]
    monkeypatch.setattr("sys.argv", [*words, *map(str, options)])
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_a_stream_that_says_everything_is_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, out = tmp_path / "person.xdf", tmp_path / "mine.yaml"
    write_recording(path, 1, duration_s=30.0, ecg_sfreq=0, rest_s=5.0)
    with _replaying(path) as prefix:
        name = f"{prefix}SimulatedEEG"
        assert _assist(monkeypatch, "--out", out, "--stream", name) in (0, None)
    (stream,) = load_device(out).streams
    assert stream.match.name == name
    assert (stream.modality, stream.unit, len(stream.kept)) == ("EEG", "microvolts", 32)
    text = out.read_text(encoding="utf-8")
    assert "# as stated; " in text
    assert "implausible" not in text


def test_what_nobody_can_answer_stays_open_and_ends_with_2(
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recording = "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt"
    out = tmp_path / "mine.yaml"
    with _replaying(data_dir / "openbci-gui-txt" / recording) as prefix:
        assert _assist(monkeypatch, "--out", out, "--stream", f"{prefix}obci_eeg") == 2
    told = capsys.readouterr().err
    assert "--device openbci-cyton" in told
    assert "still open (every `?`): " in told
    assert "the electrodes of 8 channels" in told
    with pytest.raises(UserError, match="is still `\\?`"):
        load_device(out)


def test_nothing_is_overwritten_and_nothing_in_sight_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.yaml"
    out.write_text("name: Mine\n", encoding="utf-8")
    assert _assist(monkeypatch, "--out", out) == 2
    assert "exists already" in capsys.readouterr().err
    assert _assist(monkeypatch, "--stream", "nobody", "--timeout", "0.5") == 2
    assert "no stream matches 'nobody'" in capsys.readouterr().err
