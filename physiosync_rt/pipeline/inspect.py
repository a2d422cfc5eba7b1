"""Summarise a recording: streams, rates, gaps, clocks and quality."""

from __future__ import annotations

from typing import Any

import numpy as np

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import GRID_SFREQ, Modality, RecordedStream, Recording
from physiosync_rt.formats.amplitudes import amplitude
from physiosync_rt.formats.clocks import corrected
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.preprocess.quality import Judge, judge_of

COUNT_KEYS = {
    "gaps": "gaps",
    "lost": "lost",
    "delivered_late": "late",
    "duplicates": "duplicated",
    "clock_resets": "clock_resets",
    "stuck_clock": "constant",
    "nonfinite": "not_finite",
}
"""Counts of `StreamStats` that the facts hold, and their keys there."""


def recording_facts(recording: Recording) -> dict[str, Any]:
    """Streams with their true rates, gaps, clocks and quality, in plain containers."""
    aligned = _aligned(recording)
    return {
        "file": str(recording.path or ""),
        "subject": recording.subject,
        "start_utc": recording.start_utc,
        "streams": [_stream_facts(s, aligned.get(s.spec.name, {})) for s in recording.streams],
        "markers": [{"name": m.name, "n": len(m.labels)} for m in recording.markers],
        "segments": {
            kind: sum(s.kind == kind for s in recording.segments) for kind in ("baseline", "trial")
        },
        "history": list(recording.history),
        "notes": list(recording.notes),
    }


def _stream_facts(stream: RecordedStream, aligned: dict[str, Any]) -> dict[str, Any]:
    spec = stream.spec
    times = corrected(stream)
    return {
        "name": spec.name,
        "modality": str(spec.modality),
        "ch_names": list(spec.ch_names),
        "unit": spec.unit,
        "sfreq": spec.sfreq,
        "n_samples": len(times),
        "duration_s": float(times.max() - times.min()) if len(times) else 0.0,
        "clock_offset_s": [float(v) for v in stream.clock_offsets[[0, -1], 1]]
        if len(stream.clock_offsets)
        else [],
        "counter": stream.counter is not None,
        **_amplitude_facts(stream),
        **aligned,
    }


def _amplitude_facts(stream: RecordedStream) -> dict[str, Any]:
    """Median rms of a second (EEG, ECG) or median level (GSR), and the range of all samples."""
    spec, samples = stream.spec, stream.samples
    finite = np.isfinite(samples)
    low = float(samples.min(where=finite, initial=np.inf))
    high = float(samples.max(where=finite, initial=-np.inf))
    value = None
    if spec.modality is not Modality.OTHER and spec.sfreq > 0:
        value = _rounded(amplitude(spec.modality, samples, spec.sfreq))
    return {
        "rms": None if spec.modality is Modality.GSR else value,
        "level": value if spec.modality is Modality.GSR else None,
        "range": [_rounded(low), _rounded(high)] if low <= high else [],
    }


def _rounded(value: float) -> float | None:
    """Return a number with four digits; None where there is none."""
    return float(f"{value:.4g}") if np.isfinite(value) else None


def _aligned(recording: Recording) -> dict[str, dict[str, Any]]:
    """Run every regular stream through the aligner and see what it counts."""
    aligners: dict[str, StreamAligner] = {}
    judges: dict[str, Judge] = {}
    qualities: dict[str, list[float]] = {}
    regular = {s.spec.name: s.spec for s in recording.streams if s.spec.sfreq > 0}
    for chunk in in_time_order(recording, 1.0):
        spec = regular.get(chunk.stream)
        if spec is None or len(chunk) == 0:
            continue
        if spec.name not in aligners:
            aligners[spec.name] = StreamAligner(
                spec, float(chunk.timestamps[0] + chunk.clock_offset)
            )
            judges[spec.name] = judge_of(spec.modality, spec.n_chans)
        for grid in aligners[spec.name].push(chunk):
            for at in range(0, len(grid) - GRID_SFREQ + 1, GRID_SFREQ):
                second = grid.samples[at : at + GRID_SFREQ]
                if spec.unit and spec.modality is not Modality.OTHER:
                    value = float(judges[spec.name](second).mean())
                    qualities.setdefault(spec.name, []).append(value)
    found: dict[str, dict[str, Any]] = {}
    for name, aligner in aligners.items():
        stats = aligner.stats
        found[name] = {
            "sfreq_effective": round(stats.sfreq_effective, 3),
            "jitter_ms": round(stats.jitter_ms, 3),
            **{key: getattr(stats, count) for count, key in COUNT_KEYS.items()},
            "quality": round(float(np.mean(qualities[name])), 3) if name in qualities else None,
        }
    return found
