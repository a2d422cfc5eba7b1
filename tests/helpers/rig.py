"""The fault rig: players in processes of their own, and what arrives of them after align.

`physiosync_rt.bench.players.ReplayProcess` plays a recording with seeded faults (`lsl.faults`) and
is killed and started again at will; here are the recordings and the listener.
"""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import numpy as np
from helpers.pulses import pulse_times, pulse_train, pulse_width

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.bench.players import ReplayProcess
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, GridChunk, Modality, StreamSpec
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.lsl.source import LslSource

PULSES = {"EEG": (Modality.EEG, 250.0, "uV"), "GSR": (Modality.GSR, 32.0, "uS")}


def write_pulses(path: Path, duration_s: float, gsr_sfreq: float) -> None:
    """Write EEG (250 Hz) and GSR with simultaneous pulses as XDF."""
    with XdfWriter(path) as writer:
        for modality, sfreq, unit in PULSES.values():
            sfreq = gsr_sfreq if modality is Modality.GSR else sfreq
            t = np.arange(int(duration_s * sfreq)) / sfreq
            spec = StreamSpec(
                f"Pulse{modality}", modality, ("Cz",), sfreq, unit, source_id=f"pulse-{modality}"
            )
            number = writer.add_stream(spec)
            x = pulse_train(t, pulse_width(sfreq))[:, None].astype(np.float32)
            writer.write_samples(number, x, t)


def heard_pulses(
    path: Path, faults: str, *, gsr_sfreq: float, seconds: float, after_s: float
) -> FloatArray:
    """Play a recording of pulses, listen, and align: GSR against EEG pulses in seconds.

    Parameters
    ----------
    path : Path
        As `write_pulses` writes it.
    faults : str
        As ``replay --faults`` takes them.
    gsr_sfreq : float
    seconds : float
        Recorded seconds to play.
    after_s : float
        Pulses before this second are left out.
    """
    prefix = f"p{uuid.uuid4().hex[:8]}-"
    with ReplayProcess(path, prefix, faults=faults, stop=seconds) as player:
        source = LslSource(
            f"{prefix}PulseEEG", f"{prefix}PulseGSR", timeout=30.0, check=player.check
        )
        aligners: dict[str, StreamAligner] = {}
        grids: dict[str, list[GridChunk]] = {}
        early = []
        try:
            specs = source.open()
            anchor: float | None = None
            deadline = time.monotonic() + seconds + 30.0
            while time.monotonic() < deadline:
                batch = source.poll(0.02)
                early += batch.chunks
                first = next((c for c in early if c.stream == specs[0].name), None)
                if anchor is None and first is not None:
                    anchor = float(first.timestamps[0] + first.clock_offset)
                    aligners = {s.name: StreamAligner(s, anchor) for s in specs}
                    grids = {s.name: [] for s in specs}
                if anchor is not None:
                    for chunk in early:
                        grids[chunk.stream] += aligners[chunk.stream].push(chunk)
                    early = []
                if batch.ended:
                    break
        finally:
            source.close()
    errors = []
    for spec in specs:
        pieces = grids[spec.name]
        t = np.concatenate([np.arange(g.start, g.stop) for g in pieces]) / GRID_SFREQ
        x = np.concatenate([g.samples[:, 0] for g in pieces])
        assert aligners[spec.name].counters.gaps == 0, "pulses are measured without gaps"
        sfreq = spec.sfreq
        errors.append(pulse_times(t, x, pulse_width(sfreq), after_s))
    n_pulses = min(map(len, errors))
    return errors[1][:n_pulses] - errors[0][:n_pulses]
