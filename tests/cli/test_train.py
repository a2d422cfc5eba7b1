"""``physiosync train`` as a person runs it: stopped, resumed, in parts, in company, and refused."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import programs
from helpers.programs import PATIENCE_S, TRAINING, Program

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.cli import main
from physiosync_rt.cli.train import train
from physiosync_rt.errors import UserError

CONFIG = """
name: tiny
title: A tiny run
data: {kind: simulated, subjects: 4, duration_s: 175, trial_s: 20, ch_names: [Fz, Cz, Pz, Oz]}
protocols:
  - {protocol: subject, folds: 2, validation: 0.34}
networks:
  - {preset: compact, dim_1s: 8, dim_5s: 8, depth: 1}
finetune: {epochs: 2, head_epochs: 1, batch_size: 16}
device: cpu
checkpoint_every_s: 0.001
"""
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("train") / "tiny.yaml"
    path.write_text(CONFIG + f"cache: {path.parent / 'cache'}\n")
    return path


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


def words(name: str, config: Path, out: Path, *more: str) -> list[str]:
    return [name, "--config", str(config), "--out", str(out), *more]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "physiosync_rt", *arguments]


def run(name: str, config: Path, out: Path, *more: str, code: int = 0) -> str:
    """Run a command in this process, without the seconds that a start costs."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown), redirect_stderr(shown):
        patch.setenv("COLUMNS", "200")
        patch.setattr(sys, "argv", ["physiosync", *words(name, config, out, *more)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, shown.getvalue()[-2000:]
    assert "Traceback" not in shown.getvalue()
    return shown.getvalue()


def numbers(out: Path) -> dict[str, np.ndarray]:
    found = {}
    for path in sorted(out.glob("subject/*/*/result.npz")):
        with np.load(path) as stored:
            found |= {f"{path.parts[-3]}/{k}": stored[k] for k in stored.files if k != "text"}
    assert found
    return found


@pytest.fixture(scope="module")
def trained(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    said = run("train", config, out)
    assert "balanced accuracy" in said
    return out


def test_train_leaves_a_report_and_a_bundle_that_can_be_asked(trained):
    for name in ("report.html", "report.md", "report.json"):
        assert (trained / name).stat().st_size > 0
    bundle = load_bundle(str(trained / "bundle"))
    assert bundle.card.simulated
    assert bundle.card.eeg.ch_names == ("Fz", "Cz", "Pz", "Oz")
    assert {score.protocol for score in bundle.card.scores} == {"subject"}
    assert {score.model for score in bundle.card.scores} > {"physiosync", "majority class"}
    assert bundle.card.provenance["fold"] == "subject-01"
    assert bundle.card.provenance["seconds"] > 0
    (machine,) = bundle.card.provenance["machines"]
    assert machine["versions"]["torch"] == torch.__version__
    told = json.loads((trained / "report.json").read_text())
    assert told["run"]["machines"] == [machine] == [told["run"]["reported_on"]]
    assert told["run"]["seconds"] > bundle.card.provenance["seconds"], "two folds take longer"
    pooled = next(
        row
        for row in told["scores"]
        if row["model"] == "physiosync" and row["subject"] is None and row["target"] == "valence"
    )
    assert {"protocol", "metric", "value", "ci_low", "ci_high", "n"} <= set(pooled)


@pytest.mark.slow
def test_the_parts_one_by_one_give_the_same(config, trained, tmp_path):
    with_pairs = ("--set", "pretrain={epochs: 1}")
    said = run("pretrain", config, tmp_path, *with_pairs, code=2)
    assert "no stimulus window is shared by 4 training subjects" in said
    run("pretrain", config, tmp_path)
    run("finetune", config, tmp_path)
    said = run("evaluate", config, tmp_path)
    assert "report.html" in said
    for name, value in numbers(trained).items():
        np.testing.assert_array_equal(numbers(tmp_path)[name], value, err_msg=name)


def test_ctrl_c_says_how_to_go_on_and_resume_gives_the_same(config, trained, tmp_path, monkeypatch):
    # Whoever resumes draws the figures that are looked at elsewhere.
    monkeypatch.setattr("physiosync_training.reporting.figures._svg", lambda _: b"<svg/>")
    process = Program(
        command(*words("train", config, tmp_path)),
        loaded=TRAINING,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    while not list(tmp_path.glob("subject/subject-02/*/*/checkpoint.pt")):
        assert process.poll() is None, process.communicate()[1][-2000:]
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "--resume goes on" in said
    assert "Traceback" not in said
    assert "holds a training already" in run("train", config, tmp_path, code=2)
    run("train", config, tmp_path, "--resume")
    found, whole = numbers(tmp_path), numbers(trained)
    assert found.keys() == whole.keys()
    for name, value in found.items():
        np.testing.assert_array_equal(value, whole[name], err_msg=name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no sizes of files")
@pytest.mark.parametrize(
    ("limit", "every_s", "what"),
    [
        (300, 300, "events.out.tfevents"),
        (40_000, 0.001, "checkpoint.pt"),
        pytest.param(40_000, 300, "valence+arousal.safetensors", marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_is_one_sentence_and_resume_gives_the_same(
    config, trained, tmp_path, limit, every_s, what
):
    shrink = f"import resource as r; r.setrlimit(r.RLIMIT_FSIZE, ({limit}, r.RLIM_INFINITY))"
    start = "import runpy; runpy.run_module('physiosync_rt', run_name='__main__', alter_sys=True)"
    arguments = words("train", config, tmp_path, "--set", f"checkpoint_every_s={every_s}")
    done = programs.run(
        [sys.executable, "-c", f"{shrink}; {start}", *arguments], loaded=TRAINING, env=ENVIRONMENT
    )
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert what in said
    assert "cannot be written (File too large)" in said or "File too large (os error" in said
    assert said.endswith("make room or choose another --out, then go on with --resume")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all("tfevents" in path.name for path in kept)
    if what != "valence+arousal.safetensors":
        return
    run("train", config, tmp_path, "--resume")
    for name, value in numbers(trained).items():
        np.testing.assert_array_equal(numbers(tmp_path)[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("cluster", "change", "says"),
    [
        (None, "device=cuda", "device 'cuda' with 1 process"),
        ("local", "processes=2", "leave processes at 1"),
    ],
)
def test_what_cannot_be_is_refused_before_the_data_is_read(
    config, tmp_path, monkeypatch, cluster, change, says
):
    if change == "device=cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    if cluster and importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'physiosync-rt[cluster]'")

    def load(*_: object) -> None:
        raise AssertionError("the long work has begun")

    monkeypatch.setattr("physiosync_training.experiment.experiment.load_dataset", load)
    with pytest.raises(UserError, match=says):
        train(str(config), tmp_path / "out", [change], cluster=cluster)
    assert not list(tmp_path.iterdir())


def test_evaluate_and_finetune_say_what_is_missing(config, tmp_path):
    assert "run `physiosync train`" in run("evaluate", config, tmp_path, code=2)
    said = run(
        "train", config, tmp_path, "--set", "protocols=[{protocol: trial, folds: 90}]", code=2
    )
    assert "too few for 90 folds" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ray_gives_the_same_numbers(config, trained, tmp_path):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is not installed: pip install 'physiosync-rt[cluster]'")
    run("train", config, tmp_path, "--cluster", "local")
    found = numbers(tmp_path)
    assert len({name.partition("/")[0] for name in found}) == 4
    for name, value in numbers(trained).items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-6, err_msg=name)


def test_a_cluster_without_ray_is_one_sentence(config, tmp_path):
    if importlib.util.find_spec("ray") is not None:
        pytest.skip("Ray is installed")
    said = run("train", config, tmp_path, "--cluster", "local", code=2)
    assert "pip install 'physiosync-rt[cluster]'" in said


@pytest.mark.slow
def test_two_processes_started_by_the_command_itself(config, trained, tmp_path):
    options = ("--set", "processes=2", "--set", "networks.0.dropout=0.0")
    done = subprocess.run(
        command(*words("train", config, tmp_path, *options)),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "report.html").is_file()
    assert len(numbers(tmp_path)) == len(numbers(trained))
