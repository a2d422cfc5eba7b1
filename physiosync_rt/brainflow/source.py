"""Read live samples from a BrainFlow board; BrainFlow's own filters are not used."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Final

import numpy as np

from physiosync_rt.brainflow.boards import (
    COUNTERS,
    BoardStream,
    board_id,
    board_streams,
    fix_connection,
    load_brainflow,
)
from physiosync_rt.datatypes import Chunk, FloatArray, IntArray, Modality, StreamSpec
from physiosync_rt.devices import BrainFlowSettings, Device, mapper_for
from physiosync_rt.errors import UserError
from physiosync_rt.formats.counter_unwrapper import CounterUnwrapper
from physiosync_rt.sources.base import Batch, SourceMessage
from physiosync_rt.sources.validate import find_problem, require_usable
from physiosync_rt.utils.retry import Retry, longer

BUFFER_S: Final = 60
"""Buffer length of BrainFlow; beyond it the oldest samples are silently dropped."""

STALLED_S: Final = 3.0
"""Time without samples after which a board is reopened; a lost link is not reported."""

STEADY_S: Final = 10.0
"""A link that is lost again sooner than this is reopened after a pause."""

_POLL_S: Final = 0.005
_PLAYBACK: Final = "PLAYBACK_FILE_BOARD"
_PARAMETERS: Final = (
    *("serial_port", "mac_address", "serial_number", "ip_address", "ip_port"),
    *("timeout", "other_info", "file"),
)


class _Signal:
    """Converter of one signal of the board to chunks."""

    def __init__(self, source: BoardStream, device: Device | None) -> None:
        self._source = source
        self._mapper = mapper_for(device, source.spec)
        self.preset = source.preset
        self.spec = self._mapper.spec if self._mapper else source.spec

    def chunks(
        self, block: FloatArray, stamps: FloatArray, counts: IntArray | None
    ) -> tuple[Chunk, ...]:
        samples = np.ascontiguousarray(block[list(self._source.rows)].T, dtype=np.float32)
        chunk = Chunk(self._source.spec.name, samples, stamps, counter=counts)
        return self._mapper.map(chunk) if self._mapper else (chunk,)


class _PresetReader:
    """Reader of one preset's rows: stamps, package numbers and unwrapped counter."""

    def __init__(self, description: dict[str, Any], board: str) -> None:
        self._stamp_row = int(description["timestamp_channel"])
        self._package_row = int(description.get("package_num_channel", -1))
        counter = COUNTERS.get(board) if self._package_row >= 0 else None
        sfreq = float(description["sampling_rate"])
        self._unwrapper = CounterUnwrapper(counter.modulo, counter.step, sfreq) if counter else None
        self._held: FloatArray = np.empty((int(description["num_rows"]), 0))

    def ready(self, block: FloatArray) -> tuple[FloatArray, FloatArray, IntArray | None]:
        """Add the next block (n_rows, n_samples); return counted samples, stamps and counts."""
        if self._unwrapper is None:
            return block, np.ascontiguousarray(block[self._stamp_row]), None
        raw = np.rint(block[self._package_row]).astype(np.int64)
        counts: list[int] = []
        for value, stamp in zip(raw.tolist(), block[self._stamp_row].tolist(), strict=True):
            counts.extend(self._unwrapper.push(value, stamp))
        whole = np.concatenate([self._held, block], axis=1)
        done, self._held = whole[:, : len(counts)], whole[:, len(counts) :]
        stamps = np.ascontiguousarray(done[self._stamp_row])
        return done, stamps, np.asarray(counts, dtype=np.int64)


class BrainFlowSource:
    """Source of EEG in microvolts, and EDA and ECG where the board has them.

    Parameters
    ----------
    settings : BrainFlowSettings
        The board and its connection.
    device : Device, optional
        States electrodes and units that BrainFlow does not know; streams are named
        ``<board> EEG`` and so on, with source_id ``brainflow-<board>``.

    Attributes
    ----------
    messages : list of SourceMessage
        Messages for the user, one sentence each.

    Notes
    -----
    Stamps are UNIX time of this computer, from BrainFlow. A lost link is reopened in a background
    thread, with increasing pauses, until the board is back or the source is closed.
    """

    def __init__(self, settings: BrainFlowSettings, device: Device | None = None) -> None:
        self.messages: list[SourceMessage] = []
        self._settings = settings
        self._device = device
        self._board: Any = None
        self._signals: list[_Signal] = []
        self._presets: dict[int, _PresetReader] = {}
        self._layout_id = self._board_id = 0
        self._last_data: float | None = None
        self._opened = 0.0
        self._pause_s = 0.0
        self._reconnect: Retry | None = None

    @property
    def speed(self) -> float:
        """Always 1: boards are live."""
        return 1.0

    @property
    def start_utc(self) -> float | None:
        """None: `now` is UNIX time already."""
        return None

    def now(self) -> float:
        """Return the UNIX time in seconds."""
        return time.time()

    def open(self) -> tuple[StreamSpec, ...]:
        """Open the board and start its stream.

        Raises
        ------
        UserError
            BrainFlow is not installed, does not know the board, or cannot connect to it; or the
            board's channels are not described.
        """
        shim = load_brainflow()
        self._board_id = self._layout_id = board_id(self._settings.board)
        if shim.BoardIds(self._board_id).name == _PLAYBACK:
            # A playback has the rows of the recorded board.
            self._layout_id = board_id(self._settings.master_board)
        self._describe()
        shim.BoardShim.disable_board_logger()
        # One object for the whole run: BrainFlow ends a second object's session with the first.
        self._board = shim.BoardShim(self._board_id, self._params())
        try:
            self._connect()
        except shim.BrainFlowError as error:
            self._board = None
            raise UserError(
                f"BrainFlow cannot open {self._settings.board} ({error}); "
                f"{fix_connection(self._settings)}"
            ) from error
        return tuple(signal.spec for signal in self._signals)

    def poll(self, timeout: float) -> Batch:
        """Return what the board has sent; wait at most ``timeout`` seconds for the first of it."""
        until = time.monotonic() + timeout
        while True:
            chunks = self._read_all()
            now = time.monotonic()
            if chunks:
                self._last_data = now
            if chunks or now >= until:
                return Batch(tuple(chunks))
            time.sleep(min(_POLL_S, until - now))

    def _read_all(self) -> list[Chunk]:
        if self._reconnect is not None and not self._has_reconnected():
            return []
        try:
            chunks = [chunk for preset in self._presets for chunk in self._read(preset)]
        except load_brainflow().BrainFlowError as error:
            self._reopen(f"the link to {self._settings.board} is lost ({error})")
            return []
        # A playback sends no more samples because it has ended.
        waited = 0.0 if self._last_data is None else time.monotonic() - self._last_data
        if not chunks and waited > STALLED_S and self._board_id == self._layout_id:
            self._reopen(f"{self._settings.board} has stopped sending")
        return chunks

    def _reopen(self, what: str) -> None:
        self.messages.append(SourceMessage(f"{what}; trying to reconnect"))
        now = time.monotonic()
        self._last_data = self._last_data or now
        self._pause_s = longer(self._pause_s) if now - self._opened < STEADY_S else 0.0
        failure = load_brainflow().BrainFlowError
        self._reconnect = Retry(self._release, self._connect, failure, self._pause_s)

    def _has_reconnected(self) -> bool:
        assert self._reconnect is not None, "a reconnect is in progress"
        if not self._reconnect.done:
            return False
        assert self._last_data is not None, "set when the link was lost"
        now = time.monotonic()
        back = f"{self._settings.board} is back"
        self.messages.append(
            SourceMessage(f"{back} after {now - self._last_data:.1f} s", topic=back)
        )
        self._reconnect, self._last_data = None, now
        # The board restarts its counter.
        self._describe_presets()
        return True

    def _connect(self) -> None:
        """Open the board and start its stream; raises BrainFlowError."""
        try:
            self._board.prepare_session()
            self._board.start_stream(int(BUFFER_S * max(s.spec.sfreq for s in self._signals)))
        except load_brainflow().BrainFlowError:
            self._release()
            raise
        self._opened = time.monotonic()

    def _release(self) -> None:
        for step in (self._board.stop_stream, self._board.release_session):
            # A disconnected board cannot be stopped, but must still be released.
            with contextlib.suppress(load_brainflow().BrainFlowError):
                step()

    def close(self) -> None:
        """Stop the stream and release the board."""
        if self._reconnect is not None:
            self._reconnect.stop()
            self._reconnect = None
        if self._board is not None:
            self._release()
            self._board = None

    def _describe(self) -> None:
        signals = [_Signal(stream, self._device) for stream in board_streams(self._layout_id)]
        for signal in signals:
            if signal.spec.modality is Modality.EEG:
                require_usable(signal.spec)
            elif sentence := find_problem(signal.spec):
                self.messages.append(SourceMessage(f"not used: {sentence}"))
        self._signals = [s for s in signals if not find_problem(s.spec)]
        if not self._signals:
            for signal in signals:
                require_usable(signal.spec)
            raise UserError(
                f"{load_brainflow().BoardIds(self._layout_id).name} has no usable EEG, EDA or "
                "ECG; `physiosync boards` lists the boards that do"
            )
        self._describe_presets()

    def _describe_presets(self) -> None:
        shim = load_brainflow()
        name = shim.BoardIds(self._layout_id).name
        self._presets = {
            preset: _PresetReader(shim.BoardShim.get_board_descr(self._layout_id, preset), name)
            for preset in sorted({signal.preset for signal in self._signals})
        }

    def _params(self) -> Any:
        params = load_brainflow().BrainFlowInputParams()
        for name in _PARAMETERS:
            setattr(params, name, getattr(self._settings, name))
        if self._layout_id != self._board_id:
            params.master_board = self._layout_id
        return params

    def _read(self, preset: int) -> list[Chunk]:
        block = self._board.get_board_data(preset=preset)
        if block.shape[1] == 0:
            return []
        ready, stamps, counts = self._presets[preset].ready(block)
        if len(stamps) == 0:
            return []
        return [
            chunk
            for signal in self._signals
            if signal.preset == preset
            for chunk in signal.chunks(ready, stamps, counts)
        ]
