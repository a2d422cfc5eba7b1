"""The raw streams of a run in a file, which a person may start and stop during the run."""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.live.state import RunState
from physiosync_rt.sinks.file_news import Tell
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch


class RawRecording:
    """Recording of the raw streams, or none at present."""

    def __init__(self) -> None:
        self._recorder: Recorder | None = None

    def start(self, path: Path, state: RunState, tell: Tell) -> None:
        """Record from now on; ``tell`` is called with what happens to the file.

        Raises
        ------
        UserError
            The file exists or cannot be written.
        """
        self._recorder = Recorder(path, state.specs, tell)
        state.files.append(self._recorder.file)
        state.recording_path = str(path)

    def take(self, batch: Batch) -> None:
        """Write what has arrived, where a recording is on."""
        if self._recorder is not None:
            self._recorder.take(batch)

    def stop(self) -> None:
        """Finish the file, where there is one."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
