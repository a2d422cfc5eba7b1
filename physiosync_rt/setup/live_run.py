"""A live run from its settings to its end: engine, files and the thread that runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from typing import Any

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.engines import EngineChoice
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.options import Command
from physiosync_rt.live.source_factory import SourceOptions, make_source
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.preprocess.baseline import parse_request
from physiosync_rt.setup.csv_output import start_log
from physiosync_rt.setup.settings import LiveSettings, RunFiles
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.utils.milestones import milestone


def make_engine(settings: LiveSettings) -> Engine:
    """Load the bundle and make the engine of a run, not yet open.

    Raises
    ------
    UserError
        Bundle, engine, baseline, recording or device cannot be used.
    """
    rest = parse_request(settings.baseline) if settings.baseline else None
    loaded = load_bundle(settings.bundle)
    choice = EngineChoice(settings.engine, settings.precision)
    predictor = Predictor(loaded, settings.torch_device, choice)
    options = SourceOptions(
        **{field.name: getattr(settings, field.name) for field in fields(SourceOptions)}
    )
    return Engine(
        make_source(settings.source, loaded.card, options),
        predictor,
        # LSL looks for the streams by these words, and offers what it has found.
        eeg=None if settings.source == "lsl" else settings.eeg,
        pps=None if settings.source == "lsl" else settings.pps,
        hop_s=settings.hop,
        baseline=rest,
        min_quality=settings.min_quality,
    )


class LiveRun:
    """An engine with its files, in a thread of its own.

    Parameters
    ----------
    engine : Engine
        Not yet open.
    files : RunFiles
    settings : dict
        What the person asked for, for the run's JSON.
    duration_s : float, optional
        Seconds after which the run ends.

    Notes
    -----
    `open`, `start`, `finish` and `close` may be called from different threads, one after the
    other; `stop` and `is_done` from any.
    """

    def __init__(
        self,
        engine: Engine,
        files: RunFiles,
        settings: dict[str, Any],
        duration_s: float | None = None,
    ) -> None:
        self.engine = engine
        self._files = files
        self._settings = settings
        self._thread = EngineThread(engine, duration_s)
        self._log: CsvLog | None = None

    def open(self) -> None:
        """Connect, and begin the files.

        Raises
        ------
        UserError
            The source cannot serve the bundle, or a file cannot be begun.
        """
        engine, files = self.engine, self._files
        engine.open()
        engine.remember()
        milestone("streams open")
        if files.csv is not None:
            self._log = start_log(engine, files.csv, self._settings)
        if files.outlet:
            from physiosync_rt.lsl.prediction_outlet import LslOutlet

            bundle = engine.predictor.bundle
            engine.sinks.append(LslOutlet("PhysioSync", bundle.digest, bundle.card.meaning))
        if files.record is not None:
            engine.record(files.record)

    def start(self) -> None:
        """Run from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end."""
        self.engine.send(Command("stop"))

    @property
    def is_done(self) -> bool:
        """Whether the run has ended by itself or by request."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def finish(self) -> None:
        """Ask for the end, wait for it, and raise what went wrong."""
        self._thread.finish()

    def ended_by_errors(self) -> AbstractContextManager[None]:
        """Note in the run's JSON what ended it, where an error leaves this block."""
        return self._log.ended_by_errors() if self._log else nullcontext()

    def end_at_once(self) -> None:
        """Close the files in the middle of the run, for a second signal."""
        if self._log is not None:
            self._log.ended = "at once, by a second signal"
        self.engine.close_files()

    def close(self) -> None:
        """Let go of the source and finish every file."""
        self.engine.close()
