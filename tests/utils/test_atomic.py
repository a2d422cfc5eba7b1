"""Files and folders are whole or not there, and readable as the person's umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from physiosync_rt.utils.atomic import atomic_file, atomic_folder, create_file, reason_of


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def mode(request) -> Iterator[int]:
    """Mode of files under an umask."""
    before = os.umask(request.param)
    yield 0o666 & ~request.param
    os.umask(before)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_umask_decides_who_may_read(tmp_path, mode) -> None:
    weights = {"w": torch.ones(2)}
    with atomic_file(tmp_path / "below" / "w.safetensors") as fresh:
        save_file(weights, fresh)
    assert _mode(tmp_path / "below" / "w.safetensors") == mode
    with atomic_folder(tmp_path / "bundle") as fresh:
        save_file(weights, fresh / "w.safetensors")
        (fresh / "card").write_text("x")
    assert {_mode(path) for path in (tmp_path / "bundle").iterdir()} == {mode}
    searchable = mode >> 2 & 0o111
    assert _mode(tmp_path / "bundle") == mode | searchable


def test_a_failure_leaves_what_was_there(tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file", tmp_path / "folder" / "inside"):
        path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_file(tmp_path / "file") as fresh:
        fresh.write_text(f"half {1 / 0}")
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "folder") as fresh:
        (fresh / "inside").write_text(f"half {1 / 0}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "folder" / "inside").read_text() == "old"


def test_a_folder_that_cannot_take_its_name_gives_the_old_one_back(tmp_path, monkeypatch) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").touch()
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.startswith(".new-"):
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="Input/output"), atomic_folder(path) as fresh:
        (fresh / "new").touch()
    assert [each.name for each in tmp_path.rglob("*")] == ["folder", "old"]


def test_a_folder_is_replaced_with_all_it_held(tmp_path) -> None:
    for name in ("one", "other"):
        with atomic_folder(tmp_path / "folder") as fresh:
            (fresh / name).touch()
    assert [each.name for each in tmp_path.rglob("*")] == ["folder", "other"]


def test_reasons_are_one_line() -> None:
    assert reason_of(OSError(28, "No space left on device")) == "No space left on device"
    assert reason_of(RuntimeError("first\nsecond")) == "first"
    assert reason_of(RuntimeError()) == "unknown reason"
    told = RuntimeError("enforce fail at inline_container.cc")
    told.__context__ = OSError(28, "No space left on device")
    assert reason_of(told) == "No space left on device"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_about_a_person_is_theirs_alone(tmp_path, mode) -> None:
    (tmp_path / "run.json").write_text("old")
    with atomic_file(tmp_path / "run.json", private=True) as fresh:
        assert (_mode(fresh), fresh.suffix) == (0o600, ".json")
        fresh.write_text("new")
    assert _mode(tmp_path / "run.json") == 0o600
    os.close(create_file(tmp_path / "run.csv", private=True))
    assert _mode(tmp_path / "run.csv") == 0o600
    os.close(create_file(tmp_path / "other"))
    assert _mode(tmp_path / "other") == mode


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_no_link_is_followed(tmp_path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for target in (victim, tmp_path / "nowhere"):
        link = tmp_path / f"to-{target.name}"
        link.symlink_to(target)
        with pytest.raises(FileExistsError):
            create_file(link)
        with atomic_file(link) as fresh:
            fresh.write_text("new")
        assert not link.is_symlink()
        assert link.read_text() == "new"

    def guessed(fresh: Path) -> None:
        fresh.unlink()
        fresh.symlink_to(victim)

    with pytest.raises(OSError, match="symbolic links"), atomic_file(tmp_path / "file") as fresh:
        guessed(fresh)
    assert victim.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()
    assert not (tmp_path / "file").exists()


def test_temporary_names_cannot_be_guessed_and_are_never_too_long(tmp_path) -> None:
    seen = set()
    for _ in range(3):
        with atomic_file(tmp_path / f"{'ü' * 100}.csv") as fresh:
            seen.add(fresh.name)
    marks = {name.removesuffix(".csv").rsplit("-", 1)[1] for name in seen}
    assert len(marks) == 3
    assert {len(mark) for mark in marks} == {32}
