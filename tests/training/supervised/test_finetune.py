"""Fine-tuning: heads on frozen encoders, the chosen epoch; the release is in other tests."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from helpers.training import train_fold
from lightning_fabric import Fabric

from physiosync_models.fusion import PhysioSync
from physiosync_rt.errors import UserError
from physiosync_training.datasets.index import ABSENT
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.splits import ProtocolConfig, subject_folds
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.loop.loop import StageContext
from physiosync_training.supervised.calibration import best_temperature, cross_entropy, tempered
from physiosync_training.supervised.config import FinetuneConfig
from physiosync_training.supervised.finetune import (
    FinetuneSetup,
    make_examples,
    train_heads,
    train_main,
)
from physiosync_training.supervised.labels import check_classes, classes
from physiosync_training.supervised.results import load_result, save_result
from physiosync_training.supervised.trainer import epoch_batches

TINY = NetworkConfig(preset="compact", dim_1s=8, dim_5s=8, depth=1)
CPU = torch.device("cpu")


def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def effect(dataset, strength=1.5):
    """Let valence show in the power of EEG, and arousal in the level of the peripheral signal."""
    for row in range(len(dataset)):
        trial, at = dataset.table.trial[row], dataset.table.offset[row]
        if dataset.table.valence[row] >= 5:
            dataset.eeg.stretch(trial)[:, at : at + 640] *= strength
        if dataset.table.arousal[row] >= 5:
            dataset.pps.stretch(trial)[:, at : at + 640] += strength
    return dataset


def test_heads_of_one_modality_leave_the_fused_model_as_it_is(make_dataset, tmp_path):
    dataset = effect(make_dataset(4, 10, 2))
    loader = WindowLoader(dataset, 5, CPU)
    labels = classes(dataset, ("valence", "arousal"))
    model = PhysioSync(TINY.build(2, 1, ("valence", "arousal"), 2, ("fused", "eeg", "pps")))
    rows = np.arange(len(dataset))
    examples = make_examples(loader, rows[:60], rows[60:], labels, 1)
    config = FinetuneConfig(epochs=2, batch_size=16, head_epochs=4)
    before = copy.deepcopy(model.state_dict())
    setup = FinetuneSetup(model, loader, examples, config, 0, fabric())
    train_main(setup, StageContext(tmp_path / "m", "x"))
    middle = copy.deepcopy(model.state_dict())
    train_heads(setup, StageContext(tmp_path / "h", "x"))
    after = model.state_dict()
    for name in after:
        alone = name.startswith(("heads.eeg", "heads.pps"))
        if name.endswith("temperature"):
            continue
        assert torch.equal(before[name], middle[name]) is alone, name
        assert torch.equal(middle[name], after[name]) is not alone, name


def test_frozen_encoders_stay_as_they_are(make_dataset, tmp_path):
    dataset = make_dataset(3, 8, 1)
    loader = WindowLoader(dataset, 5, CPU)
    model = PhysioSync(TINY.build(2, 1, ("valence",), 2, ("fused",)))
    before = copy.deepcopy(model.encoders.state_dict())
    rows = np.arange(len(dataset))
    examples = make_examples(loader, rows, rows[:0], classes(dataset, ("valence",)), 1)
    config = FinetuneConfig(epochs=1, encoder_lr=0.0, batch_size=8)
    setup = FinetuneSetup(model, loader, examples, config, 0, fabric())
    train_main(setup, StageContext(tmp_path, "x"))
    for name, value in model.encoders.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize("clip", [1.0, None])
def test_training_that_ends_in_nan_says_so(make_dataset, tmp_path, clip):
    dataset = make_dataset(3, 8, 1)
    dataset.eeg.stretch(0)[:] = 3e38
    loader = WindowLoader(dataset, 5, CPU)
    model = PhysioSync(TINY.build(2, 1, ("valence",), 2, ("fused",)))
    rows = np.arange(len(dataset))
    examples = make_examples(loader, rows, rows[:6], classes(dataset, ("valence",)), 1)
    config = FinetuneConfig(epochs=2, batch_size=8, clip=clip)
    setup = FinetuneSetup(model, loader, examples, config, 0, fabric())
    with pytest.raises(UserError, match="the loss of epoch 1 is NaN or infinite"):
        train_main(setup, StageContext(tmp_path, "x"))


@pytest.mark.parametrize(
    "with_5s",
    [pytest.param(True, id="5 s"), pytest.param(False, id="1 s", marks=pytest.mark.slow)],
)
def test_a_real_effect_is_learned_by_the_modality_that_has_it(make_dataset, tmp_path, with_5s):
    dataset = effect(make_dataset(6, 12, 2), 2.0)
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=3))[0]
    config = TrainConfig(
        networks=(TINY.model_copy(update={"with_5s": with_5s}),),
        finetune=FinetuneConfig(epochs=6 if with_5s else 4, batch_size=16, head_epochs=12, lr=3e-3),
        device="cpu",
    )
    result = train_fold(dataset, fold, config, tmp_path)

    def right(route: str, target: str) -> float:
        p = result.of("test", route, target)
        assert len(p.rows) == len(fold.test) * (1 if with_5s else 5)
        np.testing.assert_allclose(p.probability.sum(1), 1)
        return float((p.probability.argmax(1) == p.truth).mean())

    assert right("fused", "valence") > 0.9
    assert right("fused", "arousal") > 0.9
    assert right("eeg", "valence") > 0.9
    assert right("pps", "arousal") > 0.9
    assert right("eeg", "arousal") < 0.75
    assert set(result.temperatures) == {
        f"{r}/{t}" for r in ("fused", "eeg", "pps") for t in ("valence", "arousal")
    }


def test_targets_apart_and_the_quadrant(make_dataset, tmp_path):
    dataset = effect(make_dataset(4, 12, 1), 3.0)
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=2))[0]
    config = TrainConfig(
        networks=(TINY,),
        finetune=FinetuneConfig(
            targets=("arousal", "quadrant"), joint=False, epochs=2, batch_size=16, head_epochs=1
        ),
        modalities=("fused",),
        device="cpu",
    )
    result = train_fold(dataset, fold, config, tmp_path)
    assert list(result.models) == ["arousal", "quadrant"]
    four = result.of("test", "fused", "quadrant")
    assert four.probability.shape == (len(four.truth), 4)
    assert result.of("test", "fused", "arousal").probability.shape[1] == 2


def test_one_modality_alone(make_dataset, tmp_path):
    dataset = make_dataset(4, 8, 1)
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=2))[0]
    config = TrainConfig(
        networks=(TINY,),
        finetune=FinetuneConfig(epochs=1, batch_size=8),
        modalities=("eeg",),
        device="cpu",
    )
    result = train_fold(dataset, fold, config, tmp_path)
    assert {p.route for p in result.predictions} == {"eeg"}


def test_nothing_to_validate_on_leaves_the_last_epoch_and_temperature_one(make_dataset, tmp_path):
    dataset = make_dataset(4, 8, 1)
    protocol = ProtocolConfig(protocol="subject", folds=2, validation=0)
    config = TrainConfig(
        networks=(TINY,),
        finetune=FinetuneConfig(epochs=1, batch_size=8, head_epochs=1),
        device="cpu",
    )
    result = train_fold(dataset, subject_folds(dataset, protocol)[0], config, tmp_path)
    assert set(result.temperatures.values()) == {1.0}
    assert all(len(p.truth) == 0 for p in result.predictions if p.split == "validation")


def test_rows_without_a_label_count_for_the_other_target(make_dataset, tmp_path):
    dataset = make_dataset(4, 8, 1)
    dataset.table.valence[::3] = np.nan
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=2))[0]
    config = TrainConfig(
        networks=(TINY,),
        finetune=FinetuneConfig(epochs=1, batch_size=8, head_epochs=1),
        device="cpu",
    )
    result = train_fold(dataset, fold, config, tmp_path)
    assert len(result.of("test", "fused", "arousal").truth) == len(fold.test)
    valence = result.of("test", "fused", "valence")
    assert len(valence.truth) == np.isfinite(dataset.table.valence[fold.test]).sum()


def test_one_class_only_is_refused_before_training(make_dataset, tmp_path):
    dataset = make_dataset(4, 8, 1)
    dataset.table.arousal[:] = 9
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=2))[0]
    with pytest.raises(UserError, match="arousal has one class only"):
        train_fold(dataset, fold, TrainConfig(networks=(TINY,), device="cpu"), tmp_path)
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="valence has no labels"):
        check_classes(np.full((4, 1), ABSENT), ("valence",), "here")


def test_results_come_back_as_they_were_stored(make_dataset, tmp_path):
    dataset = make_dataset(4, 8, 1)
    fold = subject_folds(dataset, ProtocolConfig(protocol="subject", folds=2))[0]
    config = TrainConfig(
        networks=(TINY,), finetune=FinetuneConfig(epochs=1, batch_size=8), device="cpu"
    )
    result = train_fold(dataset, fold, config, tmp_path)
    save_result(tmp_path / "again.npz", result, "x")
    again = load_result(tmp_path / "again.npz", "x")
    assert again is not None
    for one, other in zip(again.predictions, result.predictions, strict=True):
        assert (one.split, one.route, one.target) == (other.split, other.route, other.target)
        for name in ("rows", "truth", "probability", "uncalibrated"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert again.curves == result.curves
    with pytest.raises(KeyError):
        again.of("test", "fused", "quadrant")
    (tmp_path / "again.npz").write_bytes(b"broken")
    with pytest.raises(UserError, match="cannot be read"):
        load_result(tmp_path / "again.npz", "x")


# ---------------------------------------------------------------------------------- calibration


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_overconfident_answers_is_found(n_classes, temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(20000, n_classes)) * 2
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (true.cumsum(1) > rng.random((len(true), 1))).argmax(1)
    said = tempered(true, 1 / temperature)
    found, loss = best_temperature(said, truth)
    assert found == pytest.approx(temperature, rel=0.08)
    assert loss <= cross_entropy(said, truth)
    np.testing.assert_allclose(tempered(said, temperature), true, atol=1e-9)


def test_epochs_hold_every_example_once_but_a_very_small_rest():
    batches = epoch_batches(70, 32, 0, 0)
    assert [len(b) for b in batches] == [32, 32]
    assert [len(b) for b in epoch_batches(72, 32, 0, 0)] == [32, 32, 8]
    assert [len(b) for b in epoch_batches(5, 32, 0, 0)] == [5]
    assert len(set(np.concatenate(epoch_batches(72, 32, 0, 1)).tolist())) == 72
    assert any((a != b).any() for a, b in zip(batches, epoch_batches(70, 32, 0, 1), strict=True))
