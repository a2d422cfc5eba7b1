"""The raw streams of a run in a file, which a person may start, stop and begin in hindsight."""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.live.last_minutes import LastMinutes
from physiosync_rt.live.save_last import WAIT_S, SaveLast
from physiosync_rt.live.state import RunState
from physiosync_rt.sinks.file_news import Tell
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch


class RawRecording:
    """Recording of the raw streams, or none at present, and the last minutes in memory."""

    def __init__(self) -> None:
        self._recorder: Recorder | None = None
        self._last: LastMinutes | None = None
        self._saving: list[SaveLast] = []

    def remember(self) -> None:
        """Keep the last minutes from now on."""
        self._last = LastMinutes()

    def start(self, path: Path, state: RunState, tell: Tell, now: float) -> None:
        """Record from now on; ``tell`` is called with what happens to the file.

        Raises
        ------
        UserError
            The file exists or cannot be written.
        """
        self._recorder = Recorder(path, state.specs, tell)
        state.files.append(self._recorder.file)
        state.recording_path, state.recording_since = str(path), now

    def take(self, batch: Batch, now: float) -> None:
        """Write what has arrived, where a recording is on, and remember it."""
        if self._recorder is not None:
            self._recorder.take(batch)
        if self._last is not None:
            self._last.take(batch, now)

    def save_last(self, path: Path, state: RunState, now: float) -> None:
        """Write the last minutes into a file, in a thread of its own.

        Raises
        ------
        UserError
            Nothing was kept.
        """
        if self._last is None or not self._last.batches:
            raise UserError("there are no last minutes to save: nothing has been received yet")
        saver = SaveLast(path, state, self._last.batches, self._last.span_s(now), now)
        self._saving.append(saver)
        saver.start()

    def look(self) -> None:
        """Tell of last minutes whose files are finished."""
        for saver in [each for each in self._saving if not each.is_alive()]:
            self._saving.remove(saver)
            saver.tell()

    def stop(self) -> None:
        """Finish the file, where there is one."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def close(self) -> None:
        """Finish all files, those of the last minutes too; safe to call twice."""
        try:
            self.stop()
        finally:
            for saver in self._saving:
                saver.join(WAIT_S)
            self.look()
