"""From the electrodes that are there to the electrodes that the network knows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.utils.translation import tr

ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Old names of the 10-20 system and what they are called today."""

MAX_SHARE_INTERPOLATED = 0.75
"""Above this share of interpolated electrodes a montage says nothing about the head."""


def canonical(name: str) -> str:
    """Electrode name without case, blanks and old names: ``"t3 "`` and ``"T7"`` are the same."""
    upper = name.strip().upper().removeprefix("EEG ").strip()
    return ALIASES.get(upper, upper)


@lru_cache(maxsize=1)
def known_electrodes() -> dict[str, str]:
    """Canonical name to standard spelling for every electrode with a known position (10-05)."""
    import mne

    names = mne.channels.make_standard_montage("colin27_1005").ch_names
    return {canonical(name): name for name in names}


class Montage:
    """Linear map from a stream's channels to the bundle's electrodes.

    Electrodes are matched by name; those that are missing are interpolated with spherical
    splines (Perrin et al. 1989, through MNE) from all that are there.

    Parameters
    ----------
    stream_names : sequence of str
        Channels of the stream in its order.
    wanted : sequence of str
        Electrodes of the bundle in its order.
    min_electrodes : int
        How many of the stream's channels must be electrodes with a known position.
    bundle_title : str
        For the error's sentence.
    alternative : callable, optional
        Asked when this bundle cannot serve: returns the name of one that would, or nothing.

    Attributes
    ----------
    wanted : tuple of str
        Electrodes of the bundle in its order.
    matrix : array, shape (n_wanted, n_stream)
    used : bool array, shape (n_stream,)
        Channels that contribute while none is bad.
    interpolated : tuple of str
        Electrodes of the bundle that had to be interpolated.

    Raises
    ------
    UserError
        The stream has too few of the electrodes; the numbers are in the sentence.
    """

    def __init__(
        self,
        stream_names: tuple[str, ...],
        wanted: tuple[str, ...],
        min_electrodes: int,
        bundle_title: str = "this bundle",
        alternative: Callable[[], str] | None = None,
    ) -> None:
        have = {canonical(name): i for i, name in enumerate(stream_names)}
        missing = [name for name in wanted if canonical(name) not in have]
        # Positions are only looked up when they are needed: MNE takes a second to load.
        if missing or any(canonical(name) not in map(canonical, wanted) for name in have):
            have = {name: i for name, i in have.items() if name in known_electrodes()}
        share = len(missing) / len(wanted)
        if len(have) < min_electrodes or share > MAX_SHARE_INTERPOLATED:
            better = alternative() if alternative else ""
            said = tr(
                "{bundle} is made for {of} electrodes and needs at least {least} of a known "
                "position, at most {most} of its own missing; this stream has {n} ({names}) and "
                "lacks {n_missing} of {of}{fix}"
            )
            raise UserError(
                said.format(
                    bundle=bundle_title,
                    of=len(wanted),
                    least=min_electrodes,
                    most=f"{MAX_SHARE_INTERPOLATED:.0%}",
                    n=len(have),
                    names=", ".join(stream_names),
                    n_missing=len(missing),
                    fix=tr("; use --bundle {name} for it").format(name=better) if better else "",
                )
            )
        self.interpolated = tuple(missing)
        self.matrix = _matrix(have, wanted, missing, len(stream_names))
        self.used: BoolArray = np.abs(self.matrix).sum(axis=0) > 0
        self.min_electrodes = min_electrodes
        self._have = have
        self.wanted = wanted

    def channel_of(self, electrode: str) -> BoolArray:
        """Mark the stream's channel that measures an electrode, shape (n_stream,); none may."""
        out: BoolArray = np.zeros(self.matrix.shape[1], dtype=np.bool_)
        at = self.index_of(electrode)
        if at is not None:
            out[at] = True
        return out

    def index_of(self, electrode: str) -> int | None:
        """Return which of the stream's channels measures an electrode; None where none does."""
        return self._have.get(canonical(electrode))

    def n_good(self, bad: BoolArray) -> int:
        """Electrodes of the stream that are left without the bad channels."""
        return sum(not bad[i] for i in self._have.values())

    def without(self, bad: BoolArray) -> FloatArray | None:
        """Do without some channels: their electrodes are interpolated from the others.

        Parameters
        ----------
        bad : bool array, shape (n_stream,)

        Returns
        -------
        array, shape (n_wanted, n_stream), or None
            None where too few good electrodes are left, or a bad one has no known position.
        """
        good = {name: i for name, i in self._have.items() if not bad[i]}
        if len(good) == len(self._have):
            return self.matrix
        known = known_electrodes()
        good = {name: i for name, i in good.items() if name in known}
        missing = [name for name in self.wanted if canonical(name) not in good]
        share = len(missing) / len(self.wanted)
        if len(good) < self.min_electrodes or share > MAX_SHARE_INTERPOLATED:
            return None
        if any(canonical(name) not in known for name in missing):
            return None
        return _matrix(good, self.wanted, missing, self.matrix.shape[1])

    @property
    def n_measured(self) -> int:
        """How many of the bundle's electrodes the stream has."""
        return len(self.wanted) - len(self.interpolated)

    @property
    def measured(self) -> float:
        """Share of the bundle's electrodes that are measured, not interpolated, in [0, 1]."""
        return 1.0 - len(self.interpolated) / len(self.wanted)

    def spread(self, stream_quality: FloatArray) -> FloatArray:
        """Quality of the bundle's electrodes from that of the stream's channels.

        An interpolated electrode is as good as the channels that it is made of.
        """
        weights = np.abs(self.matrix)
        out: FloatArray = weights @ stream_quality / weights.sum(axis=1)
        return out


def pick_channels(spec: StreamSpec, contract: ModalityContract) -> FloatArray:
    """Selection matrix (n_wanted, n_stream) for a peripheral stream.

    Channels are taken by name where the names agree, else the first ones in order.

    Raises
    ------
    UserError
        The stream has fewer channels than the bundle wants.
    """
    if spec.n_chans < contract.n_chans:
        said = tr(
            "stream {stream!r} has {n} {signal} channel(s), the bundle wants {wanted}; choose "
            "another stream with --pps"
        )
        raise UserError(
            said.format(
                stream=spec.name, n=spec.n_chans, signal=spec.modality, wanted=contract.n_chans
            )
        )
    at = {name: i for i, name in enumerate(spec.ch_names)}
    by_name = all(name in at for name in contract.ch_names)
    matrix = np.zeros((contract.n_chans, spec.n_chans))
    for row, name in enumerate(contract.ch_names):
        matrix[row, at[name] if by_name else row] = 1.0
    return matrix


def _matrix(
    have: dict[str, int], wanted: tuple[str, ...], missing: list[str], n_stream: int
) -> FloatArray:
    """Matrix (n_wanted, n_stream): electrodes by name, missing ones from all that are there."""
    matrix: FloatArray = np.zeros((len(wanted), n_stream))
    for row, name in enumerate(wanted):
        if name not in missing:
            matrix[row, have[canonical(name)]] = 1.0
    if missing:
        rows = [wanted.index(name) for name in missing]
        weights = _spline_weights(tuple(have), tuple(missing))
        matrix[np.ix_(rows, list(have.values()))] = weights
    return matrix


@lru_cache(maxsize=64)
def _spline_weights(have: tuple[str, ...], missing: tuple[str, ...]) -> FloatArray:
    """Weights (n_missing, n_have): what MNE's interpolation makes of one unit per electrode."""
    import mne

    known = known_electrodes()
    unknown = [name for name in missing if canonical(name) not in known]
    if unknown:
        raise UserError(
            f"electrode {unknown[0]} has no known position, so it cannot be interpolated; "
            "name the stream's channels after the 10-05 system in a device YAML"
        )
    names = [known[name] for name in have] + [known[canonical(name)] for name in missing]
    info = mne.create_info(names, sfreq=1.0, ch_types="eeg", verbose="error")
    unit = np.vstack([np.eye(len(have)), np.zeros((len(missing), len(have)))])
    raw = mne.io.RawArray(unit, info, verbose="error")
    raw.set_montage("colin27_1005", verbose="error")
    raw.info["bads"] = names[len(have) :]
    raw.interpolate_bads(reset_bads=True, method={"eeg": "spline"}, verbose="error")
    weights: FloatArray = raw.get_data()[len(have) :]
    return weights
