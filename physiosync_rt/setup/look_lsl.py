"""Look for LSL streams again and again, and choose among them as a run would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices import Device
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.errors import UserError
from physiosync_rt.formats.channel_roles import may_carry_signals
from physiosync_rt.formats.metadata import StreamLayout
from physiosync_rt.live.options import RunOptions
from physiosync_rt.lsl.choice import StreamChoice
from physiosync_rt.lsl.discovery import full_info
from physiosync_rt.lsl.info import is_marker, layout
from physiosync_rt.lsl.splitter import StreamSplitter
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import (
    Offered,
    Sight,
    device_in_use,
    first_paragraph,
    open_device,
    say_unclear,
    unclear_stream,
    wanted_modalities,
)
from physiosync_rt.sources.base import SourceMessage
from physiosync_rt.sources.selection import distinct_queries, rank
from physiosync_rt.utils.translation import mark, tr

if TYPE_CHECKING:
    import pylsl

FORGET_S = 4.0
"""Seconds after which a stream that no longer answers is out of sight."""

LISTEN_S = 2.5
"""Seconds of samples from which channels are proposed."""

NOTHING = mark(
    "No EEG stream is in sight yet. Switch on the LSL output of the headset's program (OpenBCI "
    "GUI, muse-lsl, BlueMuse, EmotivPRO); where it runs on another computer, let LSL through the "
    "firewall"
)


class LslLook:
    """A lasting search for LSL streams.

    Notes
    -----
    Used from one thread, and closed there: liblsl searches in threads of its own.
    """

    def __init__(self) -> None:
        self._resolver: pylsl.ContinuousResolver | None = None
        self._layouts: dict[str, StreamLayout] = {}
        self._chosen_of: object = None
        self._chosen: tuple[list[tuple[str, StreamSpec]], list[str], str] = ([], [], "")

    def close(self) -> None:
        """End the search."""
        self._resolver = None
        self._layouts = {}

    def look(self, plan: Plan, card: Card) -> Sight:
        """Return the streams in sight and what a run would take of them."""
        infos = self._infos()
        signals = [info for info in infos if not is_marker(info)]
        layouts = {info.uid(): self._layouts[info.uid()] for info in signals}
        wanted = wanted_modalities(card)
        try:
            device, fitting = self._device(plan, layouts)
            offered = [
                _offered(info, self._layouts[info.uid()], open_device(device)) for info in infos
            ]
        except UserError as error:
            bare = tuple(_offered(info, self._layouts[info.uid()], None) for info in infos)
            return Sight(bare, device=plan.device, problem=first_paragraph(error))
        uids = [info.uid() for info in infos]
        sight = Sight(tuple(_with_queries(offered, uids)), device=device, fitting=fitting)
        sight = replace(sight, excerpts=_listen)
        if problem := _obvious_problem(sight, plan, wanted):
            return problem
        chosen, notes, refused = self._choose(plan, device, infos)
        sight = replace(sight, notes=tuple(notes))
        if refused:
            return replace(sight, problem=refused)
        try:
            eeg, pps = RunOptions().choose_streams([spec for _, spec in chosen], card)
        except UserError as error:
            return replace(sight, problem=first_paragraph(error))
        taken = {(uid, spec.modality) for uid, spec in chosen if spec in (eeg, pps)}
        serving = tuple(
            replace(stream, serves=tuple(m for m in wanted if (uid, m) in taken))
            for uid, stream in zip(uids, sight.offered, strict=True)
        )
        return replace(sight, offered=serving, eeg=eeg, pps=pps)

    def _infos(self) -> list[pylsl.StreamInfo]:
        """Return the outlets in sight whose description is known, by name."""
        import pylsl

        if self._resolver is None:
            self._resolver = pylsl.ContinuousResolver(forget_after=FORGET_S)
        found = {}
        for info in self._resolver.results():
            uid = info.uid()
            if info.channel_count() < 1:
                continue
            try:
                if uid not in self._layouts:
                    complete = layout(full_info(info, timeout=1.0))
                    self._layouts[uid] = complete
            except (TimeoutError, RuntimeError):
                # It may have ended, or answer the next time.
                continue
            found[uid] = info
        self._layouts = {uid: self._layouts[uid] for uid in found}
        return sorted(found.values(), key=lambda i: (i.name(), i.hostname(), i.type(), i.uid()))

    def _device(self, plan: Plan, layouts: dict[str, StreamLayout]) -> tuple[str, tuple[str, ...]]:
        """Return the description of the stream that is, or may become, the EEG."""
        likely = [
            each
            for uid, each in layouts.items()
            if (not plan.eeg or rank(each.whole, plan.eeg, uid) is not None)
            and any(part.spec.modality is Modality.EEG for part in each.parts)
        ]
        parts = [(part.spec, part.carrier) for each in likely for part in each.parts]
        return device_in_use(plan, parts)

    def _choose(
        self, plan: Plan, device: str, infos: Sequence[pylsl.StreamInfo]
    ) -> tuple[list[tuple[str, StreamSpec]], list[str], str]:
        """Choose as `LslSource` does; asked again only when something has changed."""
        asked = (plan.eeg, plan.pps, device, tuple(info.uid() for info in infos))
        if asked != self._chosen_of:
            messages: list[SourceMessage] = []
            choice = StreamChoice(plan.eeg or None, plan.pps or None, open_device(device), messages)
            try:
                inlets = choice.choose(infos)
            except UserError as error:
                self._chosen = ([], [], first_paragraph(error))
            else:
                specs = [(one.info.uid(), spec) for one in inlets for spec in one.specs]
                for inlet in inlets:
                    inlet.close()
                self._chosen = (specs, [message.text for message in messages], "")
            self._chosen_of = asked
        return self._chosen


def _offered(info: pylsl.StreamInfo, stream: StreamLayout, device: Device | None) -> Offered:
    parts = tuple((part.spec, part.carrier) for part in stream.parts)
    marker = is_marker(info)
    specs = tuple(spec for spec, _ in parts)
    if not marker:
        specs = StreamSplitter(stream, device).specs
    return Offered(stream.whole, parts, specs, marker=marker)


def _with_queries(offered: Sequence[Offered], uids: Sequence[str]) -> list[Offered]:
    """Add what each stream is chosen by among those that may serve the same."""
    named = list(offered)
    for group in ((Modality.EEG,), (Modality.GSR, Modality.ECG)):
        at = [i for i, o in enumerate(offered) if any(o.carries(m) for m in group)]
        queries = distinct_queries([(offered[i].whole, uids[i]) for i in at])
        for i, query in zip(at, queries, strict=True):
            named[i] = replace(named[i], query=named[i].query or query)
    return named


def _obvious_problem(sight: Sight, plan: Plan, wanted: Sequence[Modality]) -> Sight | None:
    """Return the sight with what a person has to choose or say first, in words of a window."""
    for modality, query in zip(wanted, (plan.eeg, plan.pps), strict=False):
        named = [o for o in sight.offered if not o.marker and (not query or _is_named(o, query))]
        if query and not named:
            said = tr(
                "The {signal} stream “{stream}” is not in sight. Start it, or choose another one"
            )
            problem = said.format(signal=modality, stream=query)
            return replace(sight, problem=problem, waiting=True)
        able = [o for o in named if o.carries(modality)]
        if len(able) > 1 and modality is Modality.EEG:
            said = tr("{n} streams carry EEG. Choose one under “EEG from”")
            return replace(sight, problem=said.format(n=len(able)))
        usable = [o for o in able if not unclear_stream([o], [modality])]
        if len(usable) > 1:
            said = tr("{n} streams carry {signal}. Choose one under “GSR or ECG from”")
            return replace(sight, problem=said.format(n=len(usable), signal=modality))
        if modality is not Modality.EEG:
            continue
        unclear = unclear_stream(able, [modality])
        if unclear is None and not able:
            signals = [o for o in named if may_carry_signals(o.whole.stype)]
            unclear = signals[0] if len(signals) == 1 or (query and signals) else None
        if unclear is not None:
            problem = say_unclear(unclear, wanted)
            return replace(sight, problem=problem, unclear=unclear)
        if not able:
            return replace(sight, problem=tr(NOTHING), waiting=True)
    return None


def _is_named(stream: Offered, query: str) -> bool:
    specs = (stream.whole, *(spec for spec, _ in stream.parts), *stream.specs)
    return stream.query == query or any(rank(spec, query) is not None for spec in specs)


def _listen(stream: Offered) -> list[StreamExcerpt]:
    """Record a few seconds of a stream."""
    from physiosync_rt.lsl.probe import listen

    return listen(stream.query or stream.whole.name, LISTEN_S, timeout=2.0)
