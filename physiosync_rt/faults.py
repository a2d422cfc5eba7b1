"""Faults of real devices, put into a replay on purpose."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray
from physiosync_rt.errors import UserError

_TIME = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>ms|s)?")
_STRETCH = re.compile(r"(?P<at>\d+(\.\d+)?):(?P<length>\d+(\.\d+)?)")
_USAGE = (
    "faults are written like loss=0.01,jitter=5ms,freeze=20:3,burst=40:1,drift=200,seed=1 "
    "(share, time, start:length in seconds, the same, parts per million, number)"
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
    drift : float
        Error of the sender's clock in parts per million.
    seed : int
    """

    loss: float = 0.0
    jitter: float = 0.0
    freeze: tuple[tuple[float, float], ...] = ()
    burst: tuple[tuple[float, float], ...] = ()
    drift: float = 0.0
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read ``loss=0.01,jitter=5ms,freeze=20:3,burst=40:1,drift=200,seed=1``.

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
        return cls(
            loss=loss,
            jitter=sum(given["jitter"]),
            freeze=tuple(given["freeze"]),
            burst=tuple(given["burst"]),
            drift=sum(given["drift"]),
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
        arrives = rng.random(len(times)) >= self.loss
        for start, length in self.freeze:
            arrives &= (due < start) | (due >= start + length)
        kept = np.flatnonzero(arrives)
        stamps = times[kept] * (1.0 + self.drift * 1e-6)
        stamps = stamps + rng.normal(0.0, self.jitter, len(times))[kept]
        late = due[kept].copy()
        for start, length in self.burst:
            late[(late >= start) & (late < start + length)] = start + length
        return kept, stamps, np.maximum.accumulate(late)


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


_PARSERS: dict[str, Callable[[str], Any]] = {
    "loss": float,
    "jitter": _seconds,
    "freeze": _stretch,
    "burst": _stretch,
    "drift": float,
    "seed": int,
}
