"""Write a simulated person as an XDF file for `physiosync replay` and `physiosync predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.simulation import Progress, SimulatedSession, simulate_person
from physiosync_rt.simulation.population import atomic_new_file

TRUTH_STREAM: Final = "SimulatedTruth"
"""Stream of the latent valence and arousal at 1 Hz, of modality OTHER."""


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

    The file contains EEG, GSR and ECG, the markers ``baseline:start`` and ``baseline:end`` around
    the baseline, and the latent ground truth as a separate stream.

    Parameters
    ----------
    out : Path or str
        File name that ends in ``.xdf``.
    seed : int
        Seeds the person and the session.
    duration_s : float
        Length in seconds.
    effect, variability
        As `Person.draw`.
    ch_names, eeg_sfreq, gsr_sfreq, ecg_sfreq, rest_s
        As `physiosync_rt.simulation.PersonStream`.
    counted : bool
        Store a sample counter with the signals, as some devices send it.
    progress : callable, optional
        Called with the simulated and the total seconds.

    Returns
    -------
    SimulatedSession
        What was written. The write is atomic.

    Raises
    ------
    UserError
        The name does not end in ``.xdf``, the file exists, or a number is out of range.
    """
    path = Path(out)
    if path.suffix.lower() != ".xdf":
        raise UserError(f"{path.name} does not end in .xdf; a simulated recording is an XDF file")
    with atomic_new_file(path) as partial:
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
                _write_zero_offsets(writer, number, duration_s)
            number = writer.add_stream(_TRUTH)
            truth = np.stack([session.valence, session.arousal], axis=1).astype(np.float32)
            writer.write_samples(number, truth, session.times)
            _write_zero_offsets(writer, number, duration_s)
            number = writer.add_markers("SimulatedMarkers", "physiosync-simulated-markers")
            for segment in session.recording.segments:
                stamps = [segment.start, segment.stop]
                labels = [f"{segment.kind}:start", f"{segment.kind}:end"]
                writer.write_markers(number, stamps, labels)
            _write_zero_offsets(writer, number, duration_s)
    return session


def _write_zero_offsets(writer: XdfWriter, stream: int, duration_s: float) -> None:
    """Write clock offsets of 0 for a stream, for readers that expect clock offsets."""
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
