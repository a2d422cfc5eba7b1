"""A small lab: simulated people, recorded with the markers of a script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.simulation import simulate_person

SCRIPT = (
    *((1, "rest_start"), (20, "rest_end")),
    *((22, "video1_start"), (38, "video1_end"), (38.5, "valence=7 arousal=2")),
    *((40, "video2_start"), (57, "video2_end"), (57.5, "valence=3")),
)


def record(
    path: Path,
    seed: int,
    markers: Sequence[tuple[float, str]] = (),
    ch_names: tuple[str, ...] = ("Fz", "Cz", "Pz", "Oz"),
    duration_s: float = 60.0,
    gsr_sfreq: float = 32.0,
) -> None:
    """Write a simulated person's recording with these markers, in seconds from its start."""
    session = simulate_person(
        duration_s, seed=seed, ch_names=ch_names, rest_s=20.0, gsr_sfreq=gsr_sfreq, ecg_sfreq=0
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with XdfWriter(path) as writer:
        for stream in session.recording.streams:
            number = writer.add_stream(stream.spec)
            writer.write_samples(number, stream.samples, stream.timestamps)
        if markers:
            zero = float(session.recording.streams[0].timestamps[0])
            number = writer.add_markers("script", "lab-script")
            stamps, texts = [zero + t for t, _ in markers], [text for _, text in markers]
            writer.write_markers(number, stamps, texts)
