"""Look at a recording, or at the simulated person, before a run plays it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Modality, RecordedStream, Recording
from physiosync_rt.devices import map_recording
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.devices.recorded import own_carrier
from physiosync_rt.errors import UserError
from physiosync_rt.live.options import RunOptions
from physiosync_rt.live.source_factory import wants
from physiosync_rt.setup.plan import Plan, expanded
from physiosync_rt.setup.sight import (
    Offered,
    Part,
    Sight,
    device_in_use,
    first_paragraph,
    open_device,
    say_unclear,
    unclear_stream,
    wanted_modalities,
)
from physiosync_rt.sources.file import FileSource
from physiosync_rt.sources.read import read
from physiosync_rt.utils.translation import tr

EXCERPT_S = 10.0
"""Seconds of a recording from which channels are proposed."""


class FileLook:
    """A look at one recording, which is read once."""

    def __init__(self) -> None:
        self._key: object = None
        self._recording: Recording | None = None

    def look(self, plan: Plan, card: Card) -> Sight:
        """Return what a recording holds and what a run would take of it."""
        if not plan.file:
            return Sight(problem=tr("No recording is chosen. Choose a file, or drop one here"))
        try:
            recording = self._read(expanded(plan.file), plan.subject.strip() or None)
            return _look_at(recording, plan, card)
        except UserError as error:
            return Sight(device=plan.device, problem=first_paragraph(error))

    def _read(self, path: Path, subject: str | None) -> Recording:
        try:
            changed = path.stat().st_mtime_ns
        except (OSError, ValueError):
            changed = 0
        if self._recording is None or self._key != (path, subject, changed):
            self._recording = None
            self._recording = read(path, subject=subject)
            self._key = (path, subject, changed)
        return self._recording


def look_at_person(card: Card, seed: int) -> Sight:
    """Return the streams of the simulated person, who wears the bundle's electrodes."""
    from physiosync_rt.lsl.demo_player import person_stream

    specs = person_stream(seed, card.eeg.ch_names).specs
    wanted = wanted_modalities(card)
    eeg, pps = RunOptions().choose_streams(specs, card)
    offered = tuple(
        Offered(
            spec,
            ((spec, own_carrier(spec)),),
            (spec,),
            tuple(m for m in wanted if spec in (eeg, pps) and spec.modality is m),
        )
        for spec in specs
    )
    return Sight(offered, eeg, pps)


def _look_at(recording: Recording, plan: Plan, card: Card) -> Sight:
    parts = [_part(stream) for stream in recording.streams]
    name, fitting = device_in_use(plan, parts)
    device = open_device(name)
    mapped = map_recording(device, recording) if device else recording
    offered = _offered(recording, mapped)

    def excerpts(stream: Offered) -> list[StreamExcerpt]:
        return [_excerpt(each) for each in recording.streams if _part(each)[1].spec == stream.whole]

    sight = Sight(offered, device=name, fitting=fitting, excerpts=excerpts)
    unclear = unclear_stream(offered, [Modality.EEG])
    if unclear is None and not any(o.carries(Modality.EEG) for o in offered):
        unknown = [o for o in offered if o.carries(Modality.OTHER) and o.whole.sfreq > 0]
        unclear = unknown[0] if len(unknown) == 1 else None
    if unclear is not None:
        problem = say_unclear(unclear, wanted_modalities(card))
        return replace(sight, problem=problem, unclear=unclear)
    try:
        source = FileSource(mapped, wanted=wants(card))
        specs = source.open()
        eeg, pps = RunOptions().choose_streams(specs, card)
    except UserError as error:
        return replace(sight, problem=first_paragraph(error))
    serving = tuple(
        replace(o, serves=tuple(s.modality for s in o.specs if s in (eeg, pps))) for o in offered
    )
    notes = tuple(message.text for message in source.messages)
    return replace(sight, offered=serving, eeg=eeg, pps=pps, notes=notes)


def _part(stream: RecordedStream) -> Part:
    return stream.spec, stream.carrier or own_carrier(stream.spec)


def _offered(recording: Recording, mapped: Recording) -> tuple[Offered, ...]:
    """Return the streams as they were sent, with what a description makes of them."""
    groups: dict[object, list[Part]] = {}
    for stream in recording.streams:
        spec, carrier = _part(stream)
        groups.setdefault(carrier.spec, []).append((spec, carrier))
    offered = []
    for parts in groups.values():
        whole = parts[0][1].spec
        own = {spec.name for spec, _ in parts}
        specs = tuple(
            s.spec
            for s in mapped.streams
            if s.spec.name in own
            or s.spec.name == whole.name
            or (s.spec.source_id == whole.source_id and s.spec.name.startswith(f"{whole.name} "))
        )
        offered.append(Offered(whole, tuple(parts), specs, query=whole.name))
    return tuple(offered)


def _excerpt(stream: RecordedStream) -> StreamExcerpt:
    spec = stream.spec
    n = round(EXCERPT_S * spec.sfreq) or len(stream.timestamps)
    carrier = stream.carrier
    return StreamExcerpt(spec, stream.samples[:n], spec.sfreq, carrier)
