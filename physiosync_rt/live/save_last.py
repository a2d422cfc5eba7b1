"""Write the last minutes of a run into files of their own, beside the run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from physiosync_rt.datatypes import Prediction
from physiosync_rt.errors import UserError
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.state import RunState
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sinks.lasting_file import LastingFile
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch

WAIT_S = 10.0
"""So long the end of a run waits for files that are being written."""


class SaveLast(Thread):
    """Writes batches as XDF and, where the run keeps no CSV, its rows as CSV.

    Parameters
    ----------
    path : Path
        The XDF; must not exist. The CSV has the same stem.
    state : RunState
    batches : sequence of Batch
    seconds : float
        Of arrival, from the oldest batch to now.
    asked_at : float
        Present time by the engine's clock.

    Notes
    -----
    The engine goes on meanwhile: what is written is never changed, and the state is only read.
    """

    def __init__(
        self,
        path: Path,
        state: RunState,
        batches: Sequence[Batch],
        seconds: float,
        asked_at: float,
    ) -> None:
        super().__init__(name="physiosync-save-last", daemon=True)
        self._path = path
        self._seconds = seconds
        self._asked_at = asked_at
        self._files: list[LastingFile] = []
        self._state = state
        self._batches = batches
        self._rows: tuple[Prediction, ...] = () if state.log else tuple(state.predictions)
        self._problem = ""

    def run(self) -> None:
        """Write the files."""
        try:
            recorder = Recorder(self._path, self._state.specs)
            self._files.append(recorder.file)
            try:
                for batch in self._batches:
                    recorder.take(batch)
            finally:
                recorder.close()
            if self._rows:
                self._write_rows()
        except UserError as error:
            self._problem = str(error)

    def tell(self) -> None:
        """Note in the state what came of it; called in the engine's thread after the end."""
        path, at = str(self._path), self._asked_at
        if self._problem:
            event = Event(EventKind.REFUSED, at, text=self._problem)
        else:
            what = "signals and rows" if self._rows else "signals"
            event = Event(EventKind.FILE_SAVED, at, seconds=self._seconds, path=path, text=what)
        self._state.files += self._files
        self._state.saved = event
        self._state.events.add(event)

    def _write_rows(self) -> None:
        # The package itself names the engine, so its version is not there yet when this is loaded.
        from physiosync_rt.live.run_log import describe_run

        about = {"from": "the last minutes of a run that kept no CSV"}
        log = CsvLog(self._path.with_suffix(".csv"), describe_run(self._state, about))
        self._files.append(log.file)
        try:
            for row in self._rows:
                log.write(row)
        finally:
            log.close()
