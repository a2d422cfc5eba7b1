"""A file goes on through a full disk, a quota, and its own removal; what is lost is counted."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.limits import size_limit

from physiosync_rt.sinks.file_news import FileNews, NewsKind, Place
from physiosync_rt.sinks.lasting_file import KEPT_BYTES, KEPT_S, LastingFile, Piece

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be moved there")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def news() -> list[FileNews]:
    return []


@pytest.fixture
def file(tmp_path: Path, clock: Clock, news: list[FileNews]) -> Iterator[LastingFile]:
    made = LastingFile(
        tmp_path / "folder" / "run.csv",
        unit="rows",
        opening=lambda: b"head\n",
        tell=news.append,
        clock=clock,
    )
    yield made
    made.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def _rows(file: LastingFile, clock: Clock, start: int, stop: int) -> None:
    for k in range(start, stop):
        clock.now += 1.0
        file.append(Piece(f"row {k}\n".encode(), n=1))
        file.flush()


def _text(start: int, stop: int) -> str:
    return "head\n" + "".join(f"row {k}\n" for k in range(start, stop))


def test_a_piece_is_on_disk_when_flush_returns(file: LastingFile, clock: Clock, news) -> None:
    _rows(file, clock, 0, 3)
    assert file.path.read_text() == _text(0, 3)
    assert file.path.stat().st_mode & 0o777 == 0o600
    file.close()
    file.close()
    assert (file.written, file.lost, news) == (3, 0, [])
    # A second signal closes the files under an engine that still works.
    _rows(file, clock, 3, 5)
    assert file.path.read_text() == _text(0, 3)
    assert [path.name for path in file.path.parent.iterdir()] == ["run.csv"]


def test_a_limit_on_size_is_waited_out_and_nothing_is_lost(file, clock, news) -> None:
    with size_limit(40):
        _rows(file, clock, 0, 60)
        # No torn line: what did not fit whole was taken back.
        assert file.path.read_text() == _text(0, file.written)
        assert 2 < file.written < 7
        assert file.reason == "File too large"
        assert 50 < file.blocked_s < 60
    _rows(file, clock, 60, 62)
    assert file.path.read_text() == _text(0, 62)
    assert (file.written, file.lost, file.reason) == (62, 0, "")
    blocked, resumed = news
    assert (blocked.kind, blocked.reason) == (NewsKind.BLOCKED, "File too large")
    assert (resumed.kind, resumed.n) == (NewsKind.RESUMED, 0)
    assert resumed.seconds == pytest.approx(55, abs=3)


def test_no_more_is_kept_than_ten_minutes_and_the_loss_is_counted(file, clock, news) -> None:
    with size_limit(40):
        _rows(file, clock, 0, 1000)
        assert len(file._kept) == KEPT_S + 1
    written = 1001 - len(file._kept) - file.lost
    _rows(file, clock, 1000, 1001)
    assert file.lost == news[-1].n
    kept_from = written - 1 + file.lost
    text = file.path.read_text().splitlines()
    assert text[1:written] == [f"row {k}" for k in range(written - 1)]
    assert text[written:] == [f"row {k}" for k in range(kept_from, 1001)]
    assert file.written + file.lost == 1001
    assert 350 < file.lost < 400


def test_no_more_is_kept_than_there_is_room_for(file, clock) -> None:
    with size_limit(40):
        for _ in range(100):
            file.append(Piece(bytes(1 << 20), n=250))
            file.flush()
        file.append(Piece(b"never given up"))
        file.flush()
        assert sum(len(piece.data) for piece in file._kept) <= KEPT_BYTES
        assert file.lost == 250 * (100 - len(file._kept))
        assert len(file._first) == 1
        file.close()
    assert file.lost == 25_000


def test_what_is_left_at_the_end_is_said(file, clock, news) -> None:
    with size_limit(40):
        _rows(file, clock, 0, 9)
        file.close()
    assert file.path.read_text() == _text(0, file.written)
    assert news[-1].kind is NewsKind.UNSAVED
    assert (news[-1].n, news[-1].reason) == (9 - file.written, "File too large")
    assert file.lost == 9 - file.written


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_renamed_file_is_begun_again(what, file, folder, tmp_path, clock, news) -> None:
    _rows(file, clock, 0, 3)
    if what == "file":
        (folder / "run.csv").rename(folder / "mine.csv")
        moved = folder / "mine.csv"
    else:
        folder.rename(tmp_path / "elsewhere")
        moved = tmp_path / "elsewhere" / "run.csv"
    _rows(file, clock, 3, 6)
    file.close()
    assert moved.read_text() == _text(0, 3)
    assert (folder / "run-2.csv").read_text() == _text(3, 6)
    (said,) = news
    assert said == FileNews(
        NewsKind.RENAMED, folder / "run.csv", "rows", n=3, next_path=folder / "run-2.csv"
    )
    assert [part.place for part in file.parts] == [Place.RENAMED, Place.HERE]
    assert (file.written, file.lost) == (6, 0)


@pytest.mark.parametrize("what", ["file", "folder", "replaced"])
def test_a_removed_file_is_begun_again(what, file, folder, clock, news) -> None:
    _rows(file, clock, 0, 3)
    if what == "folder":
        shutil.rmtree(folder)
    else:
        (folder / "run.csv").unlink()
    if what == "replaced":
        (folder / "run.csv").write_text("somebody else's")
        (folder / "run-2.json").write_text("too")
    _rows(file, clock, 3, 6)
    file.close()
    name = "run-3.csv" if what == "replaced" else "run-2.csv"
    assert (folder / name).read_text() == _text(3, 6)
    assert (folder / "run.csv").exists() == (what == "replaced")
    (said,) = news
    assert (said.kind, said.n, said.next_path) == (NewsKind.REMOVED, 3, folder / name)
    assert (file.written, file.lost) == (3, 3)


def test_a_folder_that_cannot_be_made_again_is_waited_for(file, folder, clock, news) -> None:
    _rows(file, clock, 0, 3)
    shutil.rmtree(folder)
    folder.write_text("no folder")
    _rows(file, clock, 3, 30)
    assert file.reason
    folder.unlink()
    _rows(file, clock, 30, 33)
    assert (folder / "run-2.csv").read_text() == _text(3, 33)
    assert [each.kind for each in news] == [
        NewsKind.REMOVED,
        NewsKind.BLOCKED,
        NewsKind.RESUMED,
    ]
    assert news[0].next_path is None
    assert news[-1].path == folder / "run-2.csv"


def test_a_file_that_vanishes_at_the_end_is_not_said_to_be_written(file, folder, clock, news):
    _rows(file, clock, 0, 3)
    (folder / "run.csv").unlink()
    file.append(Piece(b"the end"))
    file.close()
    assert list(folder.iterdir()) == []
    assert (file.written, file.lost) == (0, 3)
    assert news == [FileNews(NewsKind.REMOVED, folder / "run.csv", "rows", n=3)]


def test_without_anybody_to_tell_trouble_is_raised(folder) -> None:
    file = LastingFile(folder / "a.csv", unit="rows", opening=lambda: b"")
    with size_limit(4):
        file.append(Piece(b"12345", n=1))
        with pytest.raises(OSError, match="File too large"):
            file.flush()
        with pytest.raises(OSError, match="File too large"):
            file.close()
    assert (folder / "a.csv").read_bytes() == b""
    gone = LastingFile(folder / "b.csv", unit="rows", opening=lambda: b"")
    (folder / "b.csv").unlink()
    with pytest.raises(FileNotFoundError, match="it was removed"):
        gone.close()
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


def test_a_file_that_exists_is_not_touched(folder) -> None:
    (folder / "victim").write_text("mine")
    (folder / "run.csv").symlink_to(folder / "victim")
    with pytest.raises(FileExistsError):
        LastingFile(folder / "run.csv", unit="rows", opening=lambda: b"head")
    assert (folder / "victim").read_text() == "mine"
