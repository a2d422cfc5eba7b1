"""Simulate a session, as a stream of chunks or as a whole recording, with equal samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

import numpy as np

from physiosync_rt.datatypes import (
    UNITS,
    Chunk,
    FloatArray,
    Modality,
    RecordedStream,
    Recording,
    SampleArray,
    Segment,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import SIMULATED_NOTE
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.simulation.eeg import EegGenerator
from physiosync_rt.simulation.latents import LatentCourse
from physiosync_rt.simulation.peripheral import EcgGenerator, GsrGenerator
from physiosync_rt.simulation.person import Person

_BLOCK_S = 10.0
"""Signals are generated in blocks of this length, so that chunking does not change them."""

Progress = Callable[[float, float], None]
"""Called with the finished part and the total."""


class _Generator(Protocol):
    def block(self, start: int, stop: int) -> FloatArray: ...


class _Stream:
    """One signal: generated in fixed blocks, read in chunks of any size."""

    def __init__(self, spec: StreamSpec, generator: _Generator) -> None:
        self.spec = spec
        self._generator = generator
        self._n_read = 0
        self._n_generated = 0
        self._n_blocks = 0
        self._unread: list[SampleArray] = []

    def read_until(self, t: float) -> tuple[int, SampleArray]:
        """Return the first sample's index and all samples before ``t`` that are not yet read."""
        stop = max(ceil(t * self.spec.sfreq), self._n_read)
        while self._n_generated < stop:
            self._n_blocks += 1
            end = ceil(self._n_blocks * _BLOCK_S * self.spec.sfreq)
            self._unread.append(self._generator.block(self._n_generated, end).astype(np.float32))
            self._n_generated = end
        first, n_times = self._n_read, stop - self._n_read
        joined = np.concatenate([np.empty((0, self.spec.n_chans), np.float32), *self._unread])
        self._unread = [joined[n_times:]]
        self._n_read = stop
        return first, joined[:n_times].copy()


class PersonStream:
    """Endless session of one simulated person, read in chunks of any size.

    Parameters
    ----------
    person : Person
    seed : int
        Seeds the session: its latent course, noise and artifacts.
    course : LatentCourse, optional
        Latent course; drawn from the seed by default.
    ch_names : tuple of str
        Electrodes of the 10-10 system.
    eeg_sfreq, gsr_sfreq, ecg_sfreq : float
        Rates in Hz; 0 omits the stream (EEG is always present).
    ecg_n_leads : int
        1 or 2.
    rest_s : float
        Rest before the random course, in seconds: neutral valence, low arousal.

    Raises
    ------
    UserError
        An electrode is not in the 10-10 system.
    ValueError
        A rate is too low for its signal.

    Notes
    -----
    Not thread-safe. Stamps are seconds from the start of the session.
    """

    def __init__(
        self,
        person: Person,
        *,
        seed: int,
        course: LatentCourse | None = None,
        ch_names: tuple[str, ...] = DEAP_CH_NAMES,
        eeg_sfreq: float = 128.0,
        gsr_sfreq: float = 32.0,
        ecg_sfreq: float = 256.0,
        ecg_n_leads: int = 1,
        rest_s: float = 30.0,
    ) -> None:
        self.person = person
        self.course = course or LatentCourse.draw(seed, rest_s)
        eeg_seeds, gsr_seeds, ecg_seeds = np.random.SeedSequence([seed, person.seed]).spawn(3)
        eeg = EegGenerator(person, self.course, tuple(ch_names), eeg_sfreq, eeg_seeds)
        self._streams = [_Stream(_spec(Modality.EEG, tuple(ch_names), eeg_sfreq), eeg)]
        if gsr_sfreq:
            gsr = GsrGenerator(person, self.course, gsr_sfreq, gsr_seeds)
            self._streams.append(_Stream(_spec(Modality.GSR, ("GSR",), gsr_sfreq), gsr))
        if ecg_sfreq:
            ecg = EcgGenerator(person, self.course, ecg_n_leads, ecg_sfreq, ecg_seeds)
            leads = ("ECG",) if ecg_n_leads == 1 else ("ECG1", "ECG2")
            self._streams.append(_Stream(_spec(Modality.ECG, leads, ecg_sfreq), ecg))

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """The streams: EEG first, then GSR and ECG unless omitted."""
        return tuple(stream.spec for stream in self._streams)

    def read_until(self, t: float) -> tuple[Chunk, ...]:
        """Return the unread samples before ``t`` seconds, one chunk per stream."""
        chunks = []
        for stream in self._streams:
            first, samples = stream.read_until(t)
            stamps = np.arange(first, first + len(samples)) / stream.spec.sfreq
            chunks.append(Chunk(stream.spec.name, samples, stamps))
        return tuple(chunks)


@dataclass(frozen=True, slots=True)
class SimulatedSession:
    """A simulated recording and its latent ground truth.

    Attributes
    ----------
    recording : Recording
        EEG (µV), GSR (µS) and ECG (mV), with a baseline segment.
    times : float64 array, shape (n_seconds + 1,)
        Seconds 0, 1, 2 ... of the session.
    valence, arousal : float64 arrays, shape (n_seconds + 1,)
        The latent ground truth in [0, 1] at these seconds.
    """

    recording: Recording
    times: FloatArray
    valence: FloatArray
    arousal: FloatArray

    def __repr__(self) -> str:
        return f"<SimulatedSession: {self.recording!r}>"

    def with_trials(self, trial_s: float) -> Recording:
        """Return the recording with the time after the baseline cut into trials.

        The rating of a trial is its mean latent ground truth, from 0 to 1; a remainder shorter
        than ``trial_s`` is not in any trial.
        """
        rest = max((s.stop for s in self.recording.segments if s.kind == "baseline"), default=0.0)
        n_trials = int((self.times[-1] - rest) // trial_s)
        trials = []
        for k in range(n_trials):
            start, stop = rest + k * trial_s, rest + (k + 1) * trial_s
            inside = (self.times >= start) & (self.times <= stop)
            trials.append(
                Segment(
                    start,
                    stop,
                    "trial",
                    self.recording.subject,
                    trial=k + 1,
                    valence=float(self.valence[inside].mean()),
                    arousal=float(self.arousal[inside].mean()),
                )
            )
        return replace(self.recording, segments=(*self.recording.segments, *trials))


def simulate(
    person: Person,
    duration_s: float,
    *,
    seed: int,
    course: LatentCourse | None = None,
    ch_names: tuple[str, ...] = DEAP_CH_NAMES,
    eeg_sfreq: float = 128.0,
    gsr_sfreq: float = 32.0,
    ecg_sfreq: float = 256.0,
    ecg_n_leads: int = 1,
    rest_s: float = 30.0,
    progress: Progress | None = None,
) -> SimulatedSession:
    """Simulate a whole session, with exactly the samples of `PersonStream`.

    Parameters are those of `PersonStream`, and ``duration_s`` in seconds.
    """
    stream = PersonStream(
        person,
        seed=seed,
        course=course,
        ch_names=ch_names,
        eeg_sfreq=eeg_sfreq,
        gsr_sfreq=gsr_sfreq,
        ecg_sfreq=ecg_sfreq,
        ecg_n_leads=ecg_n_leads,
        rest_s=rest_s,
    )
    pieces: list[tuple[Chunk, ...]] = []
    for t in [*np.arange(_BLOCK_S, duration_s, _BLOCK_S), duration_s]:
        pieces.append(stream.read_until(float(t)))
        if progress is not None:
            progress(float(t), duration_s)
    planned = plan_session(person, duration_s, seed=seed, course=stream.course, rest_s=rest_s)
    streams = tuple(
        RecordedStream(
            spec,
            np.concatenate([piece[i].samples for piece in pieces]),
            np.concatenate([piece[i].timestamps for piece in pieces]),
        )
        for i, spec in enumerate(stream.specs)
    )
    return replace(planned, recording=replace(planned.recording, streams=streams))


def simulate_person(
    duration_s: float = 60.0,
    *,
    seed: int = 0,
    effect: float = 1.0,
    variability: float = 1.0,
    ch_names: tuple[str, ...] = DEAP_CH_NAMES,
    eeg_sfreq: float = 128.0,
    gsr_sfreq: float = 32.0,
    ecg_sfreq: float = 256.0,
    rest_s: float = 30.0,
    progress: Progress | None = None,
) -> SimulatedSession:
    """Draw a person and simulate a session: EEG, GSR and ECG after a rest.

    Parameters
    ----------
    duration_s : float
        Length in seconds.
    seed : int
        Seeds the person and the session.
    effect, variability : float
        Size of the effect of emotion and of the differences between people, as `Person.draw`.
    ch_names, eeg_sfreq, gsr_sfreq, ecg_sfreq, rest_s
        As `PersonStream`.
    progress : callable, optional
        Called with seconds done and their number.

    Raises
    ------
    UserError
        A number out of range.

    Examples
    --------
    >>> from physiosync_rt.simulation import simulate_person
    >>> simulate_person(40, seed=3).recording  # doctest: +SKIP
    <Recording of simulated-3: 40 s, EEG 32 ch 128 Hz, GSR 1 ch 32 Hz, ECG 1 ch 256 Hz>
    """
    if not (duration_s > 0 and seed >= 0 and effect >= 0 and variability >= 0):
        raise UserError(
            "a recording needs a length above 0 s, and seed, effect and variability of 0 or more"
        )
    return simulate(
        Person.draw(seed, effect, variability),
        duration_s,
        seed=seed,
        ch_names=ch_names,
        eeg_sfreq=eeg_sfreq,
        gsr_sfreq=gsr_sfreq,
        ecg_sfreq=ecg_sfreq,
        rest_s=rest_s,
        progress=progress,
    )


def plan_session(
    person: Person,
    duration_s: float,
    *,
    seed: int,
    course: LatentCourse | None = None,
    rest_s: float = 30.0,
) -> SimulatedSession:
    """Return the session that `simulate` gives for these parameters, but without streams."""
    course = course or LatentCourse.draw(seed, rest_s)
    subject = f"simulated-{person.seed}"
    segments = (Segment(0.0, rest_s, "baseline", subject, trial=0),) if rest_s else ()
    times = np.arange(int(duration_s) + 1, dtype=np.float64)
    valence, arousal = course(times)
    recording = Recording((), segments=segments, subject=subject, notes=(SIMULATED_NOTE,))
    return SimulatedSession(recording, times, valence, arousal)


def _spec(modality: Modality, ch_names: tuple[str, ...], sfreq: float) -> StreamSpec:
    return StreamSpec(
        name=f"Simulated{modality}",
        modality=modality,
        ch_names=ch_names,
        sfreq=float(sfreq),
        unit=UNITS[modality],
        stype=str(modality),
        source_id=f"physiosync-simulated-{modality}".lower(),
    )
