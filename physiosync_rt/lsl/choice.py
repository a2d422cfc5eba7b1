"""Choose the streams of a run among the available ones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices import Device
from physiosync_rt.errors import UserError
from physiosync_rt.formats.channel_roles import may_carry_signals
from physiosync_rt.formats.limits import rate_problem
from physiosync_rt.lsl.clock_correction import ANSWER_S, SOON_S
from physiosync_rt.lsl.find_rates import find_rates
from physiosync_rt.lsl.info import is_marker, rough_spec
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.sources.base import SourceMessage
from physiosync_rt.sources.selection import distinct_queries, matches, rank
from physiosync_rt.sources.validate import find_problem, require_usable

if TYPE_CHECKING:
    import pylsl

EEG = (Modality.EEG,)
PPS = (Modality.GSR, Modality.ECG)

_SEARCH_S = 1.0
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One modality that an inlet offers."""

    inlet: SignalInlet
    spec: StreamSpec

    @property
    def uid(self) -> str:
        return str(self.inlet.info.uid())

    def rank(self, query: str) -> int | None:
        """How exactly a query names the part, or the stream that carries it."""
        ranks = (rank(spec, query, self.uid) for spec in (self.spec, self.inlet.layout.whole))
        return min((r for r in ranks if r is not None), default=None)


class StreamChoice:
    """Choice of a run's EEG and peripheral streams by the words of a person.

    Parameters
    ----------
    eeg, pps : str or None
        Queries; see `LslSource`.
    device : Device or None
    messages : list of SourceMessage
        Streams that are not used are named here.
    own : bool
        Whether what is not asked for belongs to somebody else, but for what the stream of the EEG
        carries as well.
    """

    def __init__(
        self,
        eeg: str | None,
        pps: str | None,
        device: Device | None,
        messages: list[SourceMessage],
        *,
        own: bool = False,
    ) -> None:
        self._eeg, self._pps = eeg, pps
        self._own = own
        self._device = device
        self._messages = messages
        self._impossible: list[str] = []

    def search_is_done(
        self, check: Callable[[], None]
    ) -> Callable[[Sequence[pylsl.StreamInfo]], bool]:
        """Make the test that ends the search: all requested streams found, and a second passed.

        A stream whose type does not tell what it carries is waited with for longer, because the
        right one may follow.
        """
        began = time.monotonic()

        def enough(infos: Sequence[pylsl.StreamInfo]) -> bool:
            check()
            waited = time.monotonic() - began
            signals = [info for info in infos if not is_marker(info)]
            has_eeg = any(self._is_wanted(info, self._eeg, EEG) for info in signals)
            may_be = waited >= _PATIENCE_S and any(may_carry_signals(i.type()) for i in signals)
            has_pps = self._pps is None or any(
                _may_match(rough_spec(info), self._pps, info.uid()) for info in signals
            )
            return (has_eeg or may_be) and has_pps and waited >= _SEARCH_S

        return enough

    def choose(self, infos: Sequence[pylsl.StreamInfo]) -> list[SignalInlet]:
        """Return the inlets of the run, not yet open, the EEG's first; they deliver what is chosen.

        Raises
        ------
        UserError
            A stream is not found, is ambiguous, or cannot be used.
        """
        inlets = self._inlets([info for info in infos if not is_marker(info)])
        find_rates(inlets)
        candidates = [
            _Candidate(inlet, spec)
            for inlet in inlets
            for spec in inlet.specs
            if spec.modality is not Modality.OTHER
        ]
        chosen: list[_Candidate] = []
        try:
            chosen = self._chosen(inlets, candidates, [summary(info) for info in infos])
        finally:
            for inlet in inlets:
                if not any(c.inlet is inlet for c in chosen):
                    inlet.close()
        used = list({id(c.inlet): c.inlet for c in chosen}.values())
        for inlet in used:
            inlet.use(c.spec.name for c in chosen if c.inlet is inlet)
        _make_names_unique(used)
        return used

    def _chosen(
        self, inlets: Sequence[SignalInlet], candidates: Sequence[_Candidate], seen: Sequence[str]
    ) -> list[_Candidate]:
        eeg = self._named(inlets, candidates, EEG, "--eeg", self._eeg, seen)
        if not eeg:
            raise UserError("; ".join([*self._impossible, _not_found("EEG stream", seen)]))
        if self._pps is not None:
            return eeg + self._named(inlets, candidates, PPS, "--pps", self._pps, seen)
        return eeg + [
            c
            for c in candidates
            if c.spec.modality in PPS and (not self._own or c.uid == eeg[0].uid) and self._usable(c)
        ]

    def _is_wanted(
        self, info: pylsl.StreamInfo, query: str | None, modalities: tuple[Modality, ...]
    ) -> bool:
        spec = rough_spec(info)
        if query is not None:
            return _may_match(spec, query, info.uid())
        described = self._device is not None and any(
            s.modality in modalities and s.match.fits(spec) for s in self._device.streams
        )
        return described or spec.modality in modalities

    def _inlets(self, infos: Sequence[pylsl.StreamInfo]) -> list[SignalInlet]:
        """Request the complete description of every stream that may be used."""
        found = []
        for info in infos:
            by_rule = not self._own and may_carry_signals(info.type())
            wanted = self._is_wanted(info, self._eeg, EEG) or (
                (self._pps is not None or not self._own) and self._is_wanted(info, self._pps, PPS)
            )
            if not (wanted or by_rule):
                continue
            if problem := find_rate_problem(info):
                self._impossible.append(problem)
                self._messages.append(SourceMessage(f"not used: {problem}"))
                continue
            try:
                # One that is not asked for must not hold up the start.
                found.append(SignalInlet(info, self._device, ANSWER_S if wanted else SOON_S))
            except RuntimeError:
                # All of pylsl's errors are; a stream may also end while it is asked.
                name = rough_spec(info).name
                self._messages.append(
                    SourceMessage(f"stream {name!r} does not respond; it is not used")
                )
        return found

    def _named(
        self,
        inlets: Sequence[SignalInlet],
        candidates: Sequence[_Candidate],
        modalities: tuple[Modality, ...],
        option: str,
        query: str | None,
        seen: Sequence[str],
    ) -> list[_Candidate]:
        """Return what a query names, all of one stream; without a query, the only one there is."""
        kind = " or ".join(modalities)
        right = [c for c in candidates if c.spec.modality in modalities]
        if query is not None:
            ranks = [c.rank(query) for c in right]
            best = min((r for r in ranks if r is not None), default=None)
            right = [c for c, r in zip(right, ranks, strict=True) if r is not None and r == best]
        streams = {c.uid: c for c in right}
        if len(streams) > 1:
            several = list(streams.values())
            queries = distinct_queries([(c.inlet.layout.whole, c.uid) for c in several])
            raise UserError(
                f"several streams could be the {kind}: "
                f"{', '.join(summary(c.inlet.info) for c in several)}; choose one with "
                f"{' or '.join(f'{option} {q!r}' for q in queries)}"
            )
        for candidate in right:
            parts = candidate.inlet.layout.parts
            require_usable(candidate.spec, [(part.spec, part.carrier) for part in parts])
        if right or query is None:
            return right
        for inlet in inlets:
            if matches(inlet.layout.whole, query, inlet.info.uid()):
                raise UserError(
                    f"{option} {query!r} is {summary(inlet.info)}, which is not {kind}; describe "
                    "it in a device YAML and pass it with --device"
                )
        raise UserError(
            "; ".join([*self._impossible, _not_found(f"stream called {query!r}", seen)])
        )

    def _usable(self, candidate: _Candidate) -> bool:
        sentence = find_problem(candidate.spec)
        if sentence:
            self._messages.append(SourceMessage(f"not used: {sentence}"))
        return not sentence


def summary(info: pylsl.StreamInfo) -> str:
    """Return a stream's identity in one line, for error messages."""
    spec = rough_spec(info)
    return (
        f"{spec.name!r} (type {spec.stype or 'none'}, {info.channel_count()} ch, "
        f"{info.nominal_srate():g} Hz, source_id {spec.source_id or 'none'!r}, "
        f"on {spec.host})"
    )


def find_rate_problem(info: pylsl.StreamInfo) -> str:
    """Return why a stream's rate cannot be, in one sentence; empty where it can."""
    problem = rate_problem(info.nominal_srate())
    return f"stream {rough_spec(info).name!r} {problem}" if problem else ""


def _may_match(spec: StreamSpec, query: str, uid: str) -> bool:
    """Return whether a query may name a stream, or one of its parts: ``Amp GSR`` of ``Amp``."""
    return matches(spec, query, uid) or query.casefold().startswith(f"{spec.name} ".casefold())


def _not_found(what: str, seen: Sequence[str]) -> str:
    available = f"available: {', '.join(seen)}" if seen else "there are no LSL streams at all"
    return (
        f"no {what} found; {available}; start the stream, and allow LSL in the firewall "
        "(`physiosync streams` lists the available streams)"
    )


def _make_names_unique(inlets: Sequence[SignalInlet]) -> None:
    """Add the modality to the names of streams that share one (all of Muse's do)."""
    parts = [(inlet, spec) for inlet in inlets for spec in inlet.specs]
    counts = Counter(spec.name for _, spec in parts)
    taken = {name for name, n in counts.items() if n == 1}
    for n, (inlet, spec) in enumerate(parts):
        if counts[spec.name] > 1:
            name = f"{spec.name} {spec.modality}"
            name = name if name not in taken else f"{name} {n + 1}"
            taken.add(name)
            inlet.rename(spec.name, name)
