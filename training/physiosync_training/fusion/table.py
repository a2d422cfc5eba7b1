"""Slow features of every window of a data set, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray, IntArray
from physiosync_training.datasets.index import WindowIndex


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable(WindowIndex):
    """Windows with usable EEG, one each second, and their features as change from rest.

    Parameters
    ----------
    info : DatasetInfo
    table : Table
    eeg : float64 array, shape (n, n_eeg_features)
    pps : float64 array, shape (n, n_pps_features)
        NaN where a feature is not known.
    eeg_names, pps_names : tuple of str
    is_clear : bool array, shape (n,)
        Whether all that the features look back on lies behind the rest they are compared with.
    n_withheld : int64 array, shape (n_subjects,)
        Windows of each person's trials without usable EEG.

    Raises
    ------
    ValueError
        The parts do not go together.
    """

    eeg: FloatArray
    pps: FloatArray
    eeg_names: tuple[str, ...]
    pps_names: tuple[str, ...]
    is_clear: BoolArray
    n_withheld: IntArray

    def __post_init__(self) -> None:
        n = len(self.table)
        for values, names in ((self.eeg, self.eeg_names), (self.pps, self.pps_names)):
            if values.shape != (n, len(names)):
                raise ValueError(f"{values.shape} features for {n} windows and {len(names)} names")
        if self.is_clear.shape != (n,) or len(self.n_withheld) != len(self.info.subjects):
            raise ValueError("marks that do not fit the windows or the people")
        if not np.isfinite(self.eeg).all():
            raise ValueError("a window without usable EEG")

    def peripheral(self, names: tuple[str, ...]) -> FloatArray:
        """Return some of the peripheral features, shape (n, n_names), by name."""
        return self.pps[:, [self.pps_names.index(name) for name in names]]
