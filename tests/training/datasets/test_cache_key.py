"""Whatever shapes windows changes the hash that they are kept under."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import mne
import numpy as np
import pytest

from physiosync_rt.formats.registry import parts
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_training.datasets import cache
from physiosync_training.datasets.deap import DeapData
from physiosync_training.datasets.dreamer import DreamerData
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.loop import provenance

_TABLE = (
    "file,start,stop,subject,trial,kind,valence,arousal\n"
    "{0},0,10,anna,0,baseline,,\n{0},10,20,anna,1,trial,2,8\n"
)
_INNOCENT = (
    *(
        f"physiosync_rt.{name}"
        for name in (
            *("errors", "utils.resources", "utils.yaml_config", "utils.bounded_yaml"),
            *("utils.plain_file", "utils.atomic", "utils.translation", "bundle.card"),
        )
    ),
    *(f"physiosync_training.loop.{name}" for name in ("paths", "progress", "provenance")),
)


def _digest(config: RecordingsData) -> str:
    return cache.digest_of({}, config.files())


def _lab(folder: Path, name: str, **more: object) -> RecordingsData:
    (folder / "labels.csv").write_text(_TABLE.format(name), encoding="utf-8")
    return RecordingsData(kind="recordings", path=folder, scale=(1, 9), threshold=5, **more)


def _alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.fixture
def brainvision(tmp_path, data_dir) -> RecordingsData:
    for ending in ("vhdr", "eeg", "vmrk"):
        source = data_dir / "mne-io-testfiles" / f"test.{ending}"
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return _lab(tmp_path, "test.vhdr")


@pytest.mark.parametrize("part", ["test.eeg", "test.vmrk", "test.vhdr", "labels.csv"])
def test_every_part_of_a_brainvision_recording_counts(brainvision, part) -> None:
    before = _digest(brainvision)
    assert _digest(brainvision) == before
    _alter(brainvision.path / part)
    assert _digest(brainvision) != before


def test_brainvision_parts_that_follow_the_name_of_the_header(brainvision) -> None:
    folder = brainvision.path
    header = (folder / "test.vhdr").read_text(encoding="utf-8")
    header = header.replace("DataFile=test.eeg", "DataFile = $b.eeg ")
    (folder / "test.vhdr").write_text(header, encoding="utf-8")
    assert sorted(p.name for p in parts(folder / "test.vhdr")) == [
        "test.eeg",
        "test.vhdr",
        "test.vmrk",
    ]


def test_every_part_of_a_split_fif_counts(tmp_path) -> None:
    info = mne.create_info(["Fz", "Cz"], 500.0, "eeg")
    signal = np.random.default_rng(0).normal(size=(2, 600_000)) * 1e-5
    whole = mne.io.RawArray(signal, info, verbose="ERROR")
    whole.save(tmp_path / "long_raw.fif", split_size="3MB", verbose="ERROR")
    config = _lab(tmp_path, "long_raw.fif", ignore_unlisted=True)
    second = tmp_path / "long_raw-1.fif"
    assert second in config.files()
    before = _digest(config)
    _alter(second)
    assert _digest(config) != before


def test_the_device_description_counts(brainvision) -> None:
    device = brainvision.path / "dev.yaml"
    device.write_text("title: one\n", encoding="utf-8")
    config = brainvision.model_copy(update={"device": str(device)})
    before = _digest(config)
    assert before != _digest(brainvision)
    device.write_text("title: two\n", encoding="utf-8")
    assert _digest(config) != before
    shipped = brainvision.model_copy(update={"device": "muse"})
    assert shipped.files()[-1].name == "muse.yaml"


def test_all_code_that_windows_pass_through_counts() -> None:
    """Modules that are imported by the hashed ones are hashed, but for those that shape nothing."""
    sources = set(provenance.sources(cache._SHAPING))
    imported: set[str] = set()
    for path in sources:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
    ours = {
        name for name in imported if name.startswith(("physiosync_rt.", "physiosync_training."))
    }
    lacking = {n for n in ours if Path(str(import_module(n).__file__)) not in sources}
    assert lacking <= set(_INNOCENT)
    readers = {"mne", "numpy", "pyxdf", "scipy"}
    assert readers <= set(cache._SHAPING_PACKAGES)


def test_simulated_people_in_files_stay_simulated(tmp_path) -> None:
    """Whoever trains on a folder that `physiosync simulate` wrote is told so."""
    write_deap(tmp_path / "deap", 1, 0, n_trials=1)
    config = DeapData(kind="deap", path=tmp_path / "deap")
    assert (tmp_path / "deap" / "SIMULATED.json") in config.files()
    deap = load_dataset(config, tmp_path / "cache", lambda what, done, total: None)
    assert (deap.info.simulated, deap.info.title) == (True, "simulated DEAP")
    assert any("simulated" in note for note in deap.info.notes)
    file = write_dreamer(tmp_path / "dreamer", 1, 0, n_clips=1)
    dreamer = load_dataset(
        DreamerData(kind="dreamer", path=file), tmp_path / "cache", lambda what, done, total: None
    )
    assert (dreamer.info.simulated, dreamer.info.name) == (True, "simulated-dreamer")
