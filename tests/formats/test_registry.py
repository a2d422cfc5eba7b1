from __future__ import annotations

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from physiosync_rt.datatypes import Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats import registry


def test_content_names_the_format_where_the_name_says_nothing(
    tmp_path: Path, data_dir: Path
) -> None:
    copy = tmp_path / "session"
    copy.write_bytes((data_dir / "xdf-examples" / "minimal.xdf").read_bytes())
    assert registry.readable(copy)
    assert registry.read(copy).streams[0].spec.name == "SendDataC"


def test_a_wrong_extension_is_reported_with_both_formats(tmp_path: Path, data_dir: Path) -> None:
    copy = tmp_path / "session.edf"
    copy.write_bytes((data_dir / "xdf-examples" / "minimal.xdf").read_bytes())
    with pytest.raises(UserError, match=r"session\.edf is named like EDF/BDF but holds XDF"):
        registry.read(copy)


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"hello", b"\0" * 5000])
def test_an_impostor_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "session.xdf"
    path.write_bytes(content)
    assert not registry.readable(path)
    with pytest.raises(UserError, match="named like XDF but its content is not"):
        registry.read(path)


def test_unknown_and_missing_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    with pytest.raises(UserError, match="does not exist"):
        registry.read(path)
    path.write_bytes(b"ID3")
    with pytest.raises(UserError, match=r"no known format; readable are XDF \(\.xdf"):
        registry.read(path)


_OFFICE = b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml"


@pytest.mark.parametrize("name", ["session.csv", "session.txt", "session.xdf"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is empty \(0 bytes\); take another copy"),
        (b"\n \n\n", "contains nothing but blank lines"),
        (b"<!DOCTYPE html><html>", "is a web page; download or copy the file itself"),
        (b"PK\x03\x04" + bytes(26) + b"a/b.csv", "is a zip archive; unpack it"),
        (_OFFICE, "is an Excel or other Office document; save its table as CSV"),
        (b"\xd0\xcf\x11\xe0" + bytes(99), "is an old Office document; save its table as CSV"),
        (b"%PDF-1.4 and so on", "is a PDF document"),
        (b"\x1f\x8bx", "is a gzip file that ends too early or is damaged"),
        (b"version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS; fetch"),
        (b'{"a": 1}', "is JSON; name the recording"),
        (b"t_end_lsl,t_end_utc,window_s\n1,2,3\n", "is a log of predictions, not a recording"),
        (b"file;start;stop;subject;trial;kind;valence;arousal\n", "is a table of labels"),
        (b"time,a,b,c\n1,2,3,4\n", "is a table whose first row is time, a, b, c"),
        (b"1,5,2,25,3,05\n4,5,6,75,7,00\n", "is a table of numbers; its numbers have a decimal"),
        (b"Obj\x01\x04avro.schema" + bytes(99), "is an Avro file, as of Empatica's EmbracePlus"),
        (b"title:x, sampling:128\nTimestamp,EEG.Counter,EEG.AF3\n", "is a CSV of EmotivPRO, for"),
        (b"LocalTimestamp,EmotiBitTimestamp,EA\n1,2,3\n", "is a table of EmotiBit's DataParser"),
        (b"hello", "is text that begins with 'hello'"),
        (bytes(range(256)) * 9, "is not text"),
    ],
)
def test_a_file_that_no_reader_knows_is_described(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as told:
        registry.read(path)
    assert str(told.value).startswith(name)
    assert "damaged" not in str(told.value) or content[:2] == b"\x1f\x8b"


def test_a_long_cell_is_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "session.csv"
    path.write_bytes(b"a" * 5000 + b",b\n")
    with pytest.raises(UserError) as told:
        registry.read(path)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (struct.error("unpack requires 4 bytes"), "ends too early for XDF, or is damaged"),
        (EOFError(), r"ends too early for XDF, or is damaged \(EOFError\)"),
        (KeyError("label"), r"its reader stopped at something it does not know \('label'\)"),
        (ValueError("epochs"), r"something it does not know \(epochs\); if other programs open"),
    ],
)
def test_damage_is_said_of_what_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(path: Path) -> Recording:
        raise error

    broken = replace(registry.FORMATS[0], read=fail)
    monkeypatch.setattr(registry, "FORMATS", (broken,))
    path = tmp_path / "session.xdf"
    path.write_bytes(b"XDF:")
    with pytest.raises(UserError, match=said) as told:
        registry.read(path)
    assert ("damaged" in str(told.value)) == isinstance(error, struct.error | EOFError)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "EDA.csv")
    with pytest.raises(UserError, match="is a pipe, not a file"):
        registry.read(tmp_path / "EDA.csv")


def test_every_format_is_listed_for_help() -> None:
    listed = registry.known_formats()
    assert len(listed) == len(registry.FORMATS)
    assert all(f.name in text for f, text in zip(registry.FORMATS, listed, strict=True))
