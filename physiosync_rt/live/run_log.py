"""What the JSON beside a CSV says of a run: how it was set up, and what it came to."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from physiosync_rt import __version__
from physiosync_rt.live.state import RunState
from physiosync_rt.live.troubles import markers_after
from physiosync_rt.sinks.csv_log import COUNT_KEYS

MOST_MARKERS = 100
"""Most markers after the last row that are written."""


def describe_run(state: RunState, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what is known when a run begins: enough to know what a row means.

    Parameters
    ----------
    state : RunState
    settings : dict
        What the person asked for.
    """
    bundle, pipeline = state.bundle, state.pipeline
    card = bundle.card
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "bundle": {
            "name": card.name,
            "title": card.headline,
            "hash": bundle.digest,
            "trained_on": card.trained_on,
            "simulated": card.simulated,
            "scores": [score.model_dump(mode="json") for score in card.scores],
            "people": card.people,
            "meaning": {name: str(meaning) for name, meaning in card.meaning.items()},
            "margin": card.unsure_margin,
        },
        "engine": None if state.forward is None else state.forward.to_dict(),
        "contract": {
            "eeg": card.eeg.model_dump(mode="json"),
            "pps": card.pps.model_dump(mode="json") if card.pps else None,
            "profile": pipeline.profile.model_dump(mode="json"),
            "hop_s": pipeline.hop_s,
            "interpolated": list(pipeline.montage.interpolated),
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
            for spec in state.specs
        ],
        "electrodes": {
            "of_bundle": len(pipeline.montage.wanted),
            "measured": pipeline.montage.n_measured,
        },
        "baseline_from": pipeline.baseline_origin,
        "settings": settings,
        "versions": {"physiosync-rt": __version__, **_versions()},
    }


def outcome(state: RunState) -> dict[str, Any]:
    """Return what only the run itself can tell: files, baseline, electrodes, streams and rows."""
    pipeline = state.pipeline
    found: dict[str, Any] = {
        "files": [
            {"path": str(part.path), file.unit: part.written, "place": str(part.place)}
            for file in state.files
            for part in file.parts
        ],
        "not_written": {
            unit: sum(file.lost for file in state.files if file.unit == unit)
            for unit in dict.fromkeys(file.unit for file in state.files)
        }
        | ({"markers": state.markers_dropped} if state.markers_dropped else {}),
        "markers_after_last_row": [
            {"at_s": None if at is None else round(at, 3), "marker": text}
            for at, text in markers_after(state)[:MOST_MARKERS]
        ],
        "behind_s": round(state.behind_most_s, 2),
        "electrodes_bad_s": bad_electrodes_s(state),
        "streams_seen": {spec.name: _stream_seen(state, spec.name) for spec in state.specs},
        "used": dict(state.used),
        "withheld": {str(reason): n for reason, n in state.withheld.items()},
        "left_out": {f"{what} {why}": n for (what, why), n in state.left_out.items()},
    }
    if state.recogniser is not None:
        found["no_proof"] = state.proves_nothing
    if pipeline.rest is not None:
        rest = pipeline.rest
        found["rest"] = {"start_s": rest.start, "stop_s": rest.stop, "need_s": rest.need_s}
    if pipeline.baseline is not None:
        found["baseline"] = pipeline.baseline.to_dict()
    return found


def bad_electrodes_s(state: RunState) -> dict[str, int]:
    """Return the seconds that each electrode was bad, most of them first."""
    return {
        name: seconds
        for stream in state.pipeline.streams.values()
        if stream.preprocessor.bad_channels is not None
        for name, seconds in stream.preprocessor.bad_channels.bad_s.most_common()
    }


def _stream_seen(state: RunState, name: str) -> dict[str, Any]:
    """Return what became of a stream's samples, and how even its stamps were."""
    stats = state.stats(name)
    found: dict[str, Any] = {
        "dropped": stats.after_deadline,
        "late_in_bursts": stats.late_in_bursts,
    }
    if state.pipeline.streams[name].aligner is None:
        return found
    return found | {
        **{key: getattr(stats, count) for count, key in COUNT_KEYS.items()},
        "sfreq_effective": round(stats.sfreq_effective, 4),
        "jitter_ms": round(stats.jitter_ms, 3),
        "drift_ppm": None if stats.drift_ppm is None else round(stats.drift_ppm, 1),
    }


def _versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for name in ("torch", "onnxruntime", "numpy", "scipy", "mne", "pylsl", "brainflow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
