"""Any data set that a configuration names: prepared once, then mapped from disk."""

from __future__ import annotations

import tempfile
from pathlib import Path

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract
from training.data import store
from training.data.config import DataConfig, RecordingsData
from training.data.dataset import N_TIMES, WINDOW_S, Dataset, Outline
from training.data.prepare import counted, describe_recordings, files_of, prepare
from training.data.recordings import read_sessions
from training.data.trials import Label, Progress, TableBuilder


def outline(config: DataConfig) -> Outline | None:
    """Tell which windows there will be, where that is known without preparing them.

    Returns
    -------
    Outline or None
        For a lab's recordings, as their table promises; None for the others.

    Raises
    ------
    UserError
        The table is not in order.
    """
    if not isinstance(config, RecordingsData):
        return None
    builder = TableBuilder()
    for session in read_sessions(config):
        for s in session.segments:
            if s.kind == "trial":
                label = Label(s.subject, s.trial, s.stimulus, s.valence, s.arousal)
                builder.add(label, [(0, int((s.stop - s.start) // WINDOW_S) * N_TIMES)])
    # Channels play no part in splitting; the files that know them are not opened here.
    unknown = [ModalityContract(modality=m, ch_names=("?",)) for m in (Modality.EEG, Modality.GSR)]
    about = describe_recordings(config, unknown[0], unknown[1], "")
    names = {"subjects": tuple(builder.subjects), "stimuli": tuple(builder.stimuli)}
    return Outline(about.model_copy(update=names), builder.table(about.title))


def load_dataset(config: DataConfig, cache: Path | None, progress: Progress) -> Dataset:
    """Prepare a data set, or map it from disk when it was prepared before.

    Parameters
    ----------
    config : DataConfig
    cache : Path or None
        Folder of prepared windows; `store.default_folder` when None.
    progress : callable

    Raises
    ------
    UserError
        Files are missing or damaged, labels are not in order, or the disk is full.
    """
    if config.live.window_s != WINDOW_S:
        raise UserError(
            f"data.live.window_s is {config.live.window_s:g}; training has windows of {WINDOW_S} s"
        )
    files = files_of(config)
    digest = store.digest_of(
        config.model_dump(mode="json", exclude={"path"}),
        counted(files, len(files), "check files", progress),
    )
    folder = (cache or store.default_folder()).expanduser() / f"{config.kind}-{digest}"
    found = store.load(folder, digest)
    if found is None:
        with store.room(folder.parent), tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            about, trials = prepare(config, digest, Path(scratch), progress)
            store.save(folder, about, trials)
        found = store.load(folder, digest)
    if found is None:
        raise UserError(f"prepared windows in {folder} cannot be read back; remove the folder")
    return found
