"""From a configuration to what a data set is and the trials it consists of, kind by kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, groupby
from pathlib import Path
from typing import Final, TypeVar

from physiosync_rt.datatypes import Modality, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats import deap, dreamer
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.formats.registry import parts
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_rt.preprocess.labels import DEAP_THRESHOLD, DREAMER_THRESHOLD
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_rt.utils.resources import find_config
from physiosync_training.datasets.config import (
    DataConfig,
    DeapData,
    DreamerData,
    RecordingsData,
    SimulatedData,
    SimulatedPeople,
)
from physiosync_training.datasets.dataset import DatasetInfo
from physiosync_training.datasets.live_trials import live_trials
from physiosync_training.datasets.paper_trials import deap_trials, dreamer_trials
from physiosync_training.datasets.recordings_table import (
    contracts_of,
    find_labels,
    load_session,
    read_sessions,
)
from physiosync_training.datasets.trials import Progress, Rest, Trial

Prepared = tuple[DatasetInfo, Iterator[Trial | Rest]]
T = TypeVar("T")

INVENTED: Final = "invented people: this shows how the procedure behaves, and nothing about emotion"
_SHAM_ECG: Final = (
    "version 'released': what is called ECG is the sign of a difference of two EEG channels, as in "
    "the released code; no ECG is used"
)
_SHARE_OF_ELECTRODES: Final = 2


def files_of(config: DataConfig) -> list[Path]:
    """Files that a data set is made from; their content is part of its hash.

    Raises
    ------
    UserError
        They are not there.
    """
    if isinstance(config, RecordingsData):
        files = [find_labels(config)]
        files += [part for session in read_sessions(config) for part in parts(session.path)]
        return files if config.device is None else [*files, find_config("devices", config.device)]
    if isinstance(config, SimulatedData) or config.path is None:
        return []
    path = config.path.expanduser()
    if not path.exists():
        what = "DEAP's data_preprocessed_python" if config.kind == "deap" else "DREAMER.mat"
        raise UserError(f"there is no {path}; give the place of {what} with --set data.path=PLACE")
    if isinstance(config, DreamerData):
        return [path]
    files = list(deap.subject_files(path))
    mark = path / deap.SIMULATED_FILE
    return [*files, mark] if mark.is_file() else files


def prepare(config: DataConfig, digest: str, scratch: Path, progress: Progress) -> Prepared:
    """Say what a data set is, and give its trials one by one.

    Parameters
    ----------
    config : DataConfig
    digest : str
        Of everything that shapes it.
    scratch : Path
        Empty folder for files of invented people.
    progress : callable

    Raises
    ------
    UserError
        Files are missing or damaged, or labels are not in order.
    """
    if isinstance(config, DeapData):
        return _deap(config, digest, scratch, progress)
    if isinstance(config, DreamerData):
        return _dreamer(config, digest, scratch, progress)
    if isinstance(config, RecordingsData):
        return _recordings(config, digest, progress)
    return _simulated(config, digest, progress)


def counted(items: Iterable[T], n: int, what: str, progress: Progress) -> Iterator[T]:
    """Report each item when the next one is asked for."""
    for k, item in enumerate(items):
        yield item
        progress(what, k + 1, n)


def _names(name: str, people: SimulatedPeople | None, *, simulated: bool) -> dict[str, str]:
    """Short name and title of a data set, or of invented people in its files."""
    if not simulated:
        return {"name": name.lower(), "title": name}
    title = f"simulated {name}"
    if people is not None and people.fingerprint:
        title += " (nothing to learn but which trial a window comes from)"
    elif people is not None:
        title += f" (effect {people.effect:g}, variability {people.variability:g})"
    return {"name": f"simulated-{name.lower()}", "title": title}


def _eeg(ch_names: Sequence[str], least: int | None = None) -> ModalityContract:
    return ModalityContract(
        modality=Modality.EEG,
        ch_names=tuple(ch_names),
        min_electrodes=least or max(len(ch_names) // _SHARE_OF_ELECTRODES, 1),
    )


def _deap(config: DeapData, digest: str, scratch: Path, progress: Progress) -> Prepared:
    people = config.simulate
    if people is not None:
        write_deap(
            scratch,
            people.subjects,
            people.seed,
            effect=people.effect,
            variability=people.variability,
            fingerprint=people.fingerprint,
            n_trials=people.trials or deap.N_TRIALS,
            progress=lambda done, total: progress("simulate people", done, total),
        )
    folder = scratch if people is not None else (config.path or scratch).expanduser()
    files = deap.subject_files(folder)
    eeg = _eeg(DEAP_CH_NAMES)
    pps = ModalityContract(modality=Modality.GSR, ch_names=("GSR",))
    # A folder of invented people says so itself, whoever made it.
    simulated = people is not None or (folder / deap.SIMULATED_FILE).exists()
    notes = [INVENTED] if simulated else []
    if config.profile == "paper":
        notes.append("skin resistance in ohms above its template, not normalised, as released")
    about = DatasetInfo(
        **_names("DEAP", people, simulated=simulated),
        profile=config.profile,
        live=config.live if config.profile == "live" else None,
        eeg=eeg,
        pps=pps,
        subjects=(),
        stimuli=(),
        scale=(1.0, 9.0),
        threshold=DEAP_THRESHOLD,
        released_quadrants=config.quadrants == "released",
        simulated=simulated,
        notes=tuple(notes),
        digest=digest,
    )
    subjects = counted(
        (deap.load_subject(file) for file in files), len(files), "prepare windows", progress
    )
    if config.profile == "paper":
        return about, deap_trials(subjects)
    recordings = (subject.to_recording() for subject in subjects)
    return about, _each(recordings, config, eeg, pps)


def _dreamer(config: DreamerData, digest: str, scratch: Path, progress: Progress) -> Prepared:
    people = config.simulate
    path = (config.path or scratch).expanduser()
    if people is not None:
        path = write_dreamer(
            scratch,
            people.subjects,
            people.seed,
            effect=people.effect,
            variability=people.variability,
            fingerprint=people.fingerprint,
            n_clips=people.trials or dreamer.N_CLIPS,
            progress=lambda done, total: progress("simulate people", done, total),
        )
    eeg = _eeg(dreamer.CH_NAMES)
    pps = ModalityContract(modality=Modality.ECG, ch_names=dreamer.ECG_NAMES)
    loaded = dreamer.load_subjects(path)
    first = next(loaded)
    notes = [INVENTED] if first.simulated else []
    if config.profile == "paper" and config.version == "released":
        notes.append(_SHAM_ECG)
    about = DatasetInfo(
        **_names("DREAMER", people, simulated=first.simulated),
        profile=config.profile,
        live=config.live if config.profile == "live" else None,
        eeg=eeg,
        pps=pps,
        subjects=(),
        stimuli=(),
        scale=(1.0, 5.0),
        threshold=DREAMER_THRESHOLD,
        simulated=first.simulated,
        notes=tuple(notes),
        digest=digest,
    )
    n_subjects = dreamer.N_SUBJECTS if people is None else people.subjects
    subjects = counted(chain([first], loaded), n_subjects, "prepare windows", progress)
    if config.profile == "paper":
        return about, dreamer_trials(subjects, config)
    recordings = (subject.to_recording() for subject in subjects)
    return about, _each(recordings, config, eeg, pps)


def _recordings(config: RecordingsData, digest: str, progress: Progress) -> Prepared:
    sessions = read_sessions(config)
    eeg, pps = contracts_of(load_session(sessions[0], config), config)
    about = describe_recordings(config, eeg, pps, digest)
    counted_sessions = counted(sessions, len(sessions), "prepare windows", progress)

    def trials() -> Iterator[Trial | Rest]:
        for _, own in groupby(counted_sessions, key=lambda session: session.subject):
            loaded = (load_session(session, config) for session in own)
            yield from live_trials(loaded, config.live, eeg, pps)

    return about, trials()


def describe_recordings(
    config: RecordingsData, eeg: ModalityContract, pps: ModalityContract, digest: str
) -> DatasetInfo:
    """What a lab's recordings are, but for the names in their table."""
    name = config.path.name or "recordings"
    return DatasetInfo(
        name=name,
        title=config.title or f"recordings in {name}",
        profile="live",
        live=config.live,
        eeg=eeg,
        pps=pps,
        subjects=(),
        stimuli=(),
        scale=config.scale,
        threshold=config.threshold,
        simulated=config.simulated,
        notes=(INVENTED,) if config.simulated else (),
        digest=digest,
    )


def _simulated(config: SimulatedData, digest: str, progress: Progress) -> Prepared:
    eeg = _eeg(config.ch_names, config.min_electrodes)
    modality = Modality(config.pps)
    pps = ModalityContract(modality=modality, ch_names=(config.pps,))
    about = DatasetInfo(
        name="simulated",
        title=f"simulated people (effect {config.effect:g})",
        profile="live",
        live=config.live,
        eeg=eeg,
        pps=pps,
        subjects=(),
        stimuli=(),
        scale=(0.0, 1.0),
        threshold=0.5,
        simulated=True,
        notes=(INVENTED,),
        digest=digest,
    )
    people = (_person(config, modality, seed) for seed in config.seeds)
    return about, _each(
        counted(people, config.subjects, "simulate people", progress), config, eeg, pps
    )


def _person(config: SimulatedData, pps: Modality, seed: int) -> Recording:
    session = simulate(
        Person.draw(seed, config.effect, config.variability),
        config.duration_s,
        seed=seed,
        ch_names=config.ch_names,
        gsr_sfreq=32.0 if pps is Modality.GSR else 0,
        ecg_sfreq=256.0 if pps is Modality.ECG else 0,
        rest_s=config.rest_s,
    )
    return session.with_trials(config.trial_s)


def _each(
    recordings: Iterable[Recording],
    config: DeapData | DreamerData | SimulatedData,
    eeg: ModalityContract,
    pps: ModalityContract,
) -> Iterator[Trial | Rest]:
    """Trials of recordings that are each of another person."""
    for recording in recordings:
        yield from live_trials([recording], config.live, eeg, pps)
