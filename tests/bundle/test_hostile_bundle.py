"""A card or weights from anywhere: one sentence, and no memory for what they merely state."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import CARD, WEIGHTS, digest, read_card
from physiosync_rt.cli import main
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import bundle_path

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle_path("demo-muse"), tmp_path / "b"))


def _refusal(path: Path) -> str:
    with pytest.raises(UserError) as error:
        load_bundle(str(path))
    said = str(error.value)
    assert str(path) in said
    assert "\n" not in said
    assert len(said) < 600
    return said


def _deep(card: dict[str, Any], key: str, value: object, *names: str) -> None:
    place = card
    for name in names:
        place = place[name]
    place[key] = value


@pytest.mark.parametrize(
    "change",
    [
        lambda c: _deep(c, "depth", 10**8, "model", "eeg_1s"),
        lambda c: _deep(c, "depth", 90, "model", "eeg_1s"),
        lambda c: _deep(c, "dim", 99_996, "model", "eeg_1s"),
        lambda c: _deep(c, "n_chans", 10**9, "model", "eeg_5s"),
        lambda c: _deep(c, "n_prompts", 10**9, "model", "eeg_5s"),
        lambda c: _deep(c, "mlp_ratio", 10**9, "model", "pps_1s"),
        lambda c: _deep(c, "kernel", 10**9, "model", "pps_1s"),
        lambda c: _deep(c, "head_dims", [10**9, 10**9], "model"),
        lambda c: _deep(c, "n_classes", 10**9, "model"),
        lambda c: _deep(c, "projector_dims", [10**9] * 3, "model", "eeg_1s"),
        lambda c: _deep(c, "members", {f"m{k}": {} for k in range(1000)}),
        lambda c: _deep(c, "ch_names", ["Cz"] * 100_000, "eeg"),
        lambda c: _deep(c, "window_s", 1e12, "profile"),
        lambda c: _deep(c, "window_s", float("nan"), "profile"),
        lambda c: _deep(c, "baseline_s", 1e12, "profile"),
        lambda c: _deep(c, "order", 100_000, "profile", "eeg"),
        lambda c: _deep(c, "h_freq", 1.0, "profile", "eeg"),
        lambda c: _deep(c, "warmup_s", float("inf"), "profile", "gsr"),
        lambda c: _deep(c, "name", {"a": "x" * 3_000_000}),
    ],
)
def test_what_a_card_states_is_bounded_before_memory_is_taken(bundle: Path, change: Change) -> None:
    card = json.loads((bundle / CARD).read_text())
    change(card)
    (bundle / CARD).write_text(json.dumps(card))
    said = _refusal(bundle)
    assert "cannot be used" in said or "do not go together" in said


@pytest.mark.parametrize(
    "content",
    [
        b'{"name": "\xe9"}',
        b"\xff\xfe{\x00}\x00",
        b"",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"schema_version": ' + b"9" * 5000 + b"}",
        b'{"name": "\\ud800"}',
        b'{"name": "' + b"x" * 3_000_000,
    ],
)
def test_what_is_not_a_card_is_one_sentence(bundle: Path, content: bytes) -> None:
    (bundle / CARD).write_bytes(content)
    assert CARD in _refusal(bundle) or "card" in _refusal(bundle)
    with pytest.raises(UserError):
        read_card(bundle)


def test_a_card_in_latin1_is_one_sentence_from_every_command(
    hostile_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = hostile_dir / "bundle" / "card-latin1"
    from physiosync_rt.simulation.write_xdf import write_recording

    write_recording(tmp_path / "a.xdf", 1, duration_s=8.0, rest_s=4.0)
    monkeypatch.chdir(tmp_path)
    for words in (
        ["inspect", str(path)],
        ["predict", "a.xdf", "--csv", "run.csv", "--bundle", str(path)],
        ["live", "--source", "simulated", "--headless", "--bundle", str(path)],
    ):
        monkeypatch.setattr(sys, "argv", ["physiosync", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert "card.json, line 1: byte 0xe4 is not UTF-8; save the file" in said
        assert "Traceback" not in said


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_only_plain_files_are_opened(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    assert "a pipe" in _refusal(bundle)
    with pytest.raises(UserError, match="a pipe"):
        digest(bundle)


def _header(path: Path, change: Change) -> None:
    """Change the header of a safetensors file."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + size :])


@pytest.mark.parametrize(
    "change",
    [
        lambda h: _deep(h, "shape", [1 << 40], next(iter(h))),
        lambda h: _deep(h, "data_offsets", [0, 1 << 40], next(iter(h))),
        lambda h: _deep(h, "dtype", "F64", next(k for k in h if h[k].get("dtype") == "F16")),
        lambda h: _deep(h, "dtype", "I16", next(k for k in h if h[k].get("dtype") == "F16")),
        lambda h: h.pop(next(iter(h))),
        lambda h: h.clear(),
    ],
)
def test_a_header_of_weights_that_lies_is_refused(bundle: Path, change: Change) -> None:
    _header(bundle / WEIGHTS, change)
    assert WEIGHTS in _refusal(bundle) or "do not go together" in _refusal(bundle)


@pytest.mark.parametrize("length", [0, 2**63, 10**8])
def test_a_header_of_no_possible_length_is_refused(bundle: Path, length: int) -> None:
    content = (bundle / WEIGHTS).read_bytes()
    (bundle / WEIGHTS).write_bytes(struct.pack("<Q", length) + content[8:])
    assert f"{WEIGHTS} cannot be read" in _refusal(bundle)


def test_weights_of_more_or_other_tensors_are_named(bundle: Path) -> None:
    state = load_file(bundle / WEIGHTS)
    name = next(iter(state))
    save_file(state | {"extra": torch.zeros(2)}, bundle / WEIGHTS)
    assert (
        "extra: the card needs nothing, weights.safetensors has real numbers of shape (2,)"
        in _refusal(bundle)
    )
    save_file(state | {name: torch.zeros(2, 7)}, bundle / WEIGHTS)
    assert f"{name}: the card needs " in _refusal(bundle)
    assert "of shape (2, 7)" in _refusal(bundle)
