"""One stream of the pipeline: check, align, wait for its row, preprocess, window."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.align.sanity_check import SanityCheck, check_rate
from physiosync_rt.align.stats import StreamStats
from physiosync_rt.align.stream_start import StreamStart
from physiosync_rt.datatypes import (
    GRID_SFREQ,
    Chunk,
    GridChunk,
    Modality,
    ModalityState,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.amplitude_check import AmplitudeCheck
from physiosync_rt.pipeline.preprocessed import Preprocessed
from physiosync_rt.pipeline.preprocessor import Preprocessor
from physiosync_rt.pipeline.windower import Windower
from physiosync_rt.preprocess.config import ModalityContract, Profile
from physiosync_rt.preprocess.montage import Montage

MAX_EARLY_S = 60.0
"""Backlog of one stream that is kept before its anchor is known."""

MAX_WAITING = 600 * GRID_SFREQ
"""Grid rows that wait for another stream; one that is further behind is given up."""


class StreamPipeline:
    """Check, align, preprocess and window one stream of a run.

    Parameters
    ----------
    spec : StreamSpec
    contract : ModalityContract
    profile : Profile
    montage : Montage or None
        For EEG.

    Attributes
    ----------
    aligner : StreamAligner or None
        None until the stream's start and the anchor are known.
    preprocessor : Preprocessor
    windower : Windower
    dropped : int
        Samples that came too early, and grid rows that came too late or waited too long.
    left_out : str
        Why the stream takes no part in the run; empty when it does.
    """

    def __init__(
        self,
        spec: StreamSpec,
        contract: ModalityContract,
        profile: Profile,
        montage: Montage | None = None,
    ) -> None:
        self.spec = spec
        self.contract = contract
        self.preprocessor = Preprocessor(spec, contract, profile, montage)
        self.windower = Windower(
            contract, profile, self.preprocessor.spatial, montage.measured if montage else 1.0
        )
        self.aligner: StreamAligner | None = None
        self.dropped = 0
        self.left_out = ""
        self.start = StreamStart(spec.sfreq)
        self._started = False
        self._anchor: float | None = None
        self._amplitude = AmplitudeCheck(spec)
        self._check = SanityCheck(spec, lambda: self._amplitude.problem)
        self._rate_checked = False
        self._early: list[Chunk] = []
        self._pending: deque[GridChunk] = deque()

    @property
    def frontier(self) -> int:
        """Grid index up to which the stream has been seen."""
        return self.aligner.frontier if self.aligner else 0

    @property
    def note(self) -> str:
        """What a person should know of baseline and electrodes; empty when all is well."""
        bad = self.preprocessor.bad_channels
        return "; ".join(filter(None, [self.windower.note, bad.note if bad else ""]))

    @property
    def amplitude_problem(self) -> str:
        """What is wrong with the amplitude of the first seconds; empty when it is possible."""
        return self._amplitude.problem

    @property
    def started(self) -> bool:
        """Whether it is known with which sample the stream begins."""
        return self._started

    @property
    def stats(self) -> StreamStats:
        """What has become of the stream's samples so far."""
        aligned = self.aligner.stats if self.aligner else StreamStats()
        return replace(aligned, after_deadline=self.dropped)

    def anchor_at(self, anchor: float) -> None:
        """Start aligning; what came before the anchor was known is taken now."""
        self._anchor = anchor
        self._begin()

    def push(self, chunk: Chunk) -> None:
        """Take the next chunk.

        Raises
        ------
        UserError
            The stream cannot be what it declares.
        """
        self._amplitude.add(chunk)
        self._check.add(chunk)
        if self.aligner is not None:
            self._align(chunk)
            return
        self._early.append(chunk)
        if not self._started and self.start.add(chunk.timestamps + chunk.clock_offset):
            self._trim_start()
        self._begin()
        while sum(map(len, self._early)) > MAX_EARLY_S * self.spec.sfreq:
            self.dropped += len(self._early.pop(0))

    def end(self) -> None:
        """Nothing more will come: begin with what there is."""
        if not self._started and self._early and self.start.settle():
            self._trim_start()
            self._begin()

    def _trim_start(self) -> None:
        """Leave out what came before the stream's first trustworthy sample."""
        self._started = True
        skip = self.start.index
        self.dropped += skip
        early, self._early = self._early, []
        for chunk in early:
            if skip < len(chunk):
                self._early.append(_after(chunk, skip))
            skip = max(skip - len(chunk), 0)

    def _begin(self) -> None:
        if self._anchor is None or not self._started or self.aligner is not None:
            return
        # EEG can do without some of its electrodes.
        used = None if self.contract.modality is Modality.EEG else self.preprocessor.used
        self.aligner = StreamAligner(self.spec, self._anchor, used)
        early, self._early = self._early, []
        for chunk in early:
            self._align(chunk)

    def _align(self, chunk: Chunk) -> None:
        assert self.aligner is not None
        self._pending.extend(self.aligner.push(chunk))
        while self._too_many_wait():
            self.dropped += len(self._pending.popleft())
        rate = self.aligner.rate
        if not self._rate_checked and rate.rate is not None:
            # Once: a device that loses samples later on is a fault of the link, not of the rate.
            check_rate(self.spec, self._sent(rate.rate, chunk), rate.stepped)
            self._rate_checked = True

    def _too_many_wait(self) -> bool:
        pending = self._pending
        if not pending or pending[-1].stop - pending[0].stop <= MAX_WAITING:
            return False
        # Rows on both sides of a long gap are far apart, but need not be many.
        return sum(map(len, pending)) > MAX_WAITING

    def _sent(self, received: float, chunk: Chunk) -> float:
        """Rate of what was sent, where a device counts: of losses, as many as explain it."""
        if self.aligner is None or chunk.counter is None or received >= self.spec.sfreq:
            return received
        counters = self.aligner.counters
        sent = received * (1.0 + counters.lost / max(counters.received, 1))
        return min(sent, self.spec.sfreq)

    def advance_to(self, index: int, hop: int = GRID_SFREQ) -> list[Preprocessed]:
        """Preprocess up to grid index ``index``; rows that come after that are dropped.

        Several hops at once give the same rows as one after the other: those that are missing up
        to the last hop before the next piece are missing before it begins.
        """
        rows: list[Preprocessed] = []
        for piece in self._take_pieces(index):
            rows += self.preprocessor.skip_to(piece.start // hop * hop)
            rows += self.preprocessor.push(piece)
        return rows + self.preprocessor.skip_to(index)

    def _take_pieces(self, index: int) -> Iterator[GridChunk]:
        """Take what waits before ``index``, rows that follow each other in one piece."""
        piece: list[GridChunk] = []
        stop = self.preprocessor.stop
        while self._pending and self._pending[0].start < index:
            chunk = self._pending.popleft()
            if chunk.stop > index:
                chunk, rest = _cut(chunk, index)
                self._pending.appendleft(rest)
            if chunk.start < stop:
                # Its row was made without it.
                late, chunk = _cut(chunk, min(stop, chunk.stop))
                self.dropped += len(late)
            if not len(chunk):
                continue
            if piece and chunk.start != stop:
                yield _glued(piece)
                piece = []
            piece.append(chunk)
            stop = chunk.stop
        if piece:
            yield _glued(piece)

    def window(self, rows: Sequence[Preprocessed], stop: int) -> ModalityState:
        """Take the rows up to grid index ``stop`` and make the window that ends there."""
        for each in rows:
            self.windower.push(each)
        return self.windower.window(stop)


def _cut(chunk: GridChunk, index: int) -> tuple[GridChunk, GridChunk]:
    """Cut rows of the grid at a grid index."""
    n = index - chunk.start
    return (
        GridChunk(chunk.start, chunk.samples[:n], chunk.present[:n]),
        GridChunk(index, chunk.samples[n:], chunk.present[n:]),
    )


def _glued(piece: list[GridChunk]) -> GridChunk:
    """Make one of rows of the grid that follow each other."""
    if len(piece) == 1:
        return piece[0]
    return GridChunk(
        piece[0].start,
        np.concatenate([chunk.samples for chunk in piece]),
        np.concatenate([chunk.present for chunk in piece]),
    )


def _after(chunk: Chunk, skip: int) -> Chunk:
    """Return a chunk without its first ``skip`` samples."""
    counter = None if chunk.counter is None else chunk.counter[skip:]
    return replace(
        chunk, samples=chunk.samples[skip:], timestamps=chunk.timestamps[skip:], counter=counter
    )


def check_contract(spec: StreamSpec, contract: ModalityContract) -> None:
    """Refuse a stream that is not what the bundle wants, naming both sides.

    Raises
    ------
    UserError
        Another modality, an unknown unit or an impossible rate.
    """
    if spec.modality is not contract.modality:
        raise UserError(
            f"stream {spec.name!r} is {spec.modality}, the bundle wants {contract.modality}; "
            "choose another stream or another bundle"
        )
    if spec.unit != contract.unit:
        raise UserError(
            f"stream {spec.name!r} does not say its unit and the bundle wants {contract.unit}; "
            "state it in a device YAML (see configs/devices/)"
        )
    if not 1 <= spec.sfreq <= 20000:
        raise UserError(
            f"stream {spec.name!r} declares {spec.sfreq:g} Hz; a regular rate from 1 Hz to "
            "20 kHz is needed, state sfreq in a device YAML"
        )
