"""Detect electrodes that go bad during a run, and take them back when they are good again."""

from __future__ import annotations

from collections import Counter, deque

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray
from physiosync_rt.preprocess.electrode_states import Electrode, electrodes_of
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.quality import EEG_TESTS, correlated, eeg_tests

BAD_QUALITY = 0.5
"""A second below this quality counts as bad."""

MEMORY_S = 5
"""Whole seconds that are remembered; an electrode comes back after so many good ones."""

VOTES = 3
"""Of the remembered seconds, how many bad ones exclude an electrode."""

N_NEIGHBOURS = 3 * GRID_SFREQ
"""Rows of the grid over which electrodes are compared with each other."""

FAULTS = (*EEG_TESTS, "uncorrelated")
"""Names of the tests, in the order of their results."""

N_NAMED = 6
"""Up to so many bad electrodes are named in one line; above, they are counted by fault."""


def electrode_tests(
    seconds: FloatArray, bands: FloatArray | None, settled: BoolArray | bool = True
) -> FloatArray:
    """Test every electrode in whole seconds; the axes before the last two of both count them.

    Parameters
    ----------
    seconds : array, shape (..., 128, n_channels)
        µV before any filter.
    bands : array, shape (..., n_times, n_channels), or None
        The last `N_NEIGHBOURS` rows up to the end of each second, after the band-pass; None where
        electrodes are not compared.
    settled : bool array, shape (...)
        Whether these rows are all there, so that electrodes can be compared.

    Returns
    -------
    array, shape (..., n_tests, n_channels)
        In the order of `FAULTS`.
    """
    tests = eeg_tests(seconds)
    neighbours = np.ones((*tests.shape[:-2], 1, tests.shape[-1]))
    if bands is not None and np.any(settled):
        compared = correlated(bands)[..., None, :]
        neighbours = np.where(np.asarray(settled)[..., None, None], compared, neighbours)
    return np.concatenate([tests, neighbours], axis=-2)


class BadChannelDetector:
    """Judge every electrode once a second and remember which ones are bad.

    Parameters
    ----------
    ch_names : tuple of str
        Channels of the stream.
    montage : Montage
        Theirs while none is bad.
    exclude : bool
        Whether to exclude bad electrodes; False only measures their quality.

    Attributes
    ----------
    bad : bool array, shape (n_channels,)
        Electrodes that are excluded at present.
    matrix : array, shape (n_wanted, n_channels)
        Montage without them.
    too_few : bool
        Whether too few good ones are left for that; ``matrix`` is the whole montage then.
    bad_s : Counter of str
        Seconds for which each electrode has been excluded.
    """

    def __init__(
        self, ch_names: tuple[str, ...], montage: Montage, *, exclude: bool = True
    ) -> None:
        self.bad: BoolArray = np.zeros(len(ch_names), dtype=bool)
        self.bad_s: Counter[str] = Counter()
        self._ch_names = ch_names
        self.matrix = montage.matrix
        self.too_few = False
        self._montage = montage
        self._exclude = exclude
        self._votes: deque[BoolArray] = deque(maxlen=MEMORY_S)
        self._fault: dict[int, str] = {}

    def judge(self, second: FloatArray, band: FloatArray | None) -> FloatArray:
        """Take one whole second.

        Parameters
        ----------
        second : array, shape (128, n_channels)
            µV before any filter.
        band : array, shape (n_times, n_channels), or None
            The last `N_NEIGHBOURS` rows after the band-pass; None where some are missing.

        Returns
        -------
        array, shape (n_channels,)
            Quality in [0, 1].
        """
        return self.vote(electrode_tests(second, band))

    def vote(self, tests: FloatArray) -> FloatArray:
        """Take one whole second by its tests, shape (n_tests, n_channels); see `judge`."""
        quality: FloatArray = tests.min(axis=0)
        if self._exclude:
            self._vote(quality < BAD_QUALITY, tests.argmin(axis=0))
        return quality

    def electrodes(self, *, seen: bool) -> tuple[Electrode, ...]:
        """Say what the bundle's electrodes are made of; ``seen`` as in `electrodes_of`."""
        return electrodes_of(self._montage, self.bad, self._fault, seen=seen)

    @property
    def note(self) -> str:
        """Bad electrodes and what becomes of them, in one line; empty when there are none."""
        out = np.flatnonzero(self.bad & self._montage.used).tolist()
        if not out:
            return ""
        names = ", ".join(f"{self._ch_names[i]} ({self._fault[i]})" for i in out)
        if len(out) > N_NAMED:
            faults = Counter(self._fault[i] for i in out).most_common()
            names = ", ".join(f"{n} {fault}" for fault, n in faults)
        if any(self._fault[i] == "identical" for i in out):
            names += " (check reference and ground)"
        n_good = self._montage.n_good(self.bad)
        if self.too_few:
            return (
                f"bad electrodes: {names}; {n_good} good ones are left and the bundle needs "
                f"{self._montage.min_electrodes}"
            )
        return f"bad electrodes: {names}, interpolated from {n_good} good ones"

    def _vote(self, against: BoolArray, worst: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        self._votes.append(against)
        votes = np.array(self._votes)
        back = ~votes.any(axis=0) & (len(votes) == MEMORY_S)
        before = self.bad
        self.bad = (before | (votes.sum(axis=0) >= VOTES)) & ~back
        for i in np.flatnonzero(self.bad & self._montage.used).tolist():
            self.bad_s[self._ch_names[i]] += 1
            if against[i]:
                self._fault[i] = FAULTS[worst[i]]
        if np.array_equal(self.bad, before):
            return
        matrix = self._montage.without(self.bad)
        self.too_few = matrix is None
        self.matrix = self._montage.matrix if matrix is None else matrix
