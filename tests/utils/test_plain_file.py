"""Only plain files are opened, and what is read of them is bounded."""

from __future__ import annotations

import gzip
import os
import socket
import sys
from pathlib import Path

import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import BoundedReader, read_text, require_plain


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
def test_pipes_sockets_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
    for path, kind in (
        (tmp_path / "pipe", "a pipe"),
        (tmp_path / "link", "a pipe"),
        (tmp_path / "s", "a socket"),
        (Path("/dev/zero"), "a device"),
    ):
        with pytest.raises(UserError, match=f"is {kind}, not a file"):
            require_plain(path)
    require_plain(tmp_path)


def test_what_the_system_cannot_find_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / ("x" * 5000)):
        with pytest.raises(UserError, match=r"cannot be opened: .*; check the path") as error:
            require_plain(path)
        assert len(str(error.value)) < 1100


def test_text_is_bounded_and_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\nb: \xe9\n")
    with pytest.raises(UserError, match=r"a\.yaml, line 2: byte 0xe9 is not UTF-8"):
        read_text(path, 100)
    with pytest.raises(UserError, match="has 13 bytes, which is more than the 10"):
        read_text(path, 10)
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_text(path, 100) == "a: 1\n"


@pytest.mark.parametrize("packed", [False, True])
def test_no_more_is_asked_for_than_there_is(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(b"0123\n567") if packed else b"0123\n567")
    with BoundedReader(path) as file:
        assert file.n_bytes == 8
        assert file.read(2) == b"01"
        assert file.readline() == b"23\n"
        assert file.read(1 << 50) == b"567"
        assert file.read(1 << 50) == b""
        file.seek(100)
        assert file.read() == b""
        file.seek(4)
        assert file.read() == b"\n567"
        with pytest.raises(ValueError, match="read"):
            file.read(-2)
