"""Pre-training gathers, draws and learns what it is asked to; the release is in other tests."""

from __future__ import annotations

import numpy as np
import torch
from lightning_fabric import Fabric

from physiosync_models.config import EncoderConfig
from physiosync_training.benchmark.released import released_groups
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.contrastive.pretrain import Pretraining, lay_out
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.loop.loop import StageContext

CPU = torch.device("cpu")


def encoder(modality: str, n_chans: int, seconds: int = 5, **changes: object) -> EncoderConfig:
    values: dict[str, object] = {
        "modality": modality,
        "n_chans": n_chans,
        "n_times": 128 * seconds,
        "dim": 16,
        "n_prompts": 2 if modality == "eeg" else 0,
        "projector_dims": (24, 24, 32),
        "dropout": 0.0,
        "faithful": True,
    }
    return EncoderConfig(**values | changes)


def test_groups_are_gathered_as_the_release_does(make_dataset):
    dataset = make_dataset(6, 3, 2)
    loader = WindowLoader(dataset, 5, CPU)
    config = PretrainConfig(n_pairs=4)
    grid = lay_out(loader, np.arange(len(dataset)), config)
    windows = torch.arange(4)
    everybody = torch.from_numpy(dataset.fetch(grid.rows[:4].ravel())[0])
    everybody = everybody.unflatten(0, grid.rows[:4].shape)
    groups = torch.randint(6, (4, 2, 2))
    numbers = grid.rows[windows[:, None, None], groups].transpose(1, 0, 2)
    eeg, _ = loader.fetch_groups(numbers, 0, slice(None))
    torch.testing.assert_close(eeg, released_groups(everybody, groups))


def test_random_offsets_are_the_same_within_a_pair_and_for_any_share(make_dataset):
    dataset = make_dataset(4, 3, 3)
    # Samples say where they lie in their trial.
    for signals in (dataset.eeg, dataset.pps):
        for i in range(len(signals.starts)):
            signals.stretch(i)[:] = np.arange(signals.lengths[i])
    loader = WindowLoader(dataset, 5, CPU, random_offsets=True)
    grid = lay_out(loader, np.arange(len(dataset)), PretrainConfig(n_pairs=4))
    numbers = np.stack([grid.rows[:4, :2], grid.rows[:4, 2:]])
    eeg, pps = loader.fetch_groups(numbers, 11, slice(None))
    start = eeg[:, 0, 0].reshape(2, 4, 2)
    assert (start == start[:1, :, :1]).all()
    assert len(start.unique()) == 4
    torch.testing.assert_close(pps[:, 0], eeg[:, 0])
    part = loader.fetch_groups(numbers, 11, slice(1, 3))[0].reshape(2, 2, 2, 2, 640)
    torch.testing.assert_close(part, eeg.reshape(2, 4, 2, 2, 640)[:, 1:3])


def test_versions_are_drawn_once_or_again(make_dataset):
    loader = WindowLoader(make_dataset(4, 3, 2), 5, CPU)
    grid = lay_out(loader, np.arange(24), PretrainConfig(n_pairs=4))
    parts = encoder("eeg", 2), encoder("pps", 1)
    fabric = Fabric(accelerator="cpu", devices=1)
    for redraw in (True, False):
        config = PretrainConfig(n_pairs=4, redraw=redraw)
        training = Pretraining(*parts, config, loader, 0, fabric)
        batch = training.plan(grid, 0)[0]
        first, again = (training.windows(batch, epoch, 0)[0] for epoch in (0, 1))
        assert torch.equal(first, again) is not redraw


def test_contrast_is_learned_where_stimuli_have_something_in_common(make_dataset, tmp_path):
    dataset = make_dataset(6, 8, 2)
    stimulus = np.random.default_rng(0).standard_normal((16, 640)).astype(np.float32)
    for row in range(len(dataset)):
        trial, at = dataset.table.trial[row], dataset.table.offset[row]
        for signals in (dataset.eeg, dataset.pps):
            signals.stretch(trial)[:, at : at + 640] += 2 * stimulus[row % 16]
    loader = WindowLoader(dataset, 5, CPU)
    config = PretrainConfig(n_pairs=8, epochs=3, lr=1e-3)
    rows = np.flatnonzero(dataset.table.subject < 6)
    training = Pretraining(
        encoder("eeg", 2, faithful=False),
        encoder("pps", 1, faithful=False),
        config,
        loader,
        0,
        Fabric(accelerator="cpu", devices=1),
    )
    grid = lay_out(loader, rows, config)
    done = training.run(grid, grid, StageContext(tmp_path, "x"))
    assert done.curves["loss"][-1] < 0.7 * done.curves["loss"][0]
    assert done.curves["validation eeg accuracy"][-1] > 0.8
    assert set(done.encoders) == {"eeg", "pps"}
