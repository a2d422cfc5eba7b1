"""Pickles rebuild arrays of numbers and nothing that reaches memory."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read_all
from physiosync_rt.formats.safe_pickle import load_arrays

_NUMPY = "numpy._core.multiarray"


def _text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def _named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _dict(value: bytes) -> bytes:
    """A pickle of ``{"labels": 1, "data": value}``."""
    return b"\x80\x05}" + _text("labels") + b"K\x01s" + _text("data") + value + b"s."


_RECONSTRUCT = _named(_NUMPY, "_reconstruct")
_NDARRAY = _named("numpy", "ndarray")
_DTYPE = _named("numpy", "dtype")
_EMPTY = _RECONSTRUCT + _NDARRAY + b"K\x00\x85C\x01b\x87R"
_F8 = _DTYPE + _text("f8") + b"\x85R"
_NO_FIELDS = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"


def _filled(dtype: bytes, shape: bytes = b"K\x01\x85", raw: bytes = b"C\x08AAAAAAAA") -> bytes:
    return _EMPTY + b"(K\x01" + shape + dtype + b"\x89" + raw + b"tb"


def _refusal(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "s01.dat"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        list(read_all(path))
    said = str(error.value)
    assert said.startswith("s01.dat")
    assert len(said) < 400
    return said


@pytest.mark.parametrize("name", ["pickle_objbuf", "pickle_dtypestate"])
def test_the_known_attacks_are_refused(hostile_dir: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"asks for .*nothing was run"):
        list(read_all(hostile_dir / name / "s01.dat"))


@pytest.mark.parametrize(
    "value",
    [
        # A bare ndarray over bytes of the file, called, made new and made by INST.
        _NDARRAY + b"K\x01\x85" + _F8 + b"C\x08AAAAAAAA\x87R",
        _NDARRAY + b"K\x01\x85\x81",
        b"(K\x01\x85inumpy\nndarray\n",
        # Types that hold pointers or parts, by name and by state.
        _filled(_DTYPE + _text("O") + b"\x85R"),
        _filled(_DTYPE + _text("f8,O") + b"\x85R"),
        _filled(_DTYPE + _text("V8") + b"\x85R"),
        _filled(_DTYPE + _text("M8[s]") + b"\x85R"),
        _filled(_DTYPE + b"]" + _text("a") + _text("O") + b"\x86a\x85R"),
        _filled(_F8 + b"(K\x03" + _text("|") + b"N" + _text("a") + b"\x85}" + _text("a")
                + _DTYPE + _text("O") + b"\x85RK\x00\x86sK\x08K\x01K\x3ftb"),
        _filled(_F8 + b"(K\x03" + _text("<") + b"NNNK\x10K\x01K\x3ftb"),
        # Another class, another shape or another code to begin with.
        _RECONSTRUCT + _DTYPE + b"K\x00\x85C\x01b\x87R",
        _RECONSTRUCT + _NDARRAY + b"K\x08\x85C\x01b\x87R",
        _RECONSTRUCT + _NDARRAY + b"K\x00\x85C\x01O\x87R",
        # More, or fewer, numbers than there are bytes.
        _filled(_F8, shape=b"K\x09\x85"),
        _filled(_F8, shape=b"J\xff\xff\xff\x7f\x85"),
        _filled(_F8, shape=b"J\xff\xff\xff\xff\x85"),
        # State set on what can be called, and a place of the memo that takes 16 GB.
        _DTYPE + b"}" + _text("a") + b"K\x01sb",
        _DTYPE + b"N}" + _text("__class__") + _NDARRAY + b"s\x86b",
        b"K\x01r\xff\xff\xff\x3f",
        b"K\x01p1000000000\n",
    ],
)  # fmt: skip
def test_nothing_but_numbers_is_rebuilt(tmp_path: Path, value: bytes) -> None:
    _refusal(tmp_path, _dict(value))


def test_a_pickle_of_endless_steps_is_refused(tmp_path: Path) -> None:
    assert "more objects" in _refusal(tmp_path, _dict(b"N0" * 100_000 + b"K\x01"))
    assert "more objects" in _refusal(tmp_path, _dict(b"]" * 100_000))


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i2", "u1", "?", "<f2"])
def test_arrays_of_numbers_are_as_written(tmp_path: Path, protocol: int, dtype: str) -> None:
    values = np.asfortranarray(np.arange(12).reshape(3, 4) % 2).astype(dtype)
    path = tmp_path / "x.dat"
    path.write_bytes(pickle.dumps({"a": values, "b": [1, "x", None]}, protocol=protocol))
    content: Any = load_arrays(path)
    assert type(content["a"]) is np.ndarray
    assert content["a"].dtype == pickle.loads(path.read_bytes())["a"].dtype
    np.testing.assert_array_equal(content["a"], values)
    content["a"][0] = 1
    assert content["b"] == [1, "x", None]
