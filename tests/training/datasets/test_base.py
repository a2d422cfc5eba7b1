"""A data set is one class: its files, its index and its trials are all that training asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pytest

from physiosync_rt.bundle.contracts import eeg_contract
from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import ModalityContract
from physiosync_training.datasets import registry
from physiosync_training.datasets.base import DataSource, PreparedData, counted
from physiosync_training.datasets.index import N_TIMES, DatasetInfo
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.trials import Label, PlannedTrial, Trial, TrialSegment
from physiosync_training.loop.progress import no_progress

KINDS = get_args(get_args(registry.DataConfig)[0])


class Tones(DataSource):
    """Two people, each of whom hears so many tones, in a file that says how many."""

    kind: Literal["tones"] = "tones"
    path: Path

    def files(self) -> list[Path]:
        if not self.path.is_file():
            raise UserError(f"there is no {self.path}")
        return [self.path]

    def info(self) -> DatasetInfo:
        return DatasetInfo(
            name="tones",
            title="tones",
            profile="live",
            live=self.live,
            eeg=eeg_contract(("C3", "C4", "Cz", "Pz")),
            pps=ModalityContract(modality=Modality.GSR, ch_names=("GSR",)),
            subjects=(),
            stimuli=(),
            scale=(1.0, 9.0),
            threshold=5.0,
        )

    def planned_trials(self) -> Iterator[PlannedTrial]:
        for path in self.files():
            for subject in ("a", "b"):
                for k in range(int(path.read_text())):
                    yield Label(subject, k + 1, f"tone{k}", 1.0 + 8 * (k % 2), None), 11.0

    def prepare(self, scratch: Path, progress) -> PreparedData:
        def trials() -> Iterator[Trial]:
            for number, (label, _) in enumerate(self.planned_trials()):
                eeg = np.full((4, 2 * N_TIMES + 128), number, dtype=np.float32)
                yield Trial(label, (TrialSegment(0, eeg, -eeg[:1]),))

        return PreparedData(self.info(), counted(trials(), 4, "prepare windows", progress))


def test_a_new_data_set_needs_one_class(tmp_path) -> None:
    (tmp_path / "tones").write_text("2")
    tones = Tones(path=tmp_path / "tones")
    told: list[float] = []
    data = load_dataset(tones, tmp_path / "cache", lambda what, done, total: told.append(done))
    index = tones.index()
    assert (len(index), len(data)) == (8, 8)
    assert index.info.subjects == data.info.subjects == ("a", "b")
    np.testing.assert_array_equal(index.truth("valence"), data.truth("valence"))
    assert (index.truth("arousal") == -1).all()
    eeg, pps = data.fetch(np.arange(8))
    np.testing.assert_array_equal(eeg[:, 3, 7], [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(pps[:, 0, 7], -eeg[:, 0, 7])
    assert told[-4:] == [1, 2, 3, 4]
    # Prepared again when the file changes, and not otherwise.
    again = load_dataset(tones, tmp_path / "cache", no_progress)
    assert again.info.digest == data.info.digest
    (tmp_path / "tones").write_text("3")
    assert load_dataset(tones, tmp_path / "cache", no_progress).info.digest != data.info.digest
    (tmp_path / "tones").unlink()
    with pytest.raises(UserError, match="there is no"):
        tones.index()


def test_every_registered_data_set_has_a_kind_and_a_file_of_its_own() -> None:
    kinds = [get_args(cls.model_fields["kind"].annotation) for cls in KINDS]
    assert sorted(kinds) == [("deap",), ("dreamer",), ("recordings",), ("simulated",)]
    for cls, (kind,) in zip(KINDS, kinds, strict=True):
        assert cls.__module__ == f"physiosync_training.datasets.{kind}"
        assert not cls.__abstractmethods__
