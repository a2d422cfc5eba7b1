"""What a file merely states takes no memory, and only plain files are opened."""

from __future__ import annotations

import gzip
import os
import re
import resource
import shutil
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.limits import MOST_SFREQ
from physiosync_rt.formats.registry import read_all
from physiosync_rt.formats.xdf_writer import XdfWriter

_MOST_MIB = 200


@pytest.fixture
def refusal() -> Callable[..., str]:
    """Read a recording that is refused in one sentence, without taking memory for it."""

    def read(path: Path) -> str:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(UserError) as error:
            list(read_all(path))
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < _MOST_MIB
        said = str(error.value)
        assert path.name in said
        assert "\n" not in said
        assert len(said) < 600
        return said

    return read


def _xdf(path: Path, sfreq: float = 128.0) -> Path:
    spec = StreamSpec("Cap", Modality.EEG, ("F3", "F4"), sfreq, "uV", stype="EEG")
    noise = np.random.default_rng(0).normal(0, 20, (256, 2)).astype(np.float32)
    with XdfWriter(path) as writer:
        stream = writer.add_stream(spec)
        writer.write_samples(stream, noise, np.arange(len(noise)) / 128.0)
    return path


def _e4(folder: Path) -> Path:
    folder.mkdir()
    for name in ("EDA.csv", "TEMP.csv"):
        (folder / name).write_text("1600000000\n4\n" + "1.5\n" * 100)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["a.xdf", "a.edf", "a.csv", "a"])
def test_a_pipe_or_a_device_is_not_a_recording(
    tmp_path: Path, refusal: Callable[..., str], name: str
) -> None:
    os.mkfifo(tmp_path / name)
    assert "is a pipe, not a file" in refusal(tmp_path / name)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert "is a device, not a file" in refusal(tmp_path / name)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("name", ["EDA.csv", "IBI.csv", "tags_S1.csv", "HR.csv"])
def test_a_pipe_in_a_folder_is_refused(
    tmp_path: Path, refusal: Callable[..., str], name: str
) -> None:
    folder = _e4(tmp_path / "S1")
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    assert f"{name} is a pipe, not a file; take it away" in refusal(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("part", ["DataFile", "MarkerFile"])
def test_a_device_that_a_header_names_is_refused(
    tmp_path: Path, data_dir: Path, refusal: Callable[..., str], part: str
) -> None:
    for file in (data_dir / "mne-io-testfiles").glob("test.*"):
        shutil.copy(file, tmp_path)
    header = tmp_path / "test.vhdr"
    text = header.read_bytes()
    header.write_bytes(re.sub(part.encode() + rb"=\S+", part.encode() + b"=/dev/zero", text))
    assert "zero is a device, not a file" in refusal(header)


@pytest.mark.parametrize("name", ["a.xdf.gz", "a.xdfz", "a_raw.fif.gz"])
def test_a_gzip_bomb_is_refused(tmp_path: Path, refusal: Callable[..., str], name: str) -> None:
    begins = b"\x00\x00\x00\x64\x00\x00\x00\x1f" if "fif" in name else b"XDF:"
    with gzip.open(tmp_path / name, "wb", compresslevel=1) as packed:
        packed.write(begins)
        for _ in range(150):
            packed.write(bytes(1 << 20))
    assert "unpacks to more than 100,000,000" in refusal(tmp_path / name)


def test_a_matlab_bomb_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    packed = zlib.compress(bytes(150 << 20), 1)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    tag = (15).to_bytes(4, "little") + len(packed).to_bytes(4, "little")
    (tmp_path / "DREAMER.mat").write_bytes(header + tag + packed)
    assert "unpacks to more than" in refusal(tmp_path / "DREAMER.mat")


@pytest.mark.parametrize("sfreq", [1e9, MOST_SFREQ * 1.01])
def test_a_rate_that_no_device_has_is_refused(
    tmp_path: Path, refusal: Callable[..., str], sfreq: float
) -> None:
    assert "its header is damaged" in refusal(_xdf(tmp_path / "a.xdf", sfreq))


@pytest.mark.parametrize("interval", ["0.001", "0.0000001", "1e15"])
def test_a_rate_of_brainvision_is_bounded(
    tmp_path: Path, data_dir: Path, refusal: Callable[..., str], interval: str
) -> None:
    for file in (data_dir / "mne-io-testfiles").glob("test.*"):
        shutil.copy(file, tmp_path)
    header = tmp_path / "test.vhdr"
    text = header.read_bytes()
    changed = re.sub(rb"SamplingInterval=\S+", b"SamplingInterval=" + interval.encode(), text)
    assert changed != text
    header.write_bytes(changed)
    refusal(header)


@pytest.mark.parametrize("duration", [b"1e9     ", b"99999999", b"1e300   ", b"1e-9    "])
def test_a_duration_of_an_edf_record_is_bounded(
    tmp_path: Path, data_dir: Path, refusal: Callable[..., str], duration: bytes
) -> None:
    content = bytearray((data_dir / "mne-io-testfiles" / "test.edf").read_bytes())
    content[244:252] = duration
    (tmp_path / "a.edf").write_bytes(content)
    refusal(tmp_path / "a.edf")


@pytest.mark.parametrize("count", [b"1000000000", b"100000", b"999999999999999999"])
def test_channels_that_an_xdf_header_states_are_bounded(
    tmp_path: Path, refusal: Callable[..., str], count: bytes
) -> None:
    path = _xdf(tmp_path / "a.xdf")
    content = path.read_bytes()
    old = b"<channel_count>2</channel_count>"
    at = content.index(old)
    # The chunk keeps its length: blanks of XML make room.
    new = b"<channel_count>" + count + b"</channel_count>"
    end = content.index(b"</info>", at)
    rest = content[at + len(old) : end]
    spare = len(new) - len(old)
    path.write_bytes(content[:at] + new + rest[: len(rest) - spare] + content[end:])
    assert "channels, and no device has" in refusal(path)


def test_a_chunk_with_fewer_bytes_than_channels_is_refused(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    path = _xdf(tmp_path / "a.xdf")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"<channel_count>2<", b"<channel_count>9<"))
    assert "samples; use another copy" in refusal(path)


def test_a_text_file_that_ends_within_a_line_says_so(tmp_path: Path) -> None:
    folder = _e4(tmp_path / "S1")
    (folder / "EDA.csv").write_text("1600000000\n4\n" + "1.5\n" * 100 + "1.")
    (recording,) = read_all(folder)
    assert (
        "EDA.csv: the file ends within a line: if it was cut off there, its last value is cut too"
    ) in recording.notes
    (folder / "EDA.csv").write_bytes(b"1600000000\r\n4\r\n" + b"1.5\r\n" * 100)
    (recording,) = read_all(folder)
    assert not any("within a line" in note for note in recording.notes)


@pytest.mark.parametrize("name", ["openbci", "muse"])
def test_a_cut_last_value_says_so_in_other_text_formats(
    tmp_path: Path, data_dir: Path, name: str
) -> None:
    source = {
        "openbci": data_dir / "openbci-gui-txt" / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt",
        "muse": data_dir / "devicely-wearables" / "muse.csv",
    }[name]
    lines = source.read_bytes().splitlines(keepends=True)[:400]
    path = tmp_path / source.name
    path.write_bytes(b"".join(lines)[:-3])
    (recording,) = read_all(path)
    said = ("ends within a line", "1 lines of wrong length were dropped")
    assert any(words in note for note in recording.notes for words in said)


def _fif(path: Path) -> Path:
    import mne

    info = mne.create_info(["F3", "F4"], 128.0, "eeg", verbose="ERROR")
    noise = np.random.default_rng(0).normal(0, 2e-5, (2, 1280))
    mne.io.RawArray(noise, info, verbose="ERROR").save(path, buffer_size_sec=1, verbose="ERROR")
    return path


@pytest.mark.parametrize("share", [0.5, 0.8, 0.999])
def test_a_fif_file_that_was_cut_off_says_so(
    tmp_path: Path, refusal: Callable[..., str], share: float
) -> None:
    path = _fif(tmp_path / "a_raw.fif")
    (whole,) = read_all(path)
    assert not any("cut off" in note for note in whole.notes)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    if share < 0.99:
        # MNE reads no buffer of samples in part.
        assert "cut off" in refusal(path)
        return
    (recording,) = read_all(path)
    assert any("cut off or is damaged, what is there was read" in n for n in recording.notes)
    assert len(recording.streams[0].timestamps) == 1280


def test_the_known_cut_file_says_so(hostile_dir: Path) -> None:
    (recording,) = read_all(hostile_dir / "silent" / "f01525_small_raw.fif")
    assert any("cut off or is damaged" in note for note in recording.notes)


@pytest.mark.parametrize("following", [5, 0x7FFFFFFF, 36])
def test_a_fif_tag_that_points_nowhere_is_refused(
    tmp_path: Path, refusal: Callable[..., str], following: int
) -> None:
    path = _fif(tmp_path / "a_raw.fif")
    content = bytearray(path.read_bytes())
    second = 16 + 20
    content[second + 12 : second + 16] = following.to_bytes(4, "big")
    path.write_bytes(content)
    assert "is damaged" in refusal(path)


def test_a_fif_tag_of_gigabytes_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    path = _fif(tmp_path / "a_raw.fif")
    content = bytearray(path.read_bytes())
    content[36 + 8 : 36 + 12] = (2**31 - 1).to_bytes(4, "big")
    path.write_bytes(content)
    assert "states 2,147,483,647 bytes" in refusal(path)


def test_an_xdf_chunk_of_gigabytes_is_refused(tmp_path: Path, refusal: Callable[..., str]) -> None:
    path = _xdf(tmp_path / "a.xdf")
    content = path.read_bytes()
    path.write_bytes(content[:4] + b"\x08" + (2**33).to_bytes(8, "little") + content[6:])
    assert "a chunk declares 8,589,934,592 bytes" in refusal(path)


def test_ordinary_recordings_pass(tmp_path: Path) -> None:
    path = _xdf(tmp_path / "a.xdf")
    packed = tmp_path / "b.xdf.gz"
    with gzip.open(packed, "wb") as file:
        file.write(path.read_bytes())
    for each in (path, packed, _e4(tmp_path / "S1")):
        assert len(list(read_all(each))) == 1


@pytest.mark.parametrize("size", [1, 16, 64])
def test_an_xdf_file_that_breaks_off_in_its_middle_says_so(tmp_path: Path, size: int) -> None:
    path = _xdf(tmp_path / "a.xdf")
    content = path.read_bytes()
    path.write_bytes(content[:-size] + bytes(size))
    (recording,) = read_all(path)
    assert any("the file is damaged" in note for note in recording.notes)
