"""``physiosync record``: what it says was written is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from physiosync_rt.cli.app import app
from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sources.base import Batch
from physiosync_rt.sources.simulated import SimulatedSource

SECONDS = 3.0


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for LSL with a simulated person."""

    class Simulated:
        def __init__(self, *args: object, **kwargs: object) -> None:
            stream = PersonStream(
                Person.draw(1), seed=1, ch_names=("Cz", "Pz"), ecg_sfreq=0, rest_s=5.0
            )
            self._source = SimulatedSource(stream)

        def open(self) -> tuple[StreamSpec, ...]:
            return self._source.open()

        def poll(self, timeout: float) -> Batch:
            return self._source.poll(timeout)

        def close(self) -> None:
            self._source.close()

    monkeypatch.setattr("physiosync_rt.lsl.source.LslSource", Simulated)


def _record(path: Path) -> Result:
    command = ["record", "--out", str(path), "--duration", str(SECONDS), "--local"]
    return CliRunner().invoke(app, command, catch_exceptions=False)


@pytest.fixture
def removed_later(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "a.xdf"

    def remove() -> None:
        while not path.exists():
            time.sleep(0.01)
        time.sleep(SECONDS / 3)
        path.unlink()

    thread = Thread(target=remove)
    thread.start()
    yield path
    thread.join()


def test_a_recording_is_written(tmp_path: Path) -> None:
    done = _record(tmp_path / "a.xdf")
    assert done.exit_code == 0
    assert f"wrote {tmp_path / 'a.xdf'}: SimulatedEEG " in done.stdout
    assert read(tmp_path / "a.xdf").notes == ()


def test_a_recording_that_vanished_is_not_said_to_be_written(removed_later: Path) -> None:
    done = _record(removed_later)
    assert done.exit_code == 0
    rest = removed_later.with_name("a-2.xdf")
    assert "a.xdf was removed or replaced, " in done.stderr
    assert done.stdout.splitlines()[-1] == f"wrote {rest}"
    assert f"{removed_later} was removed or replaced during the run" in done.stdout
    assert read(rest).notes == ()
    with pytest.raises(UserError):
        read(removed_later)
