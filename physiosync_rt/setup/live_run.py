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
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest, parse_request
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
    return engine_of(settings, make_predictor(settings), rest)


def make_predictor(settings: LiveSettings, *, many: bool = False) -> Predictor:
    """Load the bundle of a run; ``many`` as in `EngineChoice`.

    Raises
    ------
    UserError
        Bundle or engine cannot be used.
    """
    choice = EngineChoice(settings.engine, settings.precision, many)
    return Predictor(load_bundle(settings.bundle), settings.torch_device, choice)


def engine_of(
    settings: LiveSettings,
    predictor: Predictor,
    rest: BaselineRequest | Baseline | None,
    *,
    own: bool = False,
) -> Engine:
    """Make the engine of a run, not yet open, that asks a predictor.

    ``own`` says whether other people's streams are in sight, as in `SourceOptions`.

    Raises
    ------
    UserError
        The recording or the device cannot be used.
    """
    options = SourceOptions(
        own=own,
        **{f.name: getattr(settings, f.name) for f in fields(SourceOptions) if f.name != "own"},
    )
    return Engine(
        make_source(settings.source, predictor.bundle.card, options),
        predictor,
        # LSL looks for the streams by these words, and offers what it has found.
        eeg=None if settings.source == "lsl" else settings.eeg,
        pps=None if settings.source == "lsl" else settings.pps,
        hop_s=settings.hop,
        baseline=rest,
        min_quality=settings.min_quality,
    )


def begin_files(
    engine: Engine, files: RunFiles, settings: dict[str, Any], whose: str = ""
) -> CsvLog | None:
    """Begin the files of an engine that is open, and its outlet; return its CSV.

    Parameters
    ----------
    engine : Engine
    files : RunFiles
    settings : dict
        What the person asked for, for the run's JSON.
    whose : str
        Name of the person, where there are several: part of the outlet's.

    Raises
    ------
    UserError
        A file cannot be begun.
    """
    engine.remember()
    milestone("streams open")
    log = start_log(engine, files.csv, settings) if files.csv is not None else None
    if files.outlet:
        from physiosync_rt.lsl.prediction_outlet import LslOutlet

        bundle = engine.predictor.bundle
        own = f" {whose}" if whose else ""
        engine.sinks.append(LslOutlet(f"PhysioSync{own}", bundle.digest + own, bundle.card.meaning))
    if files.record is not None:
        engine.record(files.record)
    return log


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
        self.engine.open()
        self._log = begin_files(self.engine, self._files, self._settings)

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
