"""One simulated person as a file that `physiosync replay` and `physiosync predict` read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.simulation import Progress, SimulatedSession, simulate_person
from physiosync_rt.simulation.population import whole_or_nothing

TRUTH_STREAM: Final = "SimulatedTruth"
"""Stream of the latent valence and arousal, one sample a second, of no modality."""


def write_recording(
    out: Path | str,
    seed: int,
    *,
    duration_s: float = 300.0,
    effect: float = 1.0,
    variability: float = 1.0,
    ch_names: tuple[str, ...] = DEAP_CH_NAMES,
    eeg_sfreq: float = 128.0,
    gsr_sfreq: float = 32.0,
    ecg_sfreq: float = 256.0,
    rest_s: float = 30.0,
    counted: bool = False,
    progress: Progress | None = None,
) -> SimulatedSession:
    """Simulate a person and write the session as XDF.

    The file holds EEG, GSR and ECG, the markers ``baseline:start`` and ``baseline:end`` around
    the rest, and the latent truth as a stream of its own.

    Parameters
    ----------
    out : Path or str
        File that ends in ``.xdf``.
    seed : int
        Seeds the person and the session.
    duration_s : float
        Length in seconds.
    effect, variability
        As `Person.draw`.
    ch_names, eeg_sfreq, gsr_sfreq, ecg_sfreq, rest_s
        As `physiosync_rt.simulation.PersonStream`.
    counted : bool
        Store a sample counter with the signals, as devices send it that count.
    progress : callable, optional
        Called with seconds done and their number.

    Returns
    -------
    SimulatedSession
        What was written. The file appears whole or not at all.

    Raises
    ------
    UserError
        A name that does not end in ``.xdf``, a file that is there already, a number out of range.
    """
    path = Path(out)
    if path.suffix.lower() != ".xdf":
        raise UserError(
            f"{path.name} does not end in .xdf, which is what a recording is written as"
        )
    with whole_or_nothing(path) as partial:
        session = simulate_person(
            duration_s,
            seed=seed,
            effect=effect,
            variability=variability,
            ch_names=ch_names,
            eeg_sfreq=eeg_sfreq,
            gsr_sfreq=gsr_sfreq,
            ecg_sfreq=ecg_sfreq,
            rest_s=rest_s,
            progress=progress,
        )
        with XdfWriter(partial) as writer:
            for stream in session.recording.streams:
                number = writer.add_stream(stream.spec, counter=counted)
                counter = np.arange(len(stream.samples)) if counted else None
                writer.write_samples(number, stream.samples, stream.timestamps, counter)
                _one_clock(writer, number, duration_s)
            number = writer.add_stream(_TRUTH)
            truth = np.stack([session.valence, session.arousal], axis=1).astype(np.float32)
            writer.write_samples(number, truth, session.times)
            _one_clock(writer, number, duration_s)
            number = writer.add_markers("SimulatedMarkers", "physiosync-simulated-markers")
            for segment in session.recording.segments:
                stamps = [segment.start, segment.stop]
                labels = [f"{segment.kind}:start", f"{segment.kind}:end"]
                writer.write_markers(number, stamps, labels)
            _one_clock(writer, number, duration_s)
    return session


def _one_clock(writer: XdfWriter, stream: int, duration_s: float) -> None:
    """Say that a stream needs no correction; readers that look for offsets find some."""
    for t in (0.0, duration_s):
        writer.write_clock_offset(stream, t, 0.0)


_TRUTH = StreamSpec(
    TRUTH_STREAM,
    Modality.OTHER,
    ("valence", "arousal"),
    1.0,
    stype="Latent",
    source_id="physiosync-simulated-truth",
)
