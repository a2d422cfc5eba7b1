"""What is normal for this person at rest: one scale and location per channel."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract, PaperProfile, Profile
from physiosync_rt.utils.plain_file import is_there, read_text

LONGEST_S: Final = 86400.0
"""Of a run, the last second that a baseline can lie in."""

_MOST_BYTES = 50_000_000

Statistics = tuple[FloatArray, FloatArray]
"""What one second of rest says, before seconds are pooled; its meaning is the profile's."""


@dataclass(frozen=True, slots=True)
class ChannelBaseline:
    """Rest of one modality, per channel of the bundle.

    For EEG ``scale`` is the rms of the band-passed signal in µV and ``location`` 0; for GSR
    ``location`` is in log µS and ``scale`` the card's; for ECG both are in mV.

    In profile ``paper``, ``template`` is the mean second of the rest, 128 rows of one value per
    channel (µV, Ω or mV), with its mean as ``location`` and the spread around it as ``scale``; in
    profile ``live`` it is empty.

    ``ch_names`` and ``stages`` say of which channels it was taken and behind which filters; a
    rest that does not know is empty there.

    ``features`` names the slow features that were known at rest, with their values; None in profile
    ``paper`` and in a rest of the older form, which was saved before there were any.
    """

    location: tuple[float, ...]
    scale: tuple[float, ...]
    template: tuple[tuple[float, ...], ...] = ()
    ch_names: tuple[str, ...] = ()
    stages: str = ""
    features: tuple[tuple[str, float], ...] | None = None

    def features_at_rest(self, names: Sequence[str]) -> FloatArray:
        """Values of slow features at rest, shape (n_names,); NaN where this rest has none."""
        known = dict(self.features or ())
        return np.array([known.get(name, np.nan) for name in names], dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Plain containers, for JSON."""
        found: dict[str, Any] = {"location": list(self.location), "scale": list(self.scale)}
        if self.features is not None:
            found["features"] = dict(self.features)
        template = [list(row) for row in self.template]
        known = {"ch_names": list(self.ch_names), "stages": self.stages, "template": template}
        return found | {name: value for name, value in known.items() if value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ChannelBaseline:
        """Inverse of `to_dict`."""
        template = tuple(map(_numbers, data.get("template", ())))
        features = data.get("features")
        if features is not None:
            features = tuple(zip(features, _numbers(features.values()), strict=True))
        return cls(
            _numbers(data["location"]),
            _numbers(data["scale"]),
            template,
            tuple(data.get("ch_names", ())),
            str(data.get("stages", "")),
            features,
        )

    def check(
        self,
        origin: str,
        contract: ModalityContract,
        profile: Profile,
        feature_names: Sequence[str] = (),
    ) -> None:
        """Refuse a rest of other channels, filters or features than it is to be used for.

        Parameters
        ----------
        origin : str
            Where it comes from.
        contract : ModalityContract
        profile : Profile
        feature_names : sequence of str
            All slow features that the pipeline makes of these channels.

        Raises
        ------
        UserError
            It does not fit; both sides are named.
        """
        fix = "capture a new one with --baseline SECONDS"
        modality = contract.modality
        if len(self.scale) != contract.n_chans:
            raise UserError(
                f"the baseline {origin} has {len(self.scale)} {modality} channels, the bundle "
                f"{contract.n_chans}; {fix}"
            )
        if self.ch_names and self.ch_names != contract.ch_names:
            pairs = zip(self.ch_names, contract.ch_names, strict=True)
            theirs, ours = next(pair for pair in pairs if pair[0] != pair[1])
            raise UserError(
                f"the baseline {origin} was taken of {modality} channel {theirs} where the bundle "
                f"has {ours}; {fix}"
            )
        stages = stages_text(modality, profile)
        if bool(self.template) != isinstance(profile, PaperProfile) or (
            self.stages and self.stages != stages
        ):
            raise UserError(
                f"the baseline {origin} was taken with {self.stages or 'another profile'}, the "
                f"bundle has {stages}; {fix}"
            )
        foreign = [name for name, _ in self.features or () if name not in feature_names]
        if foreign:
            raise UserError(
                f"the baseline {origin} holds the {modality} feature {foreign[0]!r}, which the "
                f"bundle's channels do not have; {fix}"
            )


def _numbers(values: Iterable[Any]) -> tuple[float, ...]:
    """Return one row of numbers of a file; ValueError where one is NaN or infinite."""
    found = tuple(map(float, values))
    if not all(map(math.isfinite, found)):
        raise ValueError("a value is NaN or infinite")
    return found


def stages_text(modality: Modality, profile: Profile) -> str:
    """What a profile does to a modality before its rest is taken, in one line."""
    stages = {Modality.EEG: profile.eeg, Modality.GSR: profile.gsr, Modality.ECG: profile.ecg}
    settings = ", ".join(f"{k} {v:g}" for k, v in stages[modality].model_dump().items())
    return f"profile {profile.profile} ({settings})"


def median_second(seconds: Sequence[Statistics]) -> ChannelBaseline:
    """Pool location and scale of single seconds; the median ignores a blink or a movement."""
    location, scale = (np.median(part, axis=0) for part in zip(*seconds, strict=True))
    return ChannelBaseline(tuple(location.tolist()), tuple(scale.tolist()))


@dataclass(frozen=True, slots=True)
class Baseline:
    """Rest of a person: one entry per modality that was captured, and where it comes from."""

    channels: dict[Modality, ChannelBaseline]
    origin: str

    def to_dict(self) -> dict[str, Any]:
        """Plain containers, for JSON."""
        return {
            "origin": self.origin,
            "channels": {str(m): c.to_dict() for m, c in self.channels.items()},
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Baseline:
        """Inverse of `to_dict`."""
        return cls(
            {Modality(m): ChannelBaseline.from_dict(c) for m, c in data["channels"].items()},
            str(data["origin"]),
        )


def load_baseline(path: Path) -> Baseline:
    """Read a baseline from its own JSON file or from the JSON that stands beside a run's CSV.

    Raises
    ------
    UserError
        The file cannot be read or holds no baseline of finite numbers.
    """
    try:
        data = json.loads(read_text(path, _MOST_BYTES))
        if isinstance(data, dict) and isinstance(data.get("baseline"), dict):
            data = data["baseline"]
        return Baseline.from_dict(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{path} holds no baseline; give the JSON that stands beside a run's CSV, "
            "a number of seconds, or START:STOP"
        ) from error


@dataclass(frozen=True, slots=True)
class BaselineRequest:
    """Which stretch of the run is rest.

    Attributes
    ----------
    start : float
        Seconds from the anchor.
    stop : float or None
        End of a fixed stretch, of which half must be usable; None takes the first ``need_s``
        usable seconds from ``start`` on, however long that takes.
    need_s : float
        Seconds wanted.
    """

    start: float
    stop: float | None
    need_s: float

    def __post_init__(self) -> None:
        backwards = self.stop is not None and self.stop <= self.start
        possible = 0 <= self.start <= LONGEST_S and 1 <= self.need_s <= LONGEST_S
        if not possible or backwards:
            raise UserError(
                f"a baseline of {self.need_s:g} s from {self.start:g} s is not possible; give at "
                "least 1 second, START:STOP with STOP after START, or a file; the longest run has "
                f"{LONGEST_S:g} s"
            )


def parse_request(text: str) -> BaselineRequest | Baseline:
    """Understand ``--baseline``: seconds, ``START:STOP`` in seconds, or a file.

    Raises
    ------
    UserError
        It is none of these.
    """
    start, colon, stop = text.partition(":")
    try:
        if colon:
            begin, end = float(start), float(stop)
            return BaselineRequest(begin, end, max(end - begin, 0.0))
        return BaselineRequest(0.0, None, float(start))
    except ValueError:
        pass
    if not is_there(Path(text)):
        raise UserError(
            f"--baseline {text} is neither seconds, nor START:STOP, nor a file that exists"
        )
    return load_baseline(Path(text))


class BaselineCapture:
    """Collect the rest of one modality from whole usable seconds.

    Parameters
    ----------
    request : BaselineRequest
    pool : callable
        Makes one rest of what its seconds say.
    """

    def __init__(
        self,
        request: BaselineRequest,
        pool: Callable[[Sequence[Statistics]], ChannelBaseline] = median_second,
    ) -> None:
        self._request = request
        self._pool = pool
        self._first = int(np.ceil(request.start))
        self._stop = None if request.stop is None else int(np.floor(request.stop))
        self._need = max(int(request.need_s), 1)
        self._seconds: list[Statistics] = []
        self._features: list[FloatArray] = []
        self.failed = False

    @property
    def first(self) -> int:
        """Number of the first second of the stretch, from the anchor."""
        return self._first

    @property
    def progress(self) -> float:
        """Share of the wanted seconds that is there, in [0, 1]."""
        return min(len(self._seconds) / self._need, 1.0)

    @property
    def left_s(self) -> float:
        """Usable seconds that are still wanted."""
        return float(max(self._need - len(self._seconds), 0))

    def features(self, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
        """Median of each slow feature over the seconds in which it was known, by its name."""
        found = []
        for name, values in zip(names, np.transpose(self._features), strict=True):
            known = values[np.isfinite(values)]
            found += [(name, float(np.median(known)))] if len(known) else []
        return tuple(found)

    def take(
        self, second: int, statistics: Statistics | None, features: FloatArray | None = None
    ) -> ChannelBaseline | None:
        """Offer one whole second; return the baseline when it is complete.

        Parameters
        ----------
        second : int
            Number of the second from the anchor.
        statistics : pair of arrays, or None
            None where the second cannot be used.
        features : array, shape (n_features,), optional
            Slow features at the end of the second, made of this stretch alone; NaN where not known.
        """
        if self.failed or second < self._first:
            return None
        within = self._stop is None or second < self._stop
        if statistics is not None and within:
            self._seconds.append(statistics)
            if features is not None:
                self._features.append(features)
        if self._stop is None:
            done = len(self._seconds) >= self._need
        else:
            done = second >= self._stop - 1
            # A stretch of little more than a second may hold no whole one.
            if done and 2 * len(self._seconds) < max(self._stop - self._first, 1):
                self.failed = True
                return None
        if not done:
            return None
        return self._pool(self._seconds)
