"""What a person asks of a run while it goes on, done between two passes."""

from __future__ import annotations

import queue
from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.live.events import EventKind
from physiosync_rt.live.options import Command, RunOptions
from physiosync_rt.live.raw_recording import RawRecording
from physiosync_rt.live.run_notes import set_standing
from physiosync_rt.live.state import RunState
from physiosync_rt.live.worker import Worker
from physiosync_rt.sinks.file_news import Tell
from physiosync_rt.sources.base import Batch


class Commands:
    """Commands that wait for the next pass.

    Notes
    -----
    `put` may be called from any thread.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Command] = queue.SimpleQueue()

    def __bool__(self) -> bool:
        return not self._waiting.empty()

    def put(self, command: Command) -> None:
        """Take up a command."""
        self._waiting.put(command)

    def run(
        self,
        state: RunState,
        options: RunOptions,
        worker: Worker,
        recording: RawRecording,
        tell: Tell,
        now: float,
        *,
        last: bool = False,
    ) -> None:
        """Do what was asked for.

        Parameters
        ----------
        state : RunState
        options : RunOptions
        worker : Worker
        recording : RawRecording
        tell : callable
            Called with what happens to the file of a recording.
        now : float
            Present time by the engine's clock.
        last : bool
            The run ends: no rest and no recording begins any more.
        """
        while not self._waiting.empty():
            command = self._waiting.get_nowait()
            if last and (command.kind == "baseline" or (command.kind == "record" and command.text)):
                continue
            if command.kind == "baseline":
                pipeline = state.pipeline
                pipeline.capture_baseline(options.baseline_s or pipeline.profile.baseline_s)
            elif command.kind == "marker":
                marker = worker.mark(command.text)
                recording.take(Batch(markers=(marker,) if marker else ()), now)
            elif command.kind in ("record", "save_last"):
                try:
                    _write_raw(command, state, recording, tell, now)
                except UserError as error:
                    # A wrong path typed in the dashboard must not end the run.
                    set_standing(state, EventKind.REFUSED, str(error), now)


def _write_raw(
    command: Command, state: RunState, recording: RawRecording, tell: Tell, now: float
) -> None:
    if command.kind == "save_last":
        recording.save_last(Path(command.text), state, now)
        return
    recording.stop()
    state.recording_path = ""
    if command.text:
        recording.start(Path(command.text), state, tell, now)
