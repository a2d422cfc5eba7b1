"""Inject the faults of real devices into a replay: loss, jitter, drift, clock resets."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray, StreamSpec
from physiosync_rt.errors import UserError

_JUMP = re.compile(r"(?P<at>\d+(\.\d+)?):(?P<jump>[+-]?\d+(\.\d+)?(e\d+)?)")
_TIME = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>ms|s)?")
_INTERVAL = re.compile(r"(?P<at>\d+(\.\d+)?):(?P<length>\d+(\.\d+)?)")
_USAGE = (
    "expected faults such as loss=0.01,jitter=5ms,freeze=20:3,burst=40:1,constant=50:2,"
    "repeat=55:0.5,reset=60:-5,drift=200,rate=0.02,clock=1e6,seed=1 (share; time; start:length in "
    "seconds, four times; start:jump in seconds; parts per million; share; seconds; number), and "
    "loss@GSR=0.01 for the GSR alone"
)


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of one stream; the same seed changes the same samples.

    Attributes
    ----------
    loss : float
        Share of lost samples, in [0, 1).
    jitter : float
        Standard deviation of the stamps around the true time, in seconds.
    freeze : tuple of (float, float)
        ``(start, length)`` of intervals that are lost, in seconds of the replay.
    burst : tuple of (float, float)
        Intervals that arrive at once at their end, with true stamps.
    constant : tuple of (float, float)
        Intervals with a stuck clock.
    repeat : tuple of (float, float)
        ``(start, length)`` of intervals that are sent again right after their end.
    reset : tuple of (float, float)
        ``(at, jump)``: times of clock resets, and their size, in seconds.
    drift : float
        Error of the sender's clock in parts per million.
    rate : float
        Relative error of the true rate: 0.02 is 2 % faster than declared.
    clock : float
        Offset of the sender's clock in seconds.
    seed : int
    """

    loss: float = 0.0
    jitter: float = 0.0
    freeze: tuple[tuple[float, float], ...] = ()
    burst: tuple[tuple[float, float], ...] = ()
    constant: tuple[tuple[float, float], ...] = ()
    repeat: tuple[tuple[float, float], ...] = ()
    reset: tuple[tuple[float, float], ...] = ()
    drift: float = 0.0
    rate: float = 0.0
    clock: float = 0.0
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read ``loss=0.01,jitter=5ms,freeze=20:3,reset=60:-5,drift=200,seed=1``.

        Every key may be repeated: intervals are all kept, numbers are added.

        Raises
        ------
        UserError
            An unknown key or an invalid value; the message contains the usage.
        """
        given: dict[str, list[Any]] = {word: [] for word in _PARSERS}
        for item in filter(None, (part.strip() for part in text.split(","))):
            key, _, value = (word.strip() for word in item.partition("="))
            try:
                given[key].append(_PARSERS[key](value))
            except (KeyError, ValueError) as error:
                raise UserError(f"invalid fault {item!r}; {_USAGE}") from error
        loss = sum(given["loss"])
        if not 0 <= loss < 1:
            raise UserError(f"invalid loss={loss:g}: expected a fraction from 0 to below 1")
        rate = sum(given["rate"])
        if not -0.5 <= rate <= 1:
            raise UserError(f"invalid rate={rate:g}: expected a fraction such as 0.02")
        return cls(
            loss=loss,
            jitter=sum(given["jitter"]),
            freeze=tuple(given["freeze"]),
            burst=tuple(given["burst"]),
            constant=tuple(given["constant"]),
            repeat=tuple(given["repeat"]),
            reset=tuple(given["reset"]),
            drift=sum(given["drift"]),
            rate=rate,
            clock=sum(given["clock"]),
            seed=sum(given["seed"]),
        )

    def apply(
        self, name: str, times: FloatArray, due: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """Apply the faults to one stream.

        Parameters
        ----------
        name : str
            Name of the stream; each name draws different random numbers.
        times, due : float64 array, shape (n_samples,)
            Stamps and sending times in seconds of the replay.

        Returns
        -------
        kept : int64 array, shape (n_kept,)
            Indices of the samples that arrive.
        times, due : float64 array, shape (n_kept,)
            Their stamps and sending times.
        """
        rng = np.random.default_rng([self.seed, zlib.crc32(name.encode())])
        times, due = times / (1.0 + self.rate), due / (1.0 + self.rate)
        arrives = rng.random(len(times)) >= self.loss
        for start, length in self.freeze:
            arrives &= (due < start) | (due >= start + length)
        stamps = times * (1.0 + self.drift * 1e-6) + self.clock
        for at, jump in self.reset:
            stamps[due >= at] += jump
        stamps += rng.normal(0.0, self.jitter, len(times))
        for start, length in self.constant:
            stuck = (due >= start) & (due < start + length)
            stamps[stuck] = stamps[stuck][:1]
        kept = self._repeat_intervals(np.flatnonzero(arrives), due)
        late = due[kept].copy()
        for start, length in self.burst:
            late[(late >= start) & (late < start + length)] = start + length
        return kept, stamps[kept], np.maximum.accumulate(late)

    def _repeat_intervals(self, kept: IntArray, due: FloatArray) -> IntArray:
        """Send the intervals of ``repeat`` twice."""
        for start, length in self.repeat:
            again = kept[(due[kept] >= start) & (due[kept] < start + length)]
            after = int(np.searchsorted(due[kept], start + length))
            kept = np.insert(kept, after, again)
        return kept


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults of a replay of several streams, for all or for single streams.

    Attributes
    ----------
    items : tuple of (str, str)
        ``(target, fault)``: name, type or modality of a stream, empty for all, and what
        `Faults.parse` takes.
    """

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``jitter=5ms,loss@GSR=0.2``: as `Faults.parse`, with the stream after ``@``.

        Raises
        ------
        UserError
            An unknown key or an invalid value; the message contains the usage.
        """
        items: list[tuple[str, str]] = []
        for item in filter(None, (part.strip() for part in text.split(","))):
            word, equals, value = item.partition("=")
            key, _, target = (part.strip() for part in word.partition("@"))
            items.append((target, f"{key}{equals}{value}"))
            Faults.parse(items[-1][1])
        return cls(tuple(items))

    def of(self, spec: StreamSpec) -> Faults:
        """Return the faults of one stream."""
        return Faults.parse(",".join(f for target, f in self.items if _applies_to(spec, target)))

    def check(self, specs: Iterable[StreamSpec]) -> None:
        """Check that every fault applies to an existing stream.

        Raises
        ------
        UserError
            A fault applies to no stream; the message lists the streams.
        """
        specs = tuple(specs)
        for target, fault in self.items:
            if not any(_applies_to(spec, target) for spec in specs):
                names = ", ".join(f"{spec.name} ({spec.modality})" for spec in specs)
                raise UserError(
                    f"fault {fault!r} is for {target!r}, which does not exist; available: {names}"
                )


def _applies_to(spec: StreamSpec, target: str) -> bool:
    known = {spec.name.casefold(), spec.stype.casefold(), spec.modality.casefold()}
    return not target or target.casefold() in known


def _seconds(text: str) -> float:
    """Read ``5ms``, ``0.005s`` or plain seconds."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["number"]) * (1e-3 if found["unit"] == "ms" else 1.0)


def _interval(text: str) -> tuple[float, float]:
    """Read ``start:length`` in seconds."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["at"]), float(found["length"])


def _jump(text: str) -> tuple[float, float]:
    """Read ``at:jump`` in seconds, with an optional sign of the jump."""
    found = _JUMP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["at"]), float(found["jump"])


_PARSERS: dict[str, Callable[[str], Any]] = {
    "loss": float,
    "jitter": _seconds,
    "freeze": _interval,
    "burst": _interval,
    "constant": _interval,
    "repeat": _interval,
    "reset": _jump,
    "drift": float,
    "rate": float,
    "clock": float,
    "seed": int,
}
