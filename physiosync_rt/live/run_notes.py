"""What a run notes of itself: as it opens, and after each pass."""

from __future__ import annotations

from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.options import RunOptions
from physiosync_rt.live.state import RunState
from physiosync_rt.preprocess.baseline import Baseline
from physiosync_rt.sources.base import Source


def note_opening(state: RunState, now: float) -> None:
    """Note what the streams of a run lack, and what there is to say of its baseline."""
    card, pipeline = state.bundle.card, state.pipeline
    if card.pps is not None and state.pps is None:
        set_standing(state, EventKind.NO_STREAM, str(card.pps.modality), now)
    montage = pipeline.montage
    if montage.interpolated:
        n, n_seen = montage.n_measured, len(montage.wanted)
        state.events.add(Event(EventKind.ELECTRODES, now, state.eeg.name, n=n, n_seen=n_seen))
    for name, stream in pipeline.streams.items():
        if note := stream.windower.baseline_note:
            state.events.add(Event(EventKind.NOTE, now, name, text=note))


def set_standing(state: RunState, kind: EventKind, text: str, now: float) -> None:
    """Note what holds from now on."""
    state.events.standing = Event(kind, now, text=text)


class RunNotes:
    """Turns what has happened to the streams into events.

    Parameters
    ----------
    state : RunState
    source : Source
    options : RunOptions
    """

    def __init__(self, state: RunState, source: Source, options: RunOptions) -> None:
        self._state = state
        self._source = source
        self._options = options

    def look(self, now: float) -> None:
        """Note what is new."""
        state = self._state
        for spec in state.specs:
            stream = state.pipeline.streams[spec.name]
            state.events.update(spec, state.stats(spec.name), now)
            if stream.left_out:
                set_standing(state, EventKind.LEFT_OUT, stream.left_out, now)
            said = stream.windower.features_note
            # Who asks for a few seconds knows it; a file may be older than one thinks.
            if said and isinstance(self._options.baseline, Baseline):
                state.events.add_once(Event(EventKind.NOTE, now, spec.name, text=said))
            # Of a file, its notes have said so.
            if stream.amplitude_problem and self._source.now() is not None:
                note = Event(EventKind.NOTE, now, spec.name, text=stream.amplitude_problem)
                state.events.add_once(note)
        if state.proves_nothing:
            state.events.add_once(Event(EventKind.NO_PROOF, now, state.eeg.name))
        state.events.add_messages(self._source.messages, now)
