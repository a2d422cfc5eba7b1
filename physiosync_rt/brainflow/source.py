"""Boards that BrainFlow can open: acquisition only, every filter of ours stays ours."""

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
    load_brainflow,
)
from physiosync_rt.datatypes import Chunk, FloatArray, IntArray, Modality, StreamSpec
from physiosync_rt.devices import BrainFlowSettings, CounterUnwrapper, Device, mapper_for
from physiosync_rt.errors import UserError
from physiosync_rt.sources.base import Batch, Notice
from physiosync_rt.sources.validate import complaint, require_usable
from physiosync_rt.utils.retry import Retry, longer

BUFFER_S: Final = 60
"""What BrainFlow keeps when nobody polls; past it the oldest samples go without a word."""

SILENT_S: Final = 3.0
"""A board that sends nothing for so long is closed and opened again: a broken link says nothing."""

STEADY_S: Final = 10.0
"""A link that breaks again sooner is opened after a pause."""

_POLL_S: Final = 0.005
_PLAYBACK: Final = "PLAYBACK_FILE_BOARD"
_PARAMETERS: Final = (
    *("serial_port", "mac_address", "serial_number", "ip_address", "ip_port"),
    *("timeout", "other_info", "file"),
)


class _Signal:
    """One signal of the board on its way out."""

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


class _Rows:
    """The rows of one preset: stamps, package numbers, and the counts made of them."""

    def __init__(self, description: dict[str, Any], board: str) -> None:
        self._stamp_row = int(description["timestamp_channel"])
        self._package_row = int(description.get("package_num_channel", -1))
        counter = COUNTERS.get(board) if self._package_row >= 0 else None
        sfreq = float(description["sampling_rate"])
        self._unwrapper = CounterUnwrapper(counter, sfreq) if counter else None
        self._held: FloatArray = np.empty((int(description["num_rows"]), 0))

    def ready(self, block: FloatArray) -> tuple[FloatArray, FloatArray, IntArray | None]:
        """Take the next block (n_rows, n_samples); return what is counted, its stamps, counts."""
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
    """EEG in microvolts, and EDA and ECG where the board has them.

    Parameters
    ----------
    settings : BrainFlowSettings
        Which board, and how it is reached.
    device : Device, optional
        Names electrodes and units that BrainFlow does not know; streams are called
        ``<board> EEG`` and so on, with source_id ``brainflow-<board>``.

    Attributes
    ----------
    notices : list of str
        What a person should know, one sentence each.

    Notes
    -----
    Stamps are UNIX time of this computer, as BrainFlow gives them. A lost link is opened again in
    a thread of its own, with growing pauses, until the board is back or the source is closed.
    """

    def __init__(self, settings: BrainFlowSettings, device: Device | None = None) -> None:
        self.notices: list[str] = []
        self._settings = settings
        self._device = device
        self._board: Any = None
        self._signals: list[_Signal] = []
        self._presets: dict[int, _Rows] = {}
        self._described = self._number = 0
        self._heard: float | None = None
        self._opened = 0.0
        self._pause_s = 0.0
        self._reopening: Retry | None = None

    @property
    def speed(self) -> float:
        """Always 1: boards are live."""
        return 1.0

    @property
    def start_utc(self) -> float | None:
        """Nothing: `now` is UNIX time already."""
        return None

    def now(self) -> float:
        """UNIX time in seconds."""
        return time.time()

    def open(self) -> tuple[StreamSpec, ...]:
        """Open the board and start its stream.

        Raises
        ------
        UserError
            BrainFlow is not installed, knows no such board, or cannot reach it; or the board
            leaves open what its channels are.
        """
        shim = load_brainflow()
        self._number = self._described = board_id(self._settings.board)
        if shim.BoardIds(self._number).name == _PLAYBACK:
            # A playback has the rows of the board that was recorded.
            self._described = board_id(self._settings.master_board)
        self._describe()
        shim.BoardShim.disable_board_logger()
        # One object for the whole run: BrainFlow ends the session of a second one with the first.
        self._board = shim.BoardShim(self._number, self._params())
        try:
            self._connect()
        except shim.BrainFlowError as error:
            self._board = None
            raise UserError(
                f"BrainFlow cannot open {self._settings.board} ({error}); check that it is "
                "switched on and that serial_port, mac_address, ip_address or file in the device "
                "file are right"
            ) from error
        return tuple(signal.spec for signal in self._signals)

    def poll(self, timeout: float) -> Batch:
        """Return what the board has sent; wait at most ``timeout`` seconds for the first of it."""
        until = time.monotonic() + timeout
        while True:
            chunks = self._take_all()
            now = time.monotonic()
            if chunks:
                self._heard = now
            if chunks or now >= until:
                return Batch(tuple(chunks))
            time.sleep(min(_POLL_S, until - now))

    def _take_all(self) -> list[Chunk]:
        if self._reopening is not None and not self._is_back():
            return []
        try:
            chunks = [chunk for preset in self._presets for chunk in self._take(preset)]
        except load_brainflow().BrainFlowError as error:
            self._reopen(f"the link to {self._settings.board} is broken ({error})")
            return []
        # A playback falls silent because it is over.
        waited = 0.0 if self._heard is None else time.monotonic() - self._heard
        if not chunks and waited > SILENT_S and self._number == self._described:
            self._reopen(f"{self._settings.board} has fallen silent")
        return chunks

    def _reopen(self, what: str) -> None:
        self.notices.append(f"{what}; it is opened again")
        now = time.monotonic()
        self._heard = self._heard or now
        self._pause_s = longer(self._pause_s) if now - self._opened < STEADY_S else 0.0
        failure = load_brainflow().BrainFlowError
        self._reopening = Retry(self._release, self._connect, failure, self._pause_s)

    def _is_back(self) -> bool:
        assert self._reopening is not None, "somebody is at it"
        if not self._reopening.done:
            return False
        assert self._heard is not None, "noted when the link broke"
        now = time.monotonic()
        back = f"{self._settings.board} is back"
        self.notices.append(Notice(f"{back} after {now - self._heard:.1f} s", topic=back))
        self._reopening, self._heard = None, now
        # The board counts from the beginning.
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
            # A board that was pulled out cannot be stopped, but still has to be released.
            with contextlib.suppress(load_brainflow().BrainFlowError):
                step()

    def close(self) -> None:
        """Stop the stream and release the board."""
        if self._reopening is not None:
            self._reopening.stop()
            self._reopening = None
        if self._board is not None:
            self._release()
            self._board = None

    def _describe(self) -> None:
        signals = [_Signal(stream, self._device) for stream in board_streams(self._described)]
        for signal in signals:
            if signal.spec.modality is Modality.EEG:
                require_usable(signal.spec)
            elif sentence := complaint(signal.spec):
                self.notices.append(f"left out: {sentence}")
        self._signals = [s for s in signals if not complaint(s.spec)]
        if not self._signals:
            raise UserError(
                f"{load_brainflow().BoardIds(self._described).name} measures neither EEG nor EDA "
                "nor ECG that could be used; `physiosync boards` lists the boards that do"
            )
        self._describe_presets()

    def _describe_presets(self) -> None:
        shim = load_brainflow()
        name = shim.BoardIds(self._described).name
        self._presets = {
            preset: _Rows(shim.BoardShim.get_board_descr(self._described, preset), name)
            for preset in sorted({signal.preset for signal in self._signals})
        }

    def _params(self) -> Any:
        params = load_brainflow().BrainFlowInputParams()
        for name in _PARAMETERS:
            setattr(params, name, getattr(self._settings, name))
        if self._described != self._number:
            params.master_board = self._described
        return params

    def _take(self, preset: int) -> list[Chunk]:
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
