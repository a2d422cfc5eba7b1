"""Which windows there will be, told before any of them is prepared.

What can be known early is refused early: too few people, trials or classes for what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from numpy.typing import NDArray

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats import deap, dreamer
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.preprocess.labels import DEAP_THRESHOLD, DREAMER_THRESHOLD
from physiosync_rt.preprocess.paper import TRIAL_S
from physiosync_rt.simulation import Person, plan_session
from physiosync_rt.simulation.population import Population
from physiosync_rt.simulation.write_deap import deap_ratings
from physiosync_rt.simulation.write_dreamer import dreamer_ratings
from physiosync_training.datasets.config import (
    DataConfig,
    DeapData,
    DreamerData,
    RecordingsData,
    SimulatedData,
    SimulatedPeople,
)
from physiosync_training.datasets.dataset import N_TIMES, WINDOW_S, DatasetInfo, WindowIndex
from physiosync_training.datasets.prepare import describe_recordings, files_of
from physiosync_training.datasets.recordings_table import read_sessions
from physiosync_training.datasets.trials import Label, TableBuilder

Promise = tuple[Label, float]
"""A trial and its length in seconds."""

_UNKNOWN: Final = ("?",)
"""Channels of recordings, which only their files know; they play no part in splitting."""

_LONGEST_CLIP_S: Final = 393.0
"""Of DREAMER's film clips."""


def outline(config: DataConfig) -> WindowIndex:
    """Tell which windows a data set has if no signal is bad, and what is known of their truth.

    There may be fewer: where a signal has gaps, or in files that hold less than the data set's
    number of subjects or trials. The ratings of DEAP's and DREAMER's own files are unknown (NaN),
    because these have to be read as a whole to get at them.

    Raises
    ------
    UserError
        Files are missing, or a table of labels is not in order.
    """
    builder = TableBuilder()
    for label, length_s in _promises(config):
        builder.add(label, [(0, int(length_s // WINDOW_S) * N_TIMES)])
    about = _about(config).model_copy(
        update={"subjects": tuple(builder.subjects), "stimuli": tuple(builder.stimuli)}
    )
    return WindowIndex(about, builder.table(about.title, rated=_rated(config)))


def _rated(config: DataConfig) -> bool:
    """Whether ratings are known without reading the files."""
    return not isinstance(config, DeapData | DreamerData) or config.simulate is not None


def _promises(config: DataConfig) -> Iterator[Promise]:
    if isinstance(config, RecordingsData):
        return _recordings(config)
    if isinstance(config, SimulatedData):
        return _simulated(config)
    return _deap(config) if isinstance(config, DeapData) else _dreamer(config)


def _recordings(config: RecordingsData) -> Iterator[Promise]:
    for session in read_sessions(config):
        for s in session.segments:
            if s.kind == "trial":
                label = Label(s.subject, s.trial, s.stimulus, s.valence, s.arousal)
                yield label, s.stop - s.start


def _simulated(config: SimulatedData) -> Iterator[Promise]:
    for seed in config.seeds:
        person = Person.draw(seed, config.effect, config.variability)
        session = plan_session(person, config.duration_s, seed=seed, rest_s=config.rest_s)
        for s in session.with_trials(config.trial_s).segments:
            if s.kind == "trial":
                label = Label(s.subject, s.trial, s.stimulus, s.valence, s.arousal)
                yield label, s.stop - s.start


def _deap(config: DeapData) -> Iterator[Promise]:
    people = config.simulate
    n_subjects = people.subjects if people is not None else 0
    if config.path is not None:
        files_of(config)  # says what is missing
        n_subjects = len(deap.subject_files(config.path.expanduser()))
    n_trials = (people and people.trials) or deap.N_TRIALS
    for i in range(n_subjects):
        ratings = None if people is None else deap_ratings(_population(people), i, n_trials)
        yield from _trials(f"s{i + 1:02d}", "video", n_trials, ratings, deap.TRIAL_S)


def _dreamer(config: DreamerData) -> Iterator[Promise]:
    people = config.simulate
    if people is None:
        files_of(config)  # must be there, but tells its subjects only when it is read as a whole
    n_subjects = dreamer.N_SUBJECTS if people is None else people.subjects
    n_clips = (people and people.trials) or dreamer.N_CLIPS
    length_s = TRIAL_S if config.profile == "paper" else _LONGEST_CLIP_S
    for i in range(n_subjects):
        ratings = None if people is None else dreamer_ratings(_population(people), i, n_clips)
        yield from _trials(f"{i + 1:02d}", "clip", n_clips, ratings, length_s)


def _population(people: SimulatedPeople) -> Population:
    return Population(
        people.subjects, people.seed, people.effect, people.variability, people.fingerprint
    )


def _trials(
    subject: str, stimulus: str, n_trials: int, ratings: NDArray[Any] | None, length_s: float
) -> Iterator[Promise]:
    for k in range(n_trials):
        valence, arousal = (None, None) if ratings is None else map(float, ratings[k])
        yield Label(subject, k + 1, f"{stimulus}{k + 1:02d}", valence, arousal), length_s


def _about(config: DataConfig) -> DatasetInfo:
    """As much as splits, classes and the size of networks depend on."""
    if isinstance(config, RecordingsData):
        return describe_recordings(config, _side("EEG", _UNKNOWN), _side(config.pps, _UNKNOWN), "")
    if isinstance(config, SimulatedData):
        sides, threshold = (_side("EEG", config.ch_names), _side(config.pps, (config.pps,))), 0.5
        scale = (0.0, 1.0)
    elif isinstance(config, DeapData):
        sides, threshold = (_side("EEG", DEAP_CH_NAMES), _side("GSR", ("GSR",))), DEAP_THRESHOLD
        scale = (1.0, 9.0)
    else:
        sides = (_side("EEG", dreamer.CH_NAMES), _side("ECG", dreamer.ECG_NAMES))
        threshold, scale = DREAMER_THRESHOLD, (1.0, 5.0)
    simulated = isinstance(config, SimulatedData) or config.simulate is not None
    name = f"simulated-{config.kind}" if simulated and config.kind != "simulated" else config.kind
    return DatasetInfo(
        name=name,
        title=name,
        profile="live",
        live=config.live,
        eeg=sides[0],
        pps=sides[1],
        subjects=(),
        stimuli=(),
        scale=scale,
        threshold=threshold,
        released_quadrants=isinstance(config, DeapData) and config.quadrants == "released",
        simulated=simulated,
    )


def _side(modality: str, ch_names: tuple[str, ...]) -> ModalityContract:
    return ModalityContract(modality=Modality(modality), ch_names=ch_names)
