"""Read live EEG, GSR, ECG and marker streams from LSL."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices import Device
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import modality_of
from physiosync_rt.lsl.arrival import SharedClocks
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.lsl.info import END_MARKER, declared_speed, is_marker
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.lsl.markers import MarkerInlet
from physiosync_rt.lsl.reconnect import Reconnect
from physiosync_rt.sources.base import Batch, Marker, SourceMessage
from physiosync_rt.sources.selection import matches
from physiosync_rt.sources.validate import find_problem, require_usable

if TYPE_CHECKING:
    import pylsl

PPS = (Modality.GSR, Modality.ECG)

_SEARCH_S = 1.0
_QUIET_S = 0.3
_DRAIN_S = 2.0


class LslSource:
    """Source of EEG, GSR, ECG and markers from LSL, with raw time stamps.

    Parameters
    ----------
    eeg, pps : str, optional
        Name, type or source_id of the stream, ignoring case. Without ``eeg`` the only available
        EEG stream is used; without ``pps`` every GSR and ECG stream is used.
    device : Device, optional
        Describes channels that the stream itself does not.
    timeout : float
        Seconds to search for the streams.
    check : callable
        Called while searching and at every poll; raises where the process that sends has died.

    Attributes
    ----------
    messages : list of SourceMessage
        Messages for the user, one sentence each.

    Notes
    -----
    liblsl's post-processing is off, because its dejitter hides gaps. Its recovery is off too:
    `Reconnect` reconnects lost streams and reports both events. After the end marker of a replay
    the remaining samples are drained and the batch is marked ``ended``.
    """

    def __init__(
        self,
        eeg: str | None = None,
        pps: str | None = None,
        *,
        device: Device | None = None,
        timeout: float = 10.0,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.messages: list[SourceMessage] = []
        self._queries = {"--eeg": eeg, "--pps": pps}
        self._device = device
        self._timeout = timeout
        self._check = check
        self._signals: list[SignalInlet] = []
        self._recoveries: list[Reconnect] = []
        self._marker_recoveries: list[Reconnect] = []
        self._ignored: frozenset[str] = frozenset()
        self._markers: list[MarkerInlet] = []
        self._speed = 1.0
        self._ending: float | None = None
        self._last_sample = 0.0

    @property
    def speed(self) -> float:
        """Speed of the EEG's replay in recorded seconds per second; 1 for a device."""
        return self._speed

    @property
    def start_utc(self) -> float | None:
        """None: live streams have no stated start time."""
        return None

    @property
    def infos(self) -> tuple[pylsl.StreamInfo, ...]:
        """Infos of the connected outlets, the EEG's first."""
        return tuple(inlet.info for inlet in self._signals)

    def now(self) -> float:
        """Return the present time on this computer's LSL clock, in seconds."""
        import pylsl

        return float(pylsl.local_clock())

    def open(self) -> tuple[StreamSpec, ...]:
        """Find and open the streams; the EEG comes first.

        Raises
        ------
        UserError
            A stream is not found, is ambiguous, or cannot be used.
        """
        infos = resolve(self._timeout, self._search_is_done())
        candidates = self._candidates([info for info in infos if not is_marker(info)])
        seen = [_summary(info) for info in infos]
        eeg = self._choose(candidates, (Modality.EEG,), "--eeg", seen)
        if eeg is None:
            raise UserError(_not_found("EEG stream", seen))
        chosen = [eeg]
        if self._queries["--pps"] is None:
            chosen += [
                one
                for one in candidates
                if one.spec.modality in PPS and one is not eeg and self._usable(one)
            ]
        elif pps := self._choose(candidates, PPS, "--pps", seen):
            chosen.append(pps)
        _make_names_unique(chosen)
        self._speed = declared_speed(eeg.info)
        self._signals = chosen
        clocks = SharedClocks()
        for inlet in chosen:
            inlet.open(check_clock=self._speed == 1.0, clocks=clocks)
        self._ignored = frozenset(info.uid() for info in infos) - {one.info.uid() for one in chosen}
        self._recoveries = [Reconnect(inlet, self._excluded) for inlet in chosen]
        self._open_markers([info for info in infos if is_marker(info)])
        self._marker_recoveries = [
            Reconnect(m, self._excluded, silent_s=None) for m in self._markers
        ]
        return tuple(inlet.spec for inlet in chosen)

    def poll(self, timeout: float) -> Batch:
        """Return everything that has arrived; wait at most ``timeout`` s for the first EEG."""
        self._check()
        chunks: list[Chunk] = []
        for inlet, recovery in zip(self._signals, self._recoveries, strict=True):
            found = inlet.drain(timeout if inlet is self._signals[0] else 0.0)
            chunks += found
            if self._ending is None and (message := recovery.step(bool(found))):
                self.messages.append(message)
        markers: list[Marker] = []
        for source, recovery in zip(self._markers, self._marker_recoveries, strict=True):
            texts = source.drain()
            if self._ending is None and (message := recovery.step(bool(texts))):
                self.messages.append(message)
            if self._ending is None and self._is_end(source, texts):
                self._ending = time.monotonic()
            markers += [marker for marker in texts if marker.text != END_MARKER]
        ended = self._has_ended(bool(chunks))
        if ended:
            chunks += [chunk for inlet in self._signals for chunk in inlet.flush()]
        for inlet in self._signals:
            self.messages += inlet.messages
            inlet.messages.clear()
        return Batch(tuple(chunks), tuple(markers), ended)

    def close(self) -> None:
        """Close all streams."""
        for recovery in (*self._recoveries, *self._marker_recoveries):
            recovery.close()
        for signal in self._signals:
            signal.close()
        for marker in self._markers:
            marker.close()
        self._signals, self._recoveries = [], []
        self._markers, self._marker_recoveries = [], []

    def _excluded(self) -> frozenset[str]:
        """Return the outlets that cannot be the successor of a lost one."""
        return self._ignored | {inlet.info.uid() for inlet in self._signals}

    # --- which streams ------------------------------------------------------------------------

    def _search_is_done(self) -> Callable[[Sequence[pylsl.StreamInfo]], bool]:
        """Make the test that ends the search: all requested streams found, and a second passed."""
        until = time.monotonic() + _SEARCH_S

        def enough(infos: Sequence[pylsl.StreamInfo]) -> bool:
            self._check()
            specs = [_rough_spec(info) for info in infos if not is_marker(info)]
            eeg, pps = self._queries["--eeg"], self._queries["--pps"]
            has_eeg = any(self._wanted(spec, eeg, (Modality.EEG,)) for spec in specs)
            has_pps = pps is None or any(matches(spec, pps) for spec in specs)
            return has_eeg and has_pps and time.monotonic() >= until

        return enough

    def _wanted(
        self, spec: StreamSpec, query: str | None, modalities: tuple[Modality, ...]
    ) -> bool:
        if query is not None:
            return matches(spec, query)
        described = self._device is not None and any(
            s.modality in modalities and s.match.fits(spec) for s in self._device.streams
        )
        return described or spec.modality in modalities

    def _candidates(self, infos: Sequence[pylsl.StreamInfo]) -> list[SignalInlet]:
        """Request the complete description of every stream that may be used."""
        from pylsl.util import LostError

        found = []
        for info in infos:
            spec = _rough_spec(info)
            eeg = self._wanted(spec, self._queries["--eeg"], (Modality.EEG,))
            pps = self._wanted(spec, self._queries["--pps"], PPS)
            if not (eeg or pps or not info.type()):
                continue
            try:
                found.append(SignalInlet(info, self._device))
            except (TimeoutError, LostError):
                self.messages.append(
                    SourceMessage(f"stream {info.name()!r} does not respond; it is not used")
                )
        return found

    def _choose(
        self,
        candidates: Sequence[SignalInlet],
        modalities: tuple[Modality, ...],
        option: str,
        seen: Sequence[str],
    ) -> SignalInlet | None:
        query = self._queries[option]
        kind = " or ".join(modalities)
        named = [c for c in candidates if query is None or matches(c.spec, query)]
        found = [c for c in named if c.spec.modality in modalities]
        if len(found) > 1:
            raise UserError(
                f"several streams could be the {kind}: "
                f"{', '.join(_summary(c.info) for c in found)}; choose one with {option} by its "
                "name or source_id"
            )
        if found:
            require_usable(found[0].spec)
            return found[0]
        if named and query is not None:
            raise UserError(
                f"{option} {query!r} is {_summary(named[0].info)}, which is not {kind}; describe "
                "it in a device YAML and pass it with --device"
            )
        if query is not None:
            raise UserError(_not_found(f"stream called {query!r}", seen))
        return None

    def _usable(self, inlet: SignalInlet) -> bool:
        sentence = find_problem(inlet.spec)
        if sentence:
            self.messages.append(SourceMessage(f"not used: {sentence}"))
        return not sentence

    # --- markers and the end ------------------------------------------------------------------

    def _open_markers(self, infos: Sequence[pylsl.StreamInfo]) -> None:
        from pylsl.util import LostError

        for info in infos:
            try:
                self._markers.append(MarkerInlet(info))
            except (TimeoutError, LostError, UserError):
                self.messages.append(
                    SourceMessage(f"marker stream {info.name()!r} does not respond; it is not used")
                )

    def _is_end(self, source: MarkerInlet, markers: Sequence[Marker]) -> bool:
        """Return whether the replay that sends the EEG has sent its end marker."""
        prefix = source.info.name().removesuffix("markers")
        eeg = self._signals[0].info
        ours = eeg.name().startswith(prefix) and eeg.hostname() == source.info.hostname()
        return ours and any(marker.text == END_MARKER for marker in markers)

    def _has_ended(self, got_samples: bool) -> bool:
        now = time.monotonic()
        if got_samples:
            self._last_sample = now
        if self._ending is None:
            return False
        quiet = now - max(self._ending, self._last_sample)
        return quiet > _QUIET_S or now - self._ending > _DRAIN_S


def _rough_spec(info: pylsl.StreamInfo) -> StreamSpec:
    """Return the spec that a resolver's incomplete info allows, for queries and descriptions."""
    names = tuple(f"ch{i + 1}" for i in range(info.channel_count()))
    modality = modality_of(info.type())
    return StreamSpec(
        info.name(), modality, names, 0.0, stype=info.type(), source_id=info.source_id()
    )


def _summary(info: pylsl.StreamInfo) -> str:
    return (
        f"{info.name()!r} (type {info.type() or 'none'}, {info.channel_count()} ch, "
        f"{info.nominal_srate():g} Hz, source_id {info.source_id() or 'none'!r}, "
        f"on {info.hostname()})"
    )


def _not_found(what: str, seen: Sequence[str]) -> str:
    available = f"available: {', '.join(seen)}" if seen else "there are no LSL streams at all"
    return (
        f"no {what} found; {available}; start the stream, and allow LSL in the firewall "
        "(`physiosync streams` lists the available streams)"
    )


def _make_names_unique(inlets: Sequence[SignalInlet]) -> None:
    """Add the modality to the names of streams that share one (all of Muse's do)."""
    counts = Counter(inlet.spec.name for inlet in inlets)
    for n, inlet in enumerate(inlets):
        if counts[inlet.spec.name] > 1:
            name = f"{inlet.spec.name} {inlet.spec.modality}"
            taken = {other.spec.name for other in inlets[:n]}
            inlet.rename(replace(inlet.spec, name=name if name not in taken else f"{name} {n + 1}"))
