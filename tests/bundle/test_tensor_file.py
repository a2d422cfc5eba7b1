"""Checkpoints from anywhere: plain tensors, or one sentence that names file and tensor."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from physiosync_rt.bundle.import_release import import_reference
from physiosync_rt.bundle.tensor_file import load_tensors
from physiosync_rt.errors import UserError
from physiosync_training.loop.checkpoint import load_state

_NAME = "eeg_transform.transform1.weight"

ODD = {
    "scalar": lambda: torch.zeros(()),
    "expanded": lambda: torch.zeros(1).expand(128, 10**9),
    "expanded a little": lambda: torch.zeros(128, 1).expand(128, 4096),
    "overlapping": lambda: torch.zeros(256).as_strided((128, 4096), (1, 0)),
    "meta": lambda: torch.empty(128, 4096, device="meta"),
    "sparse": lambda: torch.eye(128).to_sparse(),
    "sparse rows": lambda: torch.eye(128).to_sparse_csr(),
    "sparse of any size": lambda: torch.sparse_coo_tensor(
        torch.zeros(2, 1, dtype=torch.long), torch.ones(1), (2**40, 2**20)
    ),
    "quantized": lambda: torch.quantize_per_tensor(torch.zeros(128, 4), 0.1, 0, torch.qint8),
    "quantized by channel": lambda: torch.quantize_per_channel(
        torch.zeros(128, 4), torch.ones(128), torch.zeros(128), 0, torch.qint8
    ),
    "complex": lambda: torch.zeros(128, 4, dtype=torch.complex64),
    "eight bits": lambda: torch.zeros(128, 4).to(torch.float8_e4m3fn),
    "whole numbers": lambda: torch.zeros(128, 4, dtype=torch.int64),
}


def _refusal(path: Path, *targets: str) -> str:
    with pytest.raises(UserError) as error:
        import_reference(path, "x", targets)
    said = str(error.value)
    assert "\n" not in said
    assert len(said) < 500
    return said


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("kind", ODD)
def test_a_tensor_that_is_not_plain_is_named(tmp_path: Path, kind: str, legacy: bool) -> None:
    (tmp_path / "valence").mkdir()
    path = tmp_path / "valence" / "enc.pth"
    torch.save({_NAME: ODD[kind]()}, path, _use_new_zipfile_serialization=not legacy)
    said = _refusal(tmp_path)
    assert "enc.pth" in said
    # Torch cannot read eight bits from its own older files.
    assert _NAME in said or (legacy and kind == "eight bits")
    if kind in ("scalar", "whole numbers"):
        return
    torch.save({"parts": {"model": [ODD[kind]()]}}, tmp_path / "state.pt")
    with pytest.raises(UserError, match=r"state\.pt cannot be read; remove it.*'parts\.model\.0'"):
        load_state(tmp_path / "state.pt", "x")


@pytest.mark.parametrize("kind", ["expand", "meta", "quant", "scalar"])
def test_the_known_files_name_file_and_tensor(hostile_dir: Path, kind: str) -> None:
    said = _refusal(hostile_dir / "ckpt" / f"obj-{kind}")
    assert "enc.pth" in said
    assert _NAME in said


@pytest.mark.parametrize("content", [None, 3, [], "text", {"fingerprint": 1}])
def test_a_state_of_training_that_is_not_one_is_one_sentence(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "state.pt")
    with pytest.raises(UserError, match=r"state\.pt"):
        load_state(tmp_path / "state.pt", "x")


def test_nested_and_endless_containers_are_refused(tmp_path: Path) -> None:
    deep: Any = torch.zeros(1)
    for _ in range(100):
        deep = [deep]
    wide: Any = [0]
    for _ in range(19):
        wide = [wide] * 9
    for content in (deep, wide):
        torch.save(content, tmp_path / "a.pth")
        with pytest.raises(UserError, match=r"a\.pth holds more, or more deeply nested, values"):
            load_tensors(tmp_path / "a.pth")


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(4)}, tmp_path / "plain.pth")
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as plain,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for part in plain.namelist():
            content = b"\0" * 50_000_000 if part.endswith("data/0") else plain.read(part)
            bomb.writestr(part, content)
    with pytest.raises(UserError, match=r"bomb\.pth states 50,.* bytes of content, more than it"):
        load_tensors(tmp_path / "bomb.pth")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pth")
    with pytest.raises(UserError, match="is a pipe, not a file"):
        load_tensors(tmp_path / "a.pth")


def test_plain_tensors_come_as_they_are(tmp_path: Path) -> None:
    weights = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(weights.parameters())
    weights(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {"m": weights.state_dict(), "o": optimizer.state_dict(), "rng": torch.get_rng_state()}
    torch.save(state, tmp_path / "a.pt")
    again = load_tensors(tmp_path / "a.pt")
    torch.testing.assert_close(again["m"], state["m"])
    torch.testing.assert_close(again["o"]["state"], state["o"]["state"])
    assert torch.equal(again["rng"], state["rng"])


def test_a_storage_of_the_older_kind_that_states_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(1001)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    number = b"M" + (1001).to_bytes(2, "little")
    assert content.count(number + b"N") == 1
    path.write_bytes(
        content.replace(number + b"N", b"J" + (2**31 - 1).to_bytes(4, "little") + b"N")
    )
    with pytest.raises(UserError, match=r"a\.pth states 2,147,483,647 values and has"):
        load_tensors(path)
