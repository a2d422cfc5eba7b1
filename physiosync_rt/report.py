"""What is in a recording or a bundle, as facts and for a person."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from physiosync_rt.align.stream import StreamAligner
from physiosync_rt.bundle import Card
from physiosync_rt.datatypes import GRID_SFREQ, Modality, RecordedStream, Recording
from physiosync_rt.formats.clocks import corrected
from physiosync_rt.playback import in_time_order
from physiosync_rt.preprocess.quality import Judge, judge_of


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
        **aligned,
    }


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
    return {
        name: {
            "sfreq_effective": round(aligner.sfreq_effective, 3),
            "jitter_ms": round(1e3 * aligner.jitter_s, 3),
            "gaps": aligner.counters.gaps,
            "lost": aligner.counters.lost,
            "duplicated": aligner.counters.duplicated,
            "clock_resets": aligner.counters.clock_resets,
            "not_finite": aligner.counters.bad,
            "quality": round(float(np.mean(qualities[name])), 3) if name in qualities else None,
        }
        for name, aligner in aligners.items()
    }


def recording_text(facts: dict[str, Any]) -> Text:
    """Facts of `recording_facts` for a person: a paragraph per stream, then the rest."""
    text = Text()
    text.append(f"{facts['file'] or facts['subject']}\n", style="bold")
    for s in facts["streams"]:
        text.append(f"\n{s['name']}", style="bold")
        rate = f"{s['sfreq']:g} Hz" if s["sfreq"] else "irregular"
        if abs(s.get("sfreq_effective", s["sfreq"]) - s["sfreq"]) > 0.01:
            rate += f" (measured {s['sfreq_effective']:.2f})"
        unit = s["unit"] or "unit not known"
        what = [str(s["modality"]), unit, f"{len(s['ch_names'])} ch", rate]
        text.append(f"  {', '.join(what)}, {s['duration_s']:.1f} s\n")
        if "jitter_ms" in s:
            counts = {
                "gaps": s["gaps"],
                "lost": s["lost"],
                "repeated": s["duplicated"],
                "clock resets": s["clock_resets"],
                "not finite": s["not_finite"],
            }
            said = [f"{n} {name}" for name, n in counts.items()]
            said.insert(0, f"jitter {s['jitter_ms']:.1f} ms")
            if s["quality"] is not None:
                said.append(f"quality {s['quality']:.2f}")
            text.append(f"  {' · '.join(said)}\n", style="dim")
        text.append(f"  {' '.join(s['ch_names'])}\n", style="dim")
    text.append("\n")
    segments = facts["segments"]
    lines = [f"{m['n']} markers in {m['name']}" for m in facts["markers"]]
    if any(segments.values()):
        lines.append(f"{segments['baseline']} baseline and {segments['trial']} trial segments")
    lines += [f"done to it before: {step}" for step in facts["history"]]
    lines += [f"note: {note}" for note in facts["notes"]]
    return text.append("\n".join(lines))


def bundle_tables(card: Card, digest: str) -> list[Table]:
    """A bundle's card for a person."""
    about = Table(title=f"{card.headline} ({card.name}, {digest})", title_justify="left")
    about.add_column("what")
    about.add_column("value")
    about.add_row("trained on", card.trained_on)
    about.add_row("EEG", f"{card.eeg.n_chans} electrodes: {' '.join(card.eeg.ch_names)}")
    if card.pps is not None:
        about.add_row(str(card.pps.modality), f"{card.pps.n_chans} channel(s), {card.pps.unit}")
    profile = card.profile
    about.add_row("profile", f"{profile.profile}, {profile.window_s:g} s windows")
    about.add_row("band", f"{profile.eeg.l_freq:g}-{profile.eeg.h_freq:g} Hz, average reference")
    about.add_row("baseline", f"{profile.baseline_s:g} s of rest")
    for key, value in card.provenance.items():
        if not isinstance(value, dict):
            about.add_row(key.replace("_", " "), str(value))
    return [about, *(_score_table(card, protocol) for protocol in _protocols(card))]


def _protocols(card: Card) -> list[str]:
    return list(dict.fromkeys(score.protocol for score in card.scores))


def _score_table(card: Card, protocol: str) -> Table:
    """Scores of one protocol, which is named over them."""
    table = Table(title=f"scores: {protocol}", title_justify="left")
    for column in ("target", "from", "model", "metric", "value", "95 %", "n"):
        table.add_column(column)
    for s in card.scores:
        if s.protocol == protocol:
            interval = "" if s.ci_low is None else f"{s.ci_low:.2f}-{s.ci_high:.2f}"
            n = "" if s.n is None else f"{s.n} {s.unit}".strip()
            table.add_row(s.target, s.modalities, s.model, s.metric, f"{s.value:.3f}", interval, n)
    return table
