"""Faults of real devices, put into a replay on purpose."""

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
_STRETCH = re.compile(r"(?P<at>\d+(\.\d+)?):(?P<length>\d+(\.\d+)?)")
_USAGE = (
    "faults are written like loss=0.01,jitter=5ms,freeze=20:3,burst=40:1,constant=50:2,"
    "repeat=55:0.5,reset=60:-5,drift=200,rate=0.02,clock=1e6,seed=1 (share; time; start:length in "
    "seconds, four times; start:jump in seconds; parts per million; share; seconds; number), and "
    "loss@GSR=0.01 for the GSR alone"
)


@dataclass(frozen=True, slots=True)
class Faults:
    """What to spoil. The same seed spoils the same samples.

    Attributes
    ----------
    loss : float
        Share of samples that never arrive, in [0, 1).
    jitter : float
        Standard deviation of stamps around the true time, in seconds.
    freeze : tuple of (float, float)
        ``(start, length)`` of stretches of which nothing arrives, in seconds of the replay.
    burst : tuple of (float, float)
        Stretches of which all arrives at their end at once, with true stamps.
    constant : tuple of (float, float)
        Stretches in which the stamps stand still.
    repeat : tuple of (float, float)
        ``(start, length)`` of stretches that are sent a second time right after their end.
    reset : tuple of (float, float)
        ``(at, jump)``: moments at which the sender's clock is set anew, and by how much.
    drift : float
        Error of the sender's clock in parts per million.
    rate : float
        Share by which the device sends faster than it declares.
    clock : float
        How far the sender's clock is from everybody else's, in seconds.
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

        Every word may come several times: stretches are all kept, numbers are added.

        Raises
        ------
        UserError
            A word or a number that is not understood, with the usage.
        """
        given: dict[str, list[Any]] = {word: [] for word in _PARSERS}
        for item in filter(None, (part.strip() for part in text.split(","))):
            key, _, value = (word.strip() for word in item.partition("="))
            try:
                given[key].append(_PARSERS[key](value))
            except (KeyError, ValueError) as error:
                raise UserError(f"fault {item!r} is not understood; {_USAGE}") from error
        loss = sum(given["loss"])
        if not 0 <= loss < 1:
            raise UserError(f"a loss of {loss:g} is not possible; give a share from 0 to below 1")
        rate = sum(given["rate"])
        if not -0.5 <= rate <= 1:
            raise UserError(f"a rate that is off by {rate:g} is no lie; give a share like 0.02")
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
        """Spoil one stream.

        Parameters
        ----------
        name : str
            Streams of one replay draw different numbers.
        times, due : float64 array, shape (n_samples,)
            Stamps, and when each sample is sent, in seconds of the replay.

        Returns
        -------
        kept : int64 array, shape (n_kept,)
            Samples that arrive.
        times, due : float64 array, shape (n_kept,)
            Their stamps, and when they are sent.
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
            still = (due >= start) & (due < start + length)
            stamps[still] = stamps[still][:1]
        kept = self._repeated(np.flatnonzero(arrives), due)
        late = due[kept].copy()
        for start, length in self.burst:
            late[(late >= start) & (late < start + length)] = start + length
        return kept, stamps[kept], np.maximum.accumulate(late)

    def _repeated(self, kept: IntArray, due: FloatArray) -> IntArray:
        """Send some stretches twice."""
        for start, length in self.repeat:
            again = kept[(due[kept] >= start) & (due[kept] < start + length)]
            after = int(np.searchsorted(due[kept], start + length))
            kept = np.insert(kept, after, again)
        return kept


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Faults of a replay of several streams, common to all or of one alone.

    Attributes
    ----------
    items : tuple of (str, str)
        ``(whose, fault)``: name, type or modality of a stream, empty for all, and what
        `Faults.parse` takes.
    """

    items: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``jitter=5ms,loss@GSR=0.2``: as `Faults.parse`, with streams named behind ``@``.

        Raises
        ------
        UserError
            A word or a number that is not understood, with the usage.
        """
        items: list[tuple[str, str]] = []
        for item in filter(None, (part.strip() for part in text.split(","))):
            word, equals, value = item.partition("=")
            key, _, whose = (part.strip() for part in word.partition("@"))
            items.append((whose, f"{key}{equals}{value}"))
            Faults.parse(items[-1][1])
        return cls(tuple(items))

    def of(self, spec: StreamSpec) -> Faults:
        """The faults of one stream."""
        return Faults.parse(",".join(f for whose, f in self.items if _is(spec, whose)))

    def check(self, specs: Iterable[StreamSpec]) -> None:
        """Refuse a plan for streams that are not there.

        Raises
        ------
        UserError
            With the names of those that are.
        """
        specs = tuple(specs)
        for whose, fault in self.items:
            if not any(_is(spec, whose) for spec in specs):
                names = ", ".join(f"{spec.name} ({spec.modality})" for spec in specs)
                raise UserError(
                    f"fault {fault!r} is for {whose!r}, which is not there; there are {names}"
                )


def _is(spec: StreamSpec, whose: str) -> bool:
    known = {spec.name.casefold(), spec.stype.casefold(), spec.modality.casefold()}
    return not whose or whose.casefold() in known


def _seconds(text: str) -> float:
    """Read ``5ms``, ``0.005s`` or plain seconds."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["number"]) * (1e-3 if found["unit"] == "ms" else 1.0)


def _stretch(text: str) -> tuple[float, float]:
    """Read ``start:length`` in seconds."""
    found = _STRETCH.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["at"]), float(found["length"])


def _jump(text: str) -> tuple[float, float]:
    """Read ``at:jump`` in seconds, the jump with its sign."""
    found = _JUMP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return float(found["at"]), float(found["jump"])


_PARSERS: dict[str, Callable[[str], Any]] = {
    "loss": float,
    "jitter": _seconds,
    "freeze": _stretch,
    "burst": _stretch,
    "constant": _stretch,
    "repeat": _stretch,
    "reset": _jump,
    "drift": float,
    "rate": float,
    "clock": float,
    "seed": int,
}
