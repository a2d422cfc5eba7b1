"""Pre-training does what the release does, step for step, and follows what it is asked."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from models.config import EncoderConfig
from training.augment import sample_keys
from training.config import PretrainConfig
from training.feed import Feed
from training.loop import Surroundings
from training.plain import PlainPretraining, plain_groups
from training.pretrain import Pretraining, lay_out

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


def literal_version(x: np.ndarray, kind: int, key: int) -> np.ndarray:
    """One window in one version by the formulas of the release, chance from the key's stream."""
    m = 0xFFFFFFFF

    def scramble(w: int) -> int:
        w = ((w ^ (w >> 16)) * 0x7FEB352D) & m
        w = ((w ^ (w >> 15)) * 0x846CA68B) & m
        return w ^ (w >> 16)

    def uniform(counter: int) -> float:
        w = scramble(counter ^ (key & m))
        return ((scramble((w + ((key >> 32) & m)) & m) >> 8) + 0.5) / 2**24

    if kind in (1, 4):
        x = x * (0.7 + 0.1 * uniform(m))
    if kind in (2, 5):
        x = x * (1.2 + 0.1 * uniform(m))
    if kind < 3:
        return x
    half = (x.size + 1) // 2
    radius = [np.sqrt(-2 * np.log(uniform(i))) for i in range(half)]
    angle = [2 * np.pi * uniform(half + i) for i in range(half)]
    noise = np.array(
        [r * np.cos(a) for r, a in zip(radius, angle, strict=True)]
        + [r * np.sin(a) for r, a in zip(radius, angle, strict=True)]
    )[: x.size]
    gain = np.sqrt(10**-0.5 * x.var() / noise.var())
    return x + (gain * noise).reshape(x.shape)


def literal_batch(dataset, batch, seed, modality, seconds):
    """All windows of a batch, one after the other, in the order of the release."""
    rows = []
    for side in range(2):
        for pair in range(batch.n_pairs):
            for number, kind in zip(batch.rows[side, pair], batch.kind[side, pair], strict=True):
                row, piece = divmod(int(number), 5 // seconds)
                x = dataset.fetch(np.array([row]))[modality][0].astype(np.float64)
                x = x[:, piece * 128 : (piece + 1) * 128] if seconds == 1 else x
                key = int(sample_keys(seed, int(number), int(kind), modality, 0)[0])
                rows.append(literal_version(x, int(kind), key & (2**64 - 1)))
    return torch.from_numpy(np.stack(rows))


@pytest.mark.parametrize("seconds", [1, 5])
@pytest.mark.parametrize(
    "config",
    [
        PretrainConfig(pairing="halves", n_pairs=4, redraw=False),
        PretrainConfig(loss="cross", pairing="random", n_pairs=6, group_size=1, redraw=False),
    ],
    ids=["dependent", "cross"],
)
def test_first_steps_equal_the_plain_release(make_dataset, double, config, seconds):
    dataset = make_dataset(4, 3, 2)
    feed = Feed(dataset, seconds, CPU)
    grid = lay_out(feed, np.arange(len(dataset)), config)
    ours = Pretraining(
        encoder("eeg", 2, seconds),
        encoder("pps", 1, seconds),
        config,
        feed,
        3,
        Fabric(accelerator="cpu", devices=1, precision="32-true"),
    )
    plain = PlainPretraining(
        copy.deepcopy(ours.model),
        config.loss == "cross",
        config.tau,
        config.lr,
        config.weight_decay,
    )
    for step, batch in zip(range(3), ours.plan(grid, 0).batches(), strict=False):
        found = ours.step(batch, 0, step).total
        expected = plain.step(
            literal_batch(dataset, batch, 3, 0, seconds),
            literal_batch(dataset, batch, 3, 1, seconds),
        )
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
    weights = dict(plain.model.named_parameters())
    for name, weight in ours.model.named_parameters():
        torch.testing.assert_close(weight, weights[name], rtol=1e-6, atol=1e-6)


def test_groups_are_gathered_as_the_release_does(make_dataset):
    dataset = make_dataset(6, 3, 2)
    feed = Feed(dataset, 5, CPU)
    config = PretrainConfig(n_pairs=4)
    grid = lay_out(feed, np.arange(len(dataset)), config)
    windows = torch.arange(4)
    everybody = torch.from_numpy(dataset.fetch(grid.rows[:4].ravel())[0])
    everybody = everybody.unflatten(0, grid.rows[:4].shape)
    groups = torch.randint(6, (4, 2, 2))
    numbers = grid.rows[windows[:, None, None], groups].transpose(1, 0, 2)
    eeg, _ = feed.fetch_groups(numbers, 0, slice(None))
    torch.testing.assert_close(eeg, plain_groups(everybody, groups))


def test_random_offsets_are_the_same_within_a_pair_and_for_any_share(make_dataset):
    dataset = make_dataset(4, 3, 3)
    # Samples say where they lie in their trial.
    for signals in (dataset.eeg, dataset.pps):
        for i in range(len(signals.starts)):
            signals.stretch(i)[:] = np.arange(signals.lengths[i])
    feed = Feed(dataset, 5, CPU, random_offsets=True)
    grid = lay_out(feed, np.arange(len(dataset)), PretrainConfig(n_pairs=4))
    numbers = np.stack([grid.rows[:4, :2], grid.rows[:4, 2:]])
    eeg, pps = feed.fetch_groups(numbers, 11, slice(None))
    start = eeg[:, 0, 0].reshape(2, 4, 2)
    assert (start == start[:1, :, :1]).all()
    assert len(start.unique()) == 4
    torch.testing.assert_close(pps[:, 0], eeg[:, 0])
    part = feed.fetch_groups(numbers, 11, slice(1, 3))[0].reshape(2, 2, 2, 2, 640)
    torch.testing.assert_close(part, eeg.reshape(2, 4, 2, 2, 640)[:, 1:3])


def test_versions_are_drawn_once_or_anew(make_dataset):
    feed = Feed(make_dataset(4, 3, 2), 5, CPU)
    grid = lay_out(feed, np.arange(24), PretrainConfig(n_pairs=4))
    parts = encoder("eeg", 2), encoder("pps", 1)
    fabric = Fabric(accelerator="cpu", devices=1)
    for redraw in (True, False):
        config = PretrainConfig(n_pairs=4, redraw=redraw)
        training = Pretraining(*parts, config, feed, 0, fabric)
        batch = next(training.plan(grid, 0).batches())
        first, again = (training.windows(batch, epoch, 0)[0] for epoch in (0, 1))
        assert torch.equal(first, again) is not redraw


def test_contrast_is_learned_where_stimuli_have_something_in_common(make_dataset, tmp_path):
    dataset = make_dataset(6, 8, 2)
    stimulus = np.random.default_rng(0).standard_normal((16, 640)).astype(np.float32)
    for row in range(len(dataset)):
        trial, at = dataset.table.trial[row], dataset.table.offset[row]
        for signals in (dataset.eeg, dataset.pps):
            signals.stretch(trial)[:, at : at + 640] += 2 * stimulus[row % 16]
    feed = Feed(dataset, 5, CPU)
    config = PretrainConfig(n_pairs=8, epochs=3, lr=1e-3)
    rows = np.flatnonzero(dataset.table.subject < 6)
    training = Pretraining(
        encoder("eeg", 2, faithful=False),
        encoder("pps", 1, faithful=False),
        config,
        feed,
        0,
        Fabric(accelerator="cpu", devices=1),
    )
    grid = lay_out(feed, rows, config)
    done = training.run(grid, grid, Surroundings(tmp_path, "x"))
    assert done.curves["loss"][-1] < 0.7 * done.curves["loss"][0]
    assert done.curves["validation eeg accuracy"][-1] > 0.8
    assert set(done.encoders) == {"eeg", "pps"}
