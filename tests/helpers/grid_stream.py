"""Preprocessor and windower of one stream, fed with its grid: no aligner, no other stream."""

from __future__ import annotations

from physiosync_rt.datatypes import FloatArray, GridChunk, ModalityState, StreamSpec
from physiosync_rt.pipeline.stream import StreamPipeline
from physiosync_rt.preprocess.config import ModalityContract, Profile
from physiosync_rt.preprocess.montage import Montage


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
