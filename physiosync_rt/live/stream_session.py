"""A run as a script or a notebook asks for it: its source by name, and where rows go besides."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from physiosync_rt.bundle.bundle import Bundle, load_bundle
from physiosync_rt.bundle.engines import EngineChoice
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Prediction, Recording, StreamSpec
from physiosync_rt.devices import BrainFlowSettings, Device
from physiosync_rt.formats.join import Join
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.source_factory import SourceOptions, make_source
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest, parse_request
from physiosync_rt.sources.base import SourceKind


class StreamSession:
    """Rows of an engine, with an outlet and a recording beside them.

    Parameters
    ----------
    engine : Engine
        Not yet open; the session opens and closes it.
    duration_s : float, optional
        Seconds after which the rows end; without it they end with the source.
    outlet : bool
        Publish the rows as an LSL stream as well.
    record : Path or str, optional
        Keep the raw streams in this XDF file.

    Notes
    -----
    The engine works while a row is waited for, in the thread that waits. Between two rows the
    source keeps what arrives (LSL for 30 s), so a loop may take its time over a row. However the
    block is left (its end, ``break``, an exception, Ctrl-C), source and files are closed; the
    exception goes on to the caller.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        duration_s: float | None = None,
        outlet: bool = False,
        record: Path | str | None = None,
    ) -> None:
        self.engine = engine
        self._duration_s = math.inf if duration_s is None else duration_s
        self._until = math.inf
        self._outlet = outlet
        self._record = record

    def __enter__(self) -> Self:
        """Connect.

        Raises
        ------
        UserError
            The source or its streams cannot serve the bundle, or a file cannot be written.
        """
        self.engine.__enter__()
        try:
            if self._outlet:
                from physiosync_rt.lsl.prediction_outlet import LslOutlet

                bundle = self.engine.predictor.bundle
                outlet = LslOutlet("PhysioSync", bundle.digest, bundle.card.meaning)
                self.engine.sinks.append(outlet)
            if self._record is not None:
                self.engine.record(Path(self._record))
        except BaseException:
            self.close()
            raise
        self._until = time.monotonic() + self._duration_s
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Prediction]:
        """Wait for rows and yield them; raises as `Engine.rows` does."""
        return self.engine.rows(self._until - time.monotonic())

    def __repr__(self) -> str:
        return f"<StreamSession: {'open' if self.engine.is_open else 'closed'}, {self.engine!r}>"

    @property
    def streams(self) -> tuple[StreamSpec, ...]:
        """The streams in use: EEG first, then GSR or ECG where there is one."""
        return self.engine.state.specs

    @property
    def snapshot(self) -> Snapshot | None:
        """Everything that a view may show now."""
        return self.engine.snapshot

    def mark(self, text: str) -> None:
        """Write a marker into the next row and the recording."""
        self.engine.send(Command("marker", text))

    def close(self) -> None:
        """Let go of the source and finish every file; safe to call twice."""
        if self.engine.is_open:
            self.engine.close()


def open_stream(
    source: SourceKind = "lsl",
    *,
    bundle: Bundle | Path | str = "demo-eeg32",
    eeg: str | None = None,
    pps: str | None = None,
    device: Device | Path | str | None = None,
    board: BrainFlowSettings | None = None,
    file: Recording | Path | str | Sequence[Path | str] = (),
    subject: str | None = None,
    join: Join | str | None = None,
    speed: float = 1.0,
    seed: int = 0,
    timeout: float = 10.0,
    local: bool = False,
    baseline: Baseline | BaselineRequest | float | str | None = None,
    hop_s: float = 1.0,
    min_quality: float | None = None,
    duration_s: float | None = None,
    outlet: bool = False,
    record: Path | str | None = None,
    torch_device: str = "auto",
    engine: str = "auto",
    precision: str = "fp32",
) -> StreamSession:
    """Prepare a live run; a ``with`` block connects it, and iterating over it yields its rows.

    Parameters
    ----------
    source : {"lsl", "brainflow", "simulated", "file"}
    bundle : Bundle, Path or str
        A bundle, its folder, or the name of a shipped one.
    eeg, pps : str, optional
        Name, type or source_id of a stream, in any case.
    device : Device, Path or str, optional
        Description of what unnamed and odd channels are, its YAML file, or a shipped one's name.
    board : BrainFlowSettings, optional
        For ``brainflow``, where the device does not say it.
    file : Recording, Path, str or sequence of Path or str
        For ``file``; several files are one session, as in `physiosync_rt.read`.
    subject, join
        For ``file``, as in `physiosync_rt.read`.
    speed : float
        For ``file``: recorded seconds per second.
    seed : int
        For ``simulated``: which person.
    timeout : float
        For ``lsl``: seconds to look for the streams.
    local : bool
        For ``lsl``: look for, and publish, streams on this computer only. LSL reads this once in
        a process, before its first use.
    baseline : Baseline, BaselineRequest, float or str, optional
        A baseline, seconds of it from the start, ``"START:STOP"``, or the JSON of a run. Without
        it the bundle's default is captured from the start.
    hop_s : float
        Seconds from row to row.
    min_quality : float, optional
        Replaces the card's quality gate; 0 turns it off.
    duration_s : float, optional
        Seconds after which the rows end.
    outlet : bool
        Publish the rows as an LSL stream of type ``Emotion``.
    record : Path or str, optional
        XDF file for the raw streams; it must not exist.
    torch_device : str
        ``auto``, ``cpu`` or ``cuda``.
    engine : {"auto", "torch", "onnx"}
        What computes the network.
    precision : {"fp32", "fp16", "int8"}
        Of its weights.

    Raises
    ------
    UserError
        Bundle, file or options cannot be used.

    Examples
    --------
    >>> import physiosync_rt as ps
    >>> with ps.open_stream("lsl", bundle="demo-muse", eeg="Muse") as stream:  # doctest: +SKIP
    ...     for row in stream:
    ...         print(row.valence, row.arousal, row.reason)
    """
    if source == "lsl" or outlet:
        from physiosync_rt.lsl.config import configure

        configure(local=local)
    loaded = as_bundle(bundle)
    files = (file,) if isinstance(file, Path | str) else file
    options = SourceOptions(eeg, pps, device, board, files, subject, join, speed, seed, timeout)
    run = Engine(
        make_source(source, loaded.card, options),
        Predictor(loaded, torch_device, EngineChoice(engine, precision)),
        # LSL looks for the streams by these words, and offers what it has found.
        eeg=None if source == "lsl" else eeg,
        pps=None if source == "lsl" else pps,
        hop_s=hop_s,
        baseline=as_baseline(baseline),
        min_quality=min_quality,
    )
    return StreamSession(run, duration_s=duration_s, outlet=outlet, record=record)


def as_bundle(bundle: Bundle | Path | str) -> Bundle:
    """Load a bundle, where it is given by name or folder.

    Raises
    ------
    UserError
        It does not exist or its files do not go together.
    """
    return bundle if isinstance(bundle, Bundle) else load_bundle(str(bundle))


def as_baseline(
    baseline: Baseline | BaselineRequest | float | str | None,
) -> Baseline | BaselineRequest | None:
    """Understand what can be given as a baseline.

    Raises
    ------
    UserError
        It is neither seconds, nor a stretch, nor a file.
    """
    if isinstance(baseline, Baseline | BaselineRequest | None):
        return baseline
    return parse_request(str(baseline))
