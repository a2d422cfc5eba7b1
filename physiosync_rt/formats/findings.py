"""Judge what a recording holds, whatever its format: names and amplitudes of its streams."""

from __future__ import annotations

from dataclasses import replace

from physiosync_rt.datatypes import Modality, RecordedStream, Recording
from physiosync_rt.formats.amplitudes import amplitude_problem
from physiosync_rt.formats.electrode_labels import biosemi_problem, bipolar_problem


def stream_findings(stream: RecordedStream) -> tuple[str, ...]:
    """Return what a person should know of a stream's channel names and amplitude."""
    spec = stream.spec
    found = []
    if spec.modality is Modality.EEG:
        named = bipolar_problem(spec.ch_names) or biosemi_problem(spec.ch_names)
        found += [f"stream {spec.name!r}: {named}"] if named else []
    found.append(amplitude_problem(spec, stream.samples))
    return tuple(filter(None, found))


def with_findings(recording: Recording, before: Recording | None = None) -> Recording:
    """Add the findings on all streams to a recording's notes.

    Parameters
    ----------
    recording : Recording
    before : Recording, optional
        The same before a device description was applied, which may have put right what was found.
    """
    old = {
        note for stream in (before.streams if before else ()) for note in stream_findings(stream)
    }
    new = [note for stream in recording.streams for note in stream_findings(stream)]
    # In a session of several files, a note begins with the name of its file.
    kept = [n for n in recording.notes if n not in old and n.partition(": ")[2] not in old]
    return replace(recording, notes=(*kept, *new))
