"""Preprocessor and windower of one stream, fed with its grid: no aligner, no other stream."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    FloatArray,
    GridChunk,
    Modality,
    ModalityState,
    StreamSpec,
)
from physiosync_rt.pipeline.stream import StreamPipeline
from physiosync_rt.preprocess.baseline import ChannelBaseline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract, Profile
from physiosync_rt.preprocess.montage import Montage

NAMES = ("F3", "F4", "P3", "P4")


class GridStream:
    """What a stream's pipeline does behind the aligner."""

    def __init__(
        self,
        spec: StreamSpec,
        contract: ModalityContract,
        profile: Profile,
        montage: Montage | None = None,
    ) -> None:
        self._pipeline = StreamPipeline(spec, contract, profile, montage)
        self.contract = contract
        self.preprocessor = self._pipeline.preprocessor
        self.windower = self._pipeline.windower

    @property
    def note(self) -> str:
        return self._pipeline.note

    def push(self, chunk: GridChunk) -> None:
        for rows in self.preprocessor.push(chunk):
            self.windower.push(rows)

    def window(self, stop: int) -> ModalityState:
        return self.windower.window(stop)

    def trace(self, seconds: float) -> tuple[FloatArray, FloatArray]:
        return self.windower.trace(seconds)

    def push_rows(self, x: FloatArray, start: int = 0) -> None:
        """Push rows that are all measured."""
        self.push(GridChunk(start, x, np.ones(len(x), dtype=bool)))


def grid_stream(modality: Modality, n_chans: int = 1) -> GridStream:
    """Make the stream of a modality: four electrodes, or as many leads as asked for."""
    names = NAMES if modality is Modality.EEG else tuple(f"{modality}{i}" for i in range(n_chans))
    spec = StreamSpec("s", modality, names, 128.0, UNITS[modality])
    contract = ModalityContract(modality=modality, ch_names=names, min_electrodes=4)
    montage = Montage(names, names, 4) if modality is Modality.EEG else None
    return GridStream(spec, contract, LiveProfile(), montage)


def unit_baseline(n_chans: int) -> ChannelBaseline:
    """Make a rest that leaves every channel as it is."""
    return ChannelBaseline((0.0,) * n_chans, (1.0,) * n_chans)
