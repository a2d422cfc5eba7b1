"""Read live EEG, GSR, ECG and marker streams from LSL."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices import Device
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.arrival import SharedClocks
from physiosync_rt.lsl.choice import StreamChoice
from physiosync_rt.lsl.clock_correction import no_answer
from physiosync_rt.lsl.discovery import resolve
from physiosync_rt.lsl.info import END_MARKER, declared_speed, is_marker
from physiosync_rt.lsl.inlet import SignalInlet
from physiosync_rt.lsl.markers import MarkerInlet
from physiosync_rt.lsl.reconnect import Reconnect
from physiosync_rt.sources.base import Batch, Marker, SourceMessage

if TYPE_CHECKING:
    import pylsl

_QUIET_S = 0.3
_DRAIN_S = 2.0


class LslSource:
    """Source of EEG, GSR, ECG and markers from LSL, with raw time stamps.

    Parameters
    ----------
    eeg, pps : str, optional
        Name, type, source_id, ``NAME@HOST`` or uid of the stream, ignoring case. Without ``eeg``
        the only available EEG stream is used; without ``pps`` every GSR and ECG stream is used. A
        stream that carries several modalities serves both.
    own : bool
        Without ``pps``, use only what the stream of the EEG carries as well: the others are
        somebody else's.
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
        own: bool = False,
        device: Device | None = None,
        timeout: float = 10.0,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.messages: list[SourceMessage] = []
        self._eeg, self._pps, self._own = eeg, pps, own
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
        self._keep_s = 0.0
        self._opening: Future[tuple[StreamSpec, ...]] | None = None

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

    def begin_opening(self, keep_s: float) -> None:
        """Find and open the streams beside whatever else a start takes; `open` waits for it.

        Parameters
        ----------
        keep_s : float
            Of the samples that have come until then, the run begins with the newest seconds.
        """
        self._keep_s = keep_s
        pool = ThreadPoolExecutor(1, thread_name_prefix="physiosync-open")
        self._opening = pool.submit(self._find_and_open)
        pool.shutdown(wait=False)

    def open(self) -> tuple[StreamSpec, ...]:
        """Find and open the streams; the EEG comes first.

        Raises
        ------
        UserError
            A stream is not found, is ambiguous, or cannot be used.
        """
        begun, self._opening = self._opening, None
        if begun is None:
            return self._find_and_open()
        specs = begun.result()
        for inlet in self._signals:
            inlet.keep_since(self.now() - self._keep_s)
        return specs

    def _find_and_open(self) -> tuple[StreamSpec, ...]:
        choice = StreamChoice(self._eeg, self._pps, self._device, self.messages, own=self._own)
        infos = resolve(self._timeout, choice.search_is_done(self._still_wanted))
        chosen = choice.choose(infos)
        self._speed = declared_speed(chosen[0].info)
        self._signals = chosen
        clocks = SharedClocks()
        for inlet in chosen:
            inlet.open(check_clock=self._speed == 1.0, clocks=clocks)
        self._ignored = frozenset(info.uid() for info in infos) - {one.info.uid() for one in chosen}
        self._recoveries = [
            Reconnect(inlet, self._excluded, same_id=self._own and not self._is_named(inlet))
            for inlet in chosen
        ]
        self._open_markers([info for info in infos if is_marker(info)])
        self._marker_recoveries = [
            Reconnect(m, self._excluded, silent_s=None) for m in self._markers
        ]
        specs = [spec for inlet in chosen for spec in inlet.specs]
        return tuple(sorted(specs, key=lambda spec: spec.modality is not Modality.EEG))

    def _is_named(self, inlet: SignalInlet) -> bool:
        """Whether the person chose a stream by its name, which is nobody else's then."""
        name = inlet.info.name().casefold()
        return any(
            query is not None and query.casefold() == name for query in (self._eeg, self._pps)
        )

    def _still_wanted(self) -> None:
        """Raise where the search is in vain, by now: the sender has died, or this was closed."""
        self._check()

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
            markers += inlet.markers
            inlet.messages.clear()
            inlet.markers.clear()
        return Batch(tuple(chunks), tuple(markers), ended)

    def close(self) -> None:
        """Close all streams."""
        if self._opening is not None:
            self._check = _closed
            wait([self._opening])
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

    # --- markers and the end ------------------------------------------------------------------

    def _open_markers(self, infos: Sequence[pylsl.StreamInfo]) -> None:
        unusable: tuple[type[Exception], ...] = (*no_answer(), UserError)
        for info in infos:
            try:
                self._markers.append(MarkerInlet(info))
            except unusable:
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


def _closed() -> None:
    """End the search for streams of a source that was closed meanwhile."""
    raise UserError("the source was closed while its streams were searched for")
