"""BrainFlow's synthetic and playback boards, for real."""

import time
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.brainflow.boards import board_id, list_boards, load_brainflow
from physiosync_rt.brainflow.source import BrainFlowSource
from physiosync_rt.datatypes import Modality
from physiosync_rt.devices import BrainFlowSettings, Device, load_device
from physiosync_rt.errors import UserError

pytest.importorskip("brainflow", reason="needs physiosync-rt[devices]")


def collect(source, seconds):
    chunks = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for chunk in source.poll(0.05).chunks:
            chunks.setdefault(chunk.stream, []).append(chunk)
    return chunks


def test_the_synthetic_board_streams_eeg_and_eda_with_one_counter() -> None:
    settings = load_device("brainflow-synthetic").brainflow
    assert settings is not None
    source = BrainFlowSource(settings)
    specs = source.open()
    try:
        chunks = collect(source, 3.0)
        now = source.now()
    finally:
        source.close()
        source.close()
    assert [(s.modality, s.unit, s.sfreq) for s in specs] == [
        (Modality.EEG, "uV", 250.0),
        (Modality.GSR, "uS", 250.0),
    ]
    assert specs[0].ch_names[:3] == ("Fz", "C3", "Cz")
    for spec in specs:
        stamps = np.concatenate([c.timestamps for c in chunks[spec.name]])
        counter = np.concatenate([c.counter for c in chunks[spec.name]])
        samples = np.concatenate([c.samples for c in chunks[spec.name]])
        assert samples.shape == (len(stamps), spec.n_chans)
        assert samples.dtype == np.float32
        # More than two wraps of the board's one-byte counter, and none shows.
        assert len(counter) > 520
        np.testing.assert_array_equal(np.diff(counter), 1)
        assert now - 10 < stamps[0] <= stamps[-1] <= now


def test_a_playback_has_the_rows_of_its_master_board(tmp_path: Path) -> None:
    shim = load_brainflow()
    number = board_id("SYNTHETIC")
    n_rows = shim.BoardShim.get_num_rows(number)
    n_samples = 1000
    table = np.zeros((n_rows, n_samples))
    table[shim.BoardShim.get_package_num_channel(number)] = np.arange(n_samples) % 256
    table[shim.BoardShim.get_timestamp_channel(number)] = 1.7e9 + np.arange(n_samples) / 250
    eeg_rows = shim.BoardShim.get_eeg_channels(number)
    table[eeg_rows] = np.arange(n_samples) + 1000 * np.arange(len(eeg_rows))[:, None]
    path = tmp_path / "session.csv"
    np.savetxt(path, table.T, fmt="%.6f", delimiter="\t")
    source = BrainFlowSource(
        BrainFlowSettings(
            board="PLAYBACK_FILE_BOARD", master_board="SYNTHETIC_BOARD", file=str(path)
        )
    )
    specs = source.open()
    try:
        chunks = collect(source, 1.5)
    finally:
        source.close()
    samples = np.concatenate([c.samples for c in chunks[specs[0].name]])
    assert len(samples) > 200
    first = samples[0, 0]
    np.testing.assert_array_equal(samples[:, 0], first + np.arange(len(samples)))
    np.testing.assert_array_equal(samples[:, 3] - samples[:, 0], 3000)


def unplug(source) -> None:
    """Take the session away from under a running source."""
    shim = load_brainflow()
    other = shim.BoardShim(board_id("SYNTHETIC"), source._params())
    other.release_session()


def test_an_unplugged_board_is_reconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    shim = load_brainflow()
    source = BrainFlowSource(BrainFlowSettings(board="SYNTHETIC_BOARD"))
    specs = source.open()
    try:
        collect(source, 1.0)
        prepare, attempts = shim.BoardShim.prepare_session, []

        def absent(board):
            attempts.append(time.monotonic())
            if len(attempts) < 3:
                raise shim.BrainFlowError("not there", 7)
            prepare(board)

        monkeypatch.setattr(shim.BoardShim, "prepare_session", absent)
        unplug(source)
        began = time.monotonic()
        chunks = collect(source, 2.5)
    finally:
        source.close()
    stamps = np.concatenate([c.timestamps for c in chunks[specs[0].name]])
    assert len(attempts) == 3
    assert attempts[2] - attempts[1] > attempts[1] - attempts[0]
    assert attempts[2] - began < 2.0
    assert stamps[-1] > time.time() - 3.0
    assert len(stamps) > 100
    assert "is lost" in source.messages[0].text
    assert "SYNTHETIC_BOARD is back after" in source.messages[1].text


def test_a_board_can_be_closed_while_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    shim = load_brainflow()
    source = BrainFlowSource(BrainFlowSettings(board="SYNTHETIC_BOARD"))
    source.open()

    def absent(board):
        raise shim.BrainFlowError("not there", 7)

    collect(source, 0.3)
    monkeypatch.setattr(shim.BoardShim, "prepare_session", absent)
    unplug(source)
    collect(source, 0.3)
    # The fixture that looks for threads left behind judges the rest.
    source.close()
    assert "is lost" in source.messages[0].text


def test_a_board_that_stops_sending_is_reconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("physiosync_rt.brainflow.source.STALLED_S", 0.5)
    source = BrainFlowSource(BrainFlowSettings(board="SYNTHETIC_BOARD"))
    specs = source.open()
    try:
        collect(source, 0.5)
        # Frozen until its stream is started again.
        frozen = source._board
        take, start = frozen.get_board_data, frozen.start_stream
        monkeypatch.setattr(frozen, "get_board_data", lambda preset: np.empty((32, 0)))

        def thaw(size):
            frozen.get_board_data = take
            start(size)

        monkeypatch.setattr(frozen, "start_stream", thaw)
        chunks = collect(source, 2.0)
    finally:
        source.close()
    assert "has stopped sending" in source.messages[0].text
    assert sum(map(len, chunks[specs[0].name])) > 100


def test_a_board_without_electrode_names_needs_a_description() -> None:
    ganglion = BrainFlowSettings(board="GANGLION_NATIVE_BOARD", timeout=1)
    with pytest.raises(UserError, match="does not state its electrodes"):
        BrainFlowSource(ganglion).open()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"board": "NOTHING"}, "unknown BrainFlow board 'NOTHING'"),
        ({"board": "PLAYBACK_FILE_BOARD", "file": "x.csv"}, "unknown BrainFlow board ''"),
        (
            {"board": "CYTON_BOARD", "serial_port": "/dev/nowhere"},
            "cannot open CYTON_BOARD .*--serial-port /dev/nowhere is its port",
        ),
        ({"board": "cyton"}, "cannot open cyton .*name its port with --serial-port"),
        ({"board": "MUSE_2_BLED_BOARD"}, "name its port with --serial-port"),
    ],
)
def test_what_cannot_be_opened_is_named(settings: dict[str, str], message: str) -> None:
    device = Device(name="Test", brainflow=BrainFlowSettings(**settings))
    assert device.brainflow is not None
    source = BrainFlowSource(device.brainflow, device)
    with pytest.raises(UserError, match=message):
        source.open()
    source.close()


def test_boards_are_listed_with_what_they_measure() -> None:
    boards = {board.name: board for board in list_boards()}
    assert boards["CYTON_DAISY_BOARD"].n_eeg == 16
    assert boards["MUSE_2_BOARD"].eeg_names == ("TP9", "AF7", "AF8", "TP10")
    assert boards["EMOTIBIT_BOARD"].n_eda == 1
    assert boards["CALLIBRI_ECG_BOARD"].n_ecg == 1
    assert "PLAYBACK_FILE_BOARD" not in boards
