"""From the electrodes that are there to the electrodes that the network knows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.errors import UserError

ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
"""Old names of the 10-20 system and what they are called today."""

MAX_SHARE_INTERPOLATED = 0.75
"""Beyond this share of made-up electrodes an interpolated montage is fiction."""


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
    alternative : str
        Name of a bundle to recommend when this one cannot serve.

    Attributes
    ----------
    matrix : array, shape (n_wanted, n_stream)
    used : bool array, shape (n_stream,)
        Channels that contribute.
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
        alternative: str = "",
    ) -> None:
        have = {canonical(name): i for i, name in enumerate(stream_names)}
        missing = [name for name in wanted if canonical(name) not in have]
        # Positions are only looked up when they are needed: MNE takes a second to load.
        if missing or any(canonical(name) not in map(canonical, wanted) for name in have):
            have = {name: i for name, i in have.items() if name in known_electrodes()}
        share = len(missing) / len(wanted)
        if len(have) < min_electrodes or share > MAX_SHARE_INTERPOLATED:
            mend = f"; use --bundle {alternative} for it" if alternative else ""
            raise UserError(
                f"{bundle_title} is made for {len(wanted)} electrodes and needs at least "
                f"{min_electrodes} of a known position, at most {MAX_SHARE_INTERPOLATED:.0%} of "
                f"its own missing; this stream has {len(have)} ({', '.join(stream_names)}) and "
                f"lacks {len(missing)} of {len(wanted)}{mend}"
            )
        self.interpolated = tuple(missing)
        self.matrix: FloatArray = np.zeros((len(wanted), len(stream_names)))
        for row, name in enumerate(wanted):
            if canonical(name) in have:
                self.matrix[row, have[canonical(name)]] = 1.0
        if missing:
            columns = list(have.values())
            rows = [wanted.index(name) for name in missing]
            self.matrix[np.ix_(rows, columns)] = _spline_weights(tuple(have), tuple(missing))
        self.used = np.abs(self.matrix).sum(axis=0) > 0

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Map samples of shape (n_times, n_stream) to (n_times, n_wanted)."""
        out: FloatArray = samples @ self.matrix.T
        return out

    def reset(self) -> None:
        """Nothing is kept."""

    def spread(self, stream_quality: FloatArray) -> FloatArray:
        """Quality of the bundle's electrodes from that of the stream's channels.

        An interpolated electrode is as good as the channels that it is made of.
        """
        weights = np.abs(self.matrix)
        out: FloatArray = weights @ stream_quality / weights.sum(axis=1)
        return out


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
