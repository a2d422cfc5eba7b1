"""List BrainFlow's boards with their names, rows, units and sample counters."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from physiosync_rt.datatypes import UNITS, Modality, StreamSpec
from physiosync_rt.devices import BrainFlowSettings, CounterDescription
from physiosync_rt.errors import UserError
from physiosync_rt.utils.extras import require

COUNTERS: Final[Mapping[str, CounterDescription]] = {
    "SYNTHETIC_BOARD": CounterDescription(modulo=256),
    "CYTON_BOARD": CounterDescription(modulo=256),
    # Cyton and Daisy alternate in the packets: one sample of 16 channels takes two packets.
    "CYTON_DAISY_BOARD": CounterDescription(modulo=256, step=2),
}
"""Boards whose package number is a sample counter; elsewhere it counts radio packets."""

EDA_IN_US: Final = frozenset({"SYNTHETIC_BOARD", "EMOTIBIT_BOARD"})
"""Boards whose EDA is known to be in microsiemens; others need a device description."""


_SERIAL: Final = (
    *("CYTON_BOARD", "CYTON_DAISY_BOARD", "GANGLION_BOARD", "SHIMMER3_BOARD"),
    *("FREEEEG32_BOARD", "FREEEEG128_BOARD", "IRONBCI_32_BOARD", "BRAINBIT_BLED_BOARD"),
    *("MUSE_S_BLED_BOARD", "MUSE_2_BLED_BOARD", "MUSE_2016_BLED_BOARD"),
    *("NEUROPAWN_KNIGHT_BOARD", "NEUROPAWN_KNIGHT_BOARD_IMU"),
)
"""Boards on a cable, a dongle or a serial link, which BrainFlow needs the port of [1]_.

.. [1] https://brainflow.readthedocs.io/en/stable/SupportedBoards.html
"""

_PORTS: Final = "/dev/ttyUSB0, /dev/cu.usbserial-* or COM3"


@dataclass(frozen=True, slots=True)
class Board:
    """A board as `physiosync boards` lists it.

    Attributes
    ----------
    name : str
        BrainFlow's name, as in a device description.
    sfreq : float
        Rate of the EEG, or of the first signal where there is none, in Hz.
    eeg_names : tuple of str
        Electrodes, where BrainFlow knows them.
    n_eeg, n_eda, n_ecg : int
        Numbers of channels.
    """

    name: str
    sfreq: float
    eeg_names: tuple[str, ...]
    n_eeg: int
    n_eda: int
    n_ecg: int


@dataclass(frozen=True, slots=True)
class BoardStream:
    """One signal of a board: its spec, and its rows in a preset's data."""

    spec: StreamSpec
    preset: int
    rows: tuple[int, ...]


def load_brainflow() -> ModuleType:
    """Import BrainFlow's board module.

    Raises
    ------
    UserError
        It is not installed or cannot be loaded.
    """
    try:
        with warnings.catch_warnings():
            # BrainFlow 5.23 finds its library with pkg_resources, which emits a deprecation
            # warning at the first call.
            warnings.simplefilter("ignore")
            board_shim = require("brainflow.board_shim", "devices", "BrainFlow cannot be used")
            board_shim.BoardShim.get_version()
    except (ImportError, OSError) as error:
        raise UserError(
            f"BrainFlow cannot be loaded ({error}); run pip install 'physiosync-rt[devices]'"
        ) from error
    return board_shim


def board_id(name: str) -> int:
    """Return BrainFlow's number of a board, by name with or without ``_BOARD``.

    Raises
    ------
    UserError
        There is no such board.
    """
    known = {board.name: int(board.value) for board in load_brainflow().BoardIds}
    for candidate in (name.upper(), f"{name.upper()}_BOARD"):
        if candidate in known:
            return known[candidate]
    raise UserError(f"unknown BrainFlow board {name!r}; `physiosync boards` lists the known ones")


def needs_port(board: str) -> bool:
    """Return whether BrainFlow needs the serial port of a board.

    Raises
    ------
    UserError
        There is no such board.
    """
    return load_brainflow().BoardIds(board_id(board)).name in _SERIAL


def fix_connection(settings: BrainFlowSettings) -> str:
    """Say what to do about a board that does not open, by how it is connected."""
    name = load_brainflow().BoardIds(board_id(settings.board)).name
    if name in _SERIAL and not settings.serial_port:
        return f"name its port with --serial-port ({_PORTS}), or as serial_port in the device YAML"
    if name in _SERIAL:
        return (
            f"check that it is switched on and that --serial-port {settings.serial_port} is its "
            "port, which no other program has open"
        )
    return (
        "check that it is switched on, and --mac-address, --ip-address and --ip-port where it "
        "needs them (mac_address, ip_address, ip_port or file in the device YAML)"
    )


def board_streams(number: int) -> list[BoardStream]:
    """List the EEG, EDA and ECG of a board, each from the first preset that has it."""
    shim = load_brainflow()
    name = shim.BoardIds(number).name
    found: dict[Modality, BoardStream] = {}
    for preset in sorted(shim.BoardShim.get_board_presets(number)):
        description = shim.BoardShim.get_board_descr(number, preset)
        for stream in _preset_streams(preset, description, name):
            found.setdefault(stream.spec.modality, stream)
    return list(found.values())


def list_boards() -> tuple[Board, ...]:
    """List the boards that measure EEG, EDA or ECG, by name."""
    shim = load_brainflow()
    # BrainFlow logs an error for every number without a device.
    shim.BoardShim.disable_board_logger()
    boards = []
    for board in shim.BoardIds:
        # Some numbers are not a device (no board, playback, streaming).
        with contextlib.suppress(shim.BrainFlowError):
            streams = board_streams(int(board.value))
            if streams:
                boards.append(_summary(board.name, streams))
    return tuple(sorted(boards, key=lambda board: board.name))


def _summary(name: str, streams: list[BoardStream]) -> Board:
    specs = {stream.spec.modality: stream.spec for stream in streams}
    n_chans = {modality: spec.n_chans for modality, spec in specs.items()}
    eeg = specs.get(Modality.EEG)
    named = eeg is not None and not eeg.ch_names[0].startswith("ch")
    return Board(
        name=name,
        sfreq=(eeg or streams[0].spec).sfreq,
        eeg_names=eeg.ch_names if eeg is not None and named else (),
        n_eeg=n_chans.get(Modality.EEG, 0),
        n_eda=n_chans.get(Modality.GSR, 0),
        n_ecg=n_chans.get(Modality.ECG, 0),
    )


def _preset_streams(preset: int, description: Mapping[str, Any], board: str) -> list[BoardStream]:
    eeg = tuple(description.get("eeg_channels", ()))
    # ExG boards list the same rows as EEG, ECG, EMG and EOG; they are used as EEG.
    ecg = tuple(row for row in description.get("ecg_channels", ()) if row not in eeg)
    eda = tuple(description.get("eda_channels", ()))
    streams = []
    for modality, rows in ((Modality.EEG, eeg), (Modality.GSR, eda), (Modality.ECG, ecg)):
        if not rows:
            continue
        stated = str(description.get("eeg_names", "")) if modality is Modality.EEG else ""
        names = tuple(name.strip() for name in stated.split(",") if name.strip())
        if len(names) != len(rows):
            names = tuple(f"ch{i + 1}" for i in range(len(rows)))
        known = modality is Modality.EEG or (modality is Modality.GSR and board in EDA_IN_US)
        spec = StreamSpec(
            name=f"{board} {modality}",
            modality=modality,
            ch_names=names,
            sfreq=float(description["sampling_rate"]),
            unit=UNITS[modality] if known else "",
            stype=modality.value,
            source_id=f"brainflow-{board}".lower(),
        )
        streams.append(BoardStream(spec, preset, rows))
    return streams
