from __future__ import annotations

from pathlib import Path

import pytest

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


def test_every_format_is_listed_for_help() -> None:
    listed = registry.known_formats()
    assert len(listed) == len(registry.FORMATS)
    assert all(f.name in text for f, text in zip(registry.FORMATS, listed, strict=True))
