"""Learning curves for TensorBoard, written in this thread so that errors are raised."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from physiosync_training.loop.checkpoint import writes_to

_VERSION: Final = "brain.Event:2"


class TensorboardWriter:
    """An event file of one stage.

    Parameters
    ----------
    folder : Path
        Of the stage; made when it is not there.
    first_epoch : int
        Points of an earlier, broken run from here on are taken back.

    Raises
    ------
    UserError
        The disk is full or the folder cannot be written; so for `add`.
    """

    def __init__(self, folder: Path, first_epoch: int) -> None:
        # The names and the first records are those that TensorBoard's own writer makes.
        stamp = time.time()
        name = f"events.out.tfevents.{stamp:.6f}.{platform.node()}.{os.getpid()}"
        self._path = folder / name
        with writes_to(self._path):
            folder.mkdir(parents=True, exist_ok=True)
        self._write(Event(wall_time=stamp, step=first_epoch, file_version=_VERSION))
        again = SessionLog(status=SessionLog.START)
        self._write(Event(wall_time=stamp, step=first_epoch, session_log=again))

    def add(self, points: Mapping[str, float], epoch: int) -> None:
        """Add a point to every curve."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in points.items()]
        self._write(Event(wall_time=time.time(), step=epoch, summary=Summary(value=values)))

    def _write(self, event: Event) -> None:
        # Opened for each event: a training that is broken off leaves nothing open.
        with writes_to(self._path), self._path.open("ab") as file:
            RecordWriter(file).write(event.SerializeToString())
