"""Send one of the odd streams from a process of its own: ``python -m ... "case name"``.

It begins with the first listener, sends nothing to the network, and ends by itself.
"""

from __future__ import annotations

import ctypes
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np

from physiosync_rt.bench.odd_streams import ODD_CASES, OddCase, OddMarkers, OddOutlet
from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.lsl.config import use_loopback
from physiosync_rt.simulation import Person, simulate

if TYPE_CHECKING:
    import pylsl

FIRST_LISTENER_S: Final = 20.0
LONGEST_S: Final = 45.0
_SLOT_S: Final = 0.02
_RECORDED_S: Final = 40.0


class _Sending:
    """One signal outlet and how far it has got."""

    def __init__(self, odd: OddOutlet, signals: dict[str, tuple[float, FloatArray]]) -> None:
        self.odd = odd
        self._sfreq, self._recorded = signals[odd.signal]
        self.outlet: pylsl.StreamOutlet | None = None
        self._n_sent = 0

    def step(self, t: float, clock: float) -> None:
        """Send what is due at ``t`` seconds; ``clock`` is the LSL time of second 0."""
        import pylsl

        exists = self.odd.from_s <= t < self.odd.to_s
        if exists and self.outlet is None:
            self.outlet = pylsl.StreamOutlet(_info(self.odd))
            self._n_sent = max(int(t * self._rate), 0)
        elif not exists:
            self.outlet = None
        stop = int(t * self._rate)
        if self.outlet is None or stop <= self._n_sent:
            return
        times = np.arange(self._n_sent, stop) / self._rate
        self._n_sent = stop
        samples = self._samples(times)
        stamps = times + clock
        if self.odd.stamps is not None:
            stamps = self.odd.stamps(stamps, times)
        _push(self.outlet, self.odd.channel_format, samples, stamps)

    @property
    def _rate(self) -> float:
        return self.odd.true_sfreq or self.odd.sfreq

    def _samples(self, times: FloatArray) -> FloatArray:
        at = np.minimum((times * self._sfreq).astype(int), len(self._recorded) - 1)
        samples = np.resize(self._recorded[at].T, (self.odd.width, len(at))).T
        return samples if self.odd.values is None else self.odd.values(samples, times)


def _info(odd: OddOutlet) -> pylsl.StreamInfo:
    info = raw_info(odd.name, odd.stype, odd.width, odd.sfreq, odd.channel_format, odd.source_id)
    channels = info.desc().append_child("channels")
    for i, label in enumerate(odd.ch_names):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        if odd.units:
            channel.append_child_value("unit", odd.units[i % len(odd.units)])
        if odd.types:
            channel.append_child_value("type", odd.types[i % len(odd.types)])
    if odd.description:
        info.desc().append_child_value("odd", odd.description)
    return info


def raw_info(
    name: str, stype: str, n_chans: int, sfreq: float, channel_format: str, source_id: str
) -> pylsl.StreamInfo:
    """Make a stream info whose name may be any bytes; pylsl itself takes UTF-8 only."""
    import pylsl
    from pylsl.lib import lib, string2fmt

    handle = lib.lsl_create_streaminfo(
        ctypes.c_char_p(_bytes(name)),
        ctypes.c_char_p(_bytes(stype)),
        n_chans,
        ctypes.c_double(sfreq),
        string2fmt[channel_format],
        ctypes.c_char_p(_bytes(source_id)),
    )
    return pylsl.StreamInfo(handle=handle)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _push(
    outlet: pylsl.StreamOutlet, channel_format: str, samples: FloatArray, stamps: FloatArray
) -> None:
    if channel_format == "string":
        for row, stamp in zip(samples, stamps, strict=True):
            outlet.push_sample([f"{value:.3f}" for value in row], float(stamp))
        return
    kind = {"double64": "float64"}.get(channel_format, channel_format)
    if kind.startswith("int"):
        limits = np.iinfo(kind)
        samples = np.clip(np.nan_to_num(samples), limits.min, limits.max)
    rows = samples.astype(kind)
    for row, stamp in zip(rows.tolist(), stamps.tolist(), strict=True):
        outlet.push_sample(row, stamp)


class _Marking:
    """One marker outlet."""

    def __init__(self, odd: OddMarkers) -> None:
        import pylsl

        self._odd = odd
        info = raw_info(odd.name, "Markers", len(odd.payload), 0.0, odd.channel_format, odd.name)
        self.outlet = pylsl.StreamOutlet(info)
        self._n_sent = 0

    def step(self, t: float, clock: float) -> None:
        """Send what is due at ``t`` seconds."""
        while self._n_sent < int(t * self._odd.per_s):
            stamp = clock + self._n_sent / self._odd.per_s
            self.outlet.push_sample(list(self._odd.payload), stamp)
            self._n_sent += 1


def send(case: OddCase) -> None:
    """Send a case from its first listener on, until nobody listens any more."""
    import pylsl

    names = tuple(dict.fromkeys(n for o in case.outlets for n in o.ch_names if n))
    person = simulate(Person.draw(3), _RECORDED_S, seed=3, ch_names=_known(names), ecg_sfreq=0)
    signals = {
        "eeg" if s.spec.modality is Modality.EEG else "gsr": (
            s.spec.sfreq,
            s.samples.astype(np.float64),
        )
        for s in person.recording.streams
    }
    sending = [_Sending(odd, signals) for odd in case.outlets]
    marking = [_Marking(odd) for odd in case.markers]
    passing: list[pylsl.StreamOutlet] = []
    for each in sending:
        each.step(-0.5, 0.0)
    began = time.monotonic()
    while not any(each.outlet and each.outlet.have_consumers() for each in sending):
        if time.monotonic() - began > FIRST_LISTENER_S:
            return
        time.sleep(_SLOT_S)
    clock, began, n_passed = pylsl.local_clock(), time.monotonic(), 0
    last_heard = began
    while (now := time.monotonic()) - began < LONGEST_S and now - last_heard < 8.0:
        for each in sending:
            each.step(now - began, clock)
        for marks in marking:
            marks.step(now - began, clock)
        if n_passed < int((now - began) * case.passing_per_s):
            n_passed += 1
            info = raw_info(f"Passing{n_passed}", "EEG", 4, 128.0, "float32", f"p{n_passed}")
            passing = [*passing[-5:], pylsl.StreamOutlet(info)]
        if any(each.outlet and each.outlet.have_consumers() for each in sending):
            last_heard = now
        time.sleep(_SLOT_S)


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    """Electrodes that a person can be simulated with; a Muse's where there are none."""
    from physiosync_rt.bench.odd_streams import MUSE
    from physiosync_rt.formats.base import is_electrode

    return tuple(name for name in names if is_electrode(name)) or MUSE


if __name__ == "__main__":
    use_loopback(session="physiosync-bench")
    with suppress(KeyboardInterrupt):
        send(next(case for case in ODD_CASES if case.name == sys.argv[1]))
