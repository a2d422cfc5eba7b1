"""One live run put together: engine, sinks, view, and every way that it ends."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from physiosync_rt import __version__
from physiosync_rt.cli.outputs import Outputs
from physiosync_rt.dashboard import display_available, render_png, run_dashboard
from physiosync_rt.dashboard.qt import load as load_qt
from physiosync_rt.datatypes import Snapshot
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.live.watchdog import Watchdog
from physiosync_rt.pipeline.stream import StreamPipeline
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.views.terminal import TerminalView


def run_session(engine: Engine, outputs: Outputs, settings: dict[str, Any]) -> None:
    """Run an engine to its end: of the source, of the time, or by the person.

    Raises
    ------
    UserError
        The source cannot serve the bundle, is lost, or a sink cannot be written. What was
        written until then stays, complete.
    """
    outputs.check()
    log: CsvLog | None = None
    try:
        engine.open()
        if outputs.csv is not None:
            log = CsvLog(outputs.csv, describe_run(engine, settings))
            engine.sinks.append(log)
            engine.csv_path = str(outputs.csv)
        if outputs.outlet:
            from physiosync_rt.lsl.prediction_outlet import LslOutlet

            engine.sinks.append(LslOutlet("PhysioSync", engine.predictor.bundle.digest))
        if outputs.record is not None:
            engine.record(outputs.record)
        _watch(engine, outputs)
        if outputs.png is not None and engine.snapshot is not None:
            _picture(engine.snapshot, outputs.png)
    finally:
        if log is not None:
            log.update(**outcome(engine))
        engine.close()


def _window_possible() -> bool:
    """Whether the dashboard can open; says what is missing where Qt cannot."""
    if not display_available():
        return False
    try:
        load_qt()
    except UserError as error:
        typer.echo(f"{error} The terminal view takes its place.", err=True)
        return False
    return True


def _picture(snapshot: Snapshot, path: Path) -> None:
    """Draw the dashboard; a run that went well does not fail for want of Qt."""
    try:
        render_png(snapshot, path)
    except UserError as error:
        typer.echo(f"no picture: {error}", err=True)


def _watch(engine: Engine, outputs: Outputs) -> None:
    """Run the engine beside a view; Ctrl-C and a closed window end it cleanly."""
    thread = EngineThread(engine, outputs.duration_s)
    thread.start()
    try:
        if outputs.quiet:
            thread.join()
        elif outputs.headless or not _window_possible():
            console = Console()
            TerminalView(lambda: engine.snapshot, console).run(lambda: not thread.is_alive())
        else:
            run_dashboard(
                lambda: engine.snapshot, engine.send, is_done=lambda: not thread.is_alive()
            )
    except KeyboardInterrupt:
        pass
    finally:
        thread.finish()


def describe_run(engine: Engine, settings: dict[str, Any]) -> dict[str, Any]:
    """Everything that stands in the JSON beside a CSV: enough to know what a row means."""
    bundle = engine.predictor.bundle
    card = bundle.card
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": {
            "name": card.name,
            "title": card.headline,
            "hash": bundle.digest,
            "trained_on": card.trained_on,
            "simulated": card.simulated,
        },
        "contract": {
            "eeg": card.eeg.model_dump(mode="json"),
            "pps": card.pps.model_dump(mode="json") if card.pps else None,
            "profile": engine.pipeline.profile.model_dump(mode="json"),
            "hop_s": engine.pipeline.hop_s,
            "interpolated": list(engine.pipeline.montage.interpolated),
        },
        "streams": [
            {
                "name": spec.name,
                "modality": str(spec.modality),
                "ch_names": list(spec.ch_names),
                "sfreq": spec.sfreq,
                "unit": spec.unit,
                "source_id": spec.source_id,
                "host": spec.host,
            }
            for spec in engine.specs
        ],
        "baseline_from": engine.pipeline.baseline_origin,
        "settings": settings,
        "versions": {"physiosync-rt": __version__, **_versions()},
    }


def outcome(engine: Engine) -> dict[str, Any]:
    """What only the run itself could tell: its rest, its electrodes, its streams, its rows."""
    pipeline = engine.pipeline
    bad_s = {
        name: seconds
        for stream in pipeline.streams.values()
        if stream.preprocessor.bad_channels is not None
        for name, seconds in stream.preprocessor.bad_channels.bad_s.most_common()
    }
    found: dict[str, Any] = {
        "electrodes_bad_s": bad_s,
        "streams_seen": {
            spec.name: stream_seen(pipeline.streams[spec.name], engine.watchdogs[spec.name])
            for spec in engine.specs
        },
        "used": dict(engine.used),
        "withheld": {str(reason): n for reason, n in engine.withheld.items()},
        "left_out": {f"{what} {why}": n for (what, why), n in engine.left_out.items()},
        "told": list(engine.told),
    }
    if pipeline.baseline is not None:
        found["baseline"] = pipeline.baseline.to_dict()
    return found


def stream_seen(stream: StreamPipeline, watchdog: Watchdog) -> dict[str, Any]:
    """What became of a stream's samples, and how even its stamps were."""
    found: dict[str, Any] = {"dropped": stream.dropped, "late_in_bursts": watchdog.late}
    aligner = stream.aligner
    if aligner is None:
        return found
    return found | {
        **asdict(aligner.counters),
        "sfreq_effective": round(aligner.sfreq_effective, 4),
        "jitter_ms": round(1e3 * aligner.jitter_s, 3),
        "drift_ppm": None if aligner.drift_ppm is None else round(aligner.drift_ppm, 1),
    }


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in ("torch", "numpy", "scipy", "mne", "pylsl", "brainflow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


_LOSSES = {
    "lost": "lost",
    "bad": "no numbers",
    "duplicated": "twice",
    "late": "late",
    "constant": "without a time",
}
"""Words for the counters that a person should know at the end."""


def _losses(stream: StreamPipeline) -> str:
    """What went wrong with a stream's samples, in one line; empty where nothing did."""
    if stream.aligner is None:
        return ""
    counters = asdict(stream.aligner.counters)
    total = max(counters["received"] + counters["lost"], 1)
    said = [
        f"{counters[name]:,} {word} ({100 * counters[name] / total:.2g} %)"
        for name, word in _LOSSES.items()
        if counters[name]
    ]
    said += [
        f"{counters[n]} {n.replace('_', ' ')}" for n in ("gaps", "clock_resets") if counters[n]
    ]
    if stream.dropped:
        said.append(f"{stream.dropped:,} after their row")
    return f"{stream.spec.name}: of {total:,} samples {', '.join(said)}" if said else ""


def summary(engine: Engine, outputs: Outputs) -> str:
    """What a run came to, for a person."""
    text = f"{engine.rows} rows, {engine.valid_rows} with a prediction"
    if len(engine.used) > 1:
        text += " (" + ", ".join(f"{n} from {what}" for what, n in engine.used.most_common()) + ")"
    if engine.left_out:
        left_out = engine.left_out.most_common()
        text += f" (left out: {', '.join(f'{what} {n} {why}' for (what, why), n in left_out)})"
    if engine.withheld:
        reasons = ", ".join(f"{n} {why}" for why, n in engine.withheld.most_common())
        text += f" (without one: {reasons})"
    if bad_s := outcome(engine)["electrodes_bad_s"]:
        shown = [f"{name} {seconds} s" for name, seconds in list(bad_s.items())[:5]]
        more = f" and {len(bad_s) - 5} more" if len(bad_s) > 5 else ""
        text += f"; bad electrodes: {', '.join(shown)}{more}"
    if engine.rows and engine.pipeline.baseline is None:
        text += f"; no rest was captured (asked for: {engine.pipeline.baseline_origin})"
    if outputs.csv:
        text += f"; wrote {outputs.csv}"
    text += "".join(f"\n{line}" for line in map(_losses, engine.pipeline.streams.values()) if line)
    if engine.predictor.bundle.card.simulated:
        text += "\nThe bundle was trained on simulated signals: it says nothing of a real person."
    return text
