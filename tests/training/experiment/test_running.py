"""A training that is killed, stopped, resumed or refused."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.programs import TRAINING, Program
from helpers.training import train_fold
from safetensors.torch import load_file
from torch import nn

from physiosync_rt.errors import UserError
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.splits import ProtocolConfig, trial_folds
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.fold import FoldRun
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.experiment.runtime import Runtime, make_fabric
from physiosync_training.loop import provenance
from physiosync_training.loop.checkpoint import load_state, save_state
from physiosync_training.loop.loop import Interrupted, stop_on_signals
from physiosync_training.supervised.config import FinetuneConfig
from physiosync_training.supervised.results import FoldResult

ROOT = Path(__file__).resolve().parents[3]
PATHS = os.pathsep.join(str(ROOT / place) for place in (".", "models", "training", "tests"))
WORKER = Path(__file__).with_name("worker.py")
TINY = NetworkConfig(preset="compact", dim_1s=8, dim_5s=8, depth=1)
CONFIG = TrainConfig(
    networks=(TINY,),
    pretrain=PretrainConfig(epochs=1, n_pairs=6),
    finetune=FinetuneConfig(epochs=3, batch_size=16, head_epochs=2, warmup_steps=4),
    random_offsets=True,
    device="cpu",
    checkpoint_every_s=1e-6,
)


SHORT = CONFIG.model_copy(update={"pretrain": None})


@pytest.fixture(scope="module")
def job(make_dataset):
    dataset = make_dataset(4, 6, 1)
    return dataset, trial_folds(dataset, ProtocolConfig(protocol="trial", folds=3))[0]


@pytest.fixture(scope="module")
def unbroken(job, tmp_path_factory) -> tuple[Path, FoldResult]:
    """Train with everything, without a break."""
    out = tmp_path_factory.mktemp("unbroken")
    return out, train_fold(*job, CONFIG, out)


@pytest.fixture(scope="module")
def short(job, tmp_path_factory) -> tuple[Path, FoldResult]:
    """Train without pre-training."""
    out = tmp_path_factory.mktemp("short")
    return out, train_fold(*job, SHORT, out)


def weights(out: Path) -> dict[str, torch.Tensor]:
    (path,) = out.glob("**/valence+arousal.safetensors")
    return load_file(path)


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], **close) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], **close, msg=lambda m, n=name: f"{n}: {m}")


def start(job, out: Path) -> subprocess.Popen[str]:
    """Train in a process that can be killed."""
    stored = out.with_suffix(".pkl")
    stored.write_bytes(pickle.dumps((*job, CONFIG)))
    return Program(
        [sys.executable, str(WORKER), str(stored), str(out)],
        loaded=TRAINING,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", ["pretrain-1s 5/", "finetune-valence+arousal 3/"])
def test_killed_and_resumed_ends_with_the_same_weights(tmp_path, job, unbroken, where):
    folder, whole = unbroken
    broken = start(job, tmp_path / "broken")
    assert broken.stdout is not None
    for line in broken.stdout:
        if where in line:
            break
    broken.send_signal(signal.SIGKILL)
    broken.communicate()
    assert broken.returncode == -signal.SIGKILL
    assert not list((tmp_path / "broken").glob("**/result.npz"))
    steps: list[tuple[str, float]] = []
    fabric = make_fabric(CONFIG)
    resumed = Runtime(fabric, True, lambda what, done, total: steps.append((what, done)))
    train_fold(*job, CONFIG, tmp_path / "broken", runtime=resumed)
    what, step = next(each for each in steps if "trial-01 " in each[0])
    assert (what.rpartition(" ")[2], step) >= (where.split()[0], 2), "it began again"
    assert_same(weights(tmp_path / "broken"), weights(folder), rtol=0, atol=0)
    again = train_fold(
        *job, CONFIG, tmp_path / "broken", runtime=Runtime(make_fabric(CONFIG), resume=True)
    )
    for one, other in zip(again.predictions, whole.predictions, strict=True):
        np.testing.assert_array_equal(one.probability, other.probability)
    assert again.curves == whole.curves
    assert again.temperatures == whole.temperatures


def test_a_result_names_every_machine_that_worked_on_it(tmp_path, job, monkeypatch):
    here = provenance.this_machine()
    with monkeypatch.context() as context:
        context.setattr(provenance, "this_machine", lambda _: here | {"system": "Abacus"})
        FoldRun(*job, CONFIG, TINY, tmp_path, Runtime(make_fabric(CONFIG))).pretrain()
    resumed = Runtime(make_fabric(CONFIG), resume=True)
    result = train_fold(*job, CONFIG, tmp_path, runtime=resumed)
    assert result.machines == [here | {"system": "Abacus"}, here]
    with monkeypatch.context() as context:
        context.setattr(provenance, "this_machine", lambda _: here | {"system": "elsewhere"})
        again = train_fold(*job, CONFIG, tmp_path, runtime=resumed)
    assert (again.machines, again.seconds) == (result.machines, result.seconds)
    assert result.seconds > 0


def test_ctrl_c_ends_cleanly_and_can_be_taken_up_again(tmp_path, job, unbroken):
    def press(what: str, done: float, total: float) -> None:
        if what.endswith("finetune-valence+arousal") and done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    fabric = make_fabric(CONFIG)
    with stop_on_signals() as stop, pytest.raises(Interrupted):
        train_fold(*job, CONFIG, tmp_path / "it", runtime=Runtime(fabric, False, press, stop))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert not list(tmp_path.glob("it/**/.*"))
    train_fold(*job, CONFIG, tmp_path / "it", runtime=Runtime(fabric, resume=True))
    assert_same(weights(tmp_path / "it"), weights(unbroken[0]), rtol=0, atol=0)


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(tmp_path, job, short):
    _, first = short
    again = train_fold(*job, SHORT, tmp_path / "b")
    other = train_fold(*job, SHORT.model_copy(update={"seed": 1}), tmp_path / "c")
    assert first.curves == again.curves
    assert first.curves != other.curves


def test_a_training_that_ended_leaves_no_network_behind(job, tmp_path):
    """Garbage is looked for rarely: networks in circles would fill a computer fold by fold."""

    def networks() -> dict[int, nn.Module]:
        return {id(x): x for x in gc.get_objects() if issubclass(type(x), nn.Module)}

    gc.collect()
    before = networks()
    gc.disable()
    try:
        train_fold(*job, CONFIG, tmp_path / "it")
        left = [type(x).__name__ for key, x in networks().items() if key not in before]
    finally:
        gc.enable()
    assert not left


def test_a_folder_that_holds_a_run_is_not_overwritten(job, short):
    folder, _ = short
    with pytest.raises(UserError, match="holds a training already; go on with it by --resume"):
        train_fold(*job, SHORT, folder)
    other = SHORT.model_copy(update={"seed": 7})
    with pytest.raises(UserError, match="written by another configuration"):
        train_fold(*job, other, folder, runtime=Runtime(make_fabric(other), resume=True))


def test_a_full_disk_is_one_sentence_and_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    save_state(path, {"value": torch.ones(3)}, "x")

    def full(state, file):
        file.write(b"half")
        raise RuntimeError("[enforce fail at inline_container.cc] PytorchStreamWriter failed")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match=r"checkpoint.pt cannot be written .* --resume"):
        save_state(path, {"value": torch.zeros(3)}, "x")
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pt"]
    state = load_state(path, "x")
    assert state is not None
    assert torch.equal(state["value"], torch.ones(3))


def test_a_checkpoint_that_is_none_is_refused(tmp_path):
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="cannot be read; remove it"):
        load_state(path, "x")
    assert load_state(tmp_path / "none.pt", "x") is None


@pytest.mark.slow
def test_bf16_follows_single_precision(tmp_path, job, unbroken):
    _, whole = unbroken
    half = train_fold(
        *job, CONFIG.model_copy(update={"precision": "bf16-mixed"}), tmp_path / "half"
    )
    for stage in ("pretrain-1s", "pretrain-5s", "finetune-valence+arousal"):
        one, other = whole.curves[stage]["loss"], half.curves[stage]["loss"]
        assert other == pytest.approx(one, rel=0.05)
        assert other != one


def test_a_device_that_is_not_there_is_one_sentence():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UserError, match="device 'cuda' with 1 process"):
        make_fabric(CONFIG.model_copy(update={"device": "cuda"}))


def test_curves_are_there_for_tensorboard(short):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, result = short
    (events,) = folder.glob("**/finetune-valence+arousal/events*")
    writer = EventAccumulator(str(events)).Reload()
    curve = result.curves["finetune-valence+arousal"]["loss"]
    assert [point.value for point in writer.Scalars("loss")] == pytest.approx(curve)
    assert [point.step for point in writer.Scalars("loss")] == [1, 2, 3]
