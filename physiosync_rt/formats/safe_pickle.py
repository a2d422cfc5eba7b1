"""Unpickle plain numeric arrays and containers without executing other code.

Two walls: the opcodes are looked at before anything is done (their number and the places of the
memo are bounded, because the unpickler takes memory for whatever place a file states), and what
a pickle can call rebuilds an array of numbers from as many bytes as it needs, or fails. Nothing
that a file can name is a class, has attributes that can be set, or reaches memory through bytes
of the file.
"""

from __future__ import annotations

import pickle
import pickletools
import re
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import BoundedReader, require_plain

_MOST_OPCODES = 10_000
"""A subject of DEAP has fewer than 100."""

_MOST_BYTES = 1 << 30
"""Ten times a subject of DEAP."""

_MOST_DIMENSIONS = 8
_NUMBERS = re.compile(r"[<>=|]?[biuf][1248]")
_TEXT = re.compile(r"[<>=|]?[SU]\d+")
_REBUILD = frozenset({"numpy.core.multiarray", "numpy._core.multiarray"})


class _ForbiddenError(pickle.UnpicklingError):
    """A pickle asks for more than arrays of numbers and plain containers."""


class _Array(np.ndarray[Any, np.dtype[Any]]):
    """An array that is filled with numbers alone; one of text stays empty."""

    holds_text = False

    def __setstate__(self, state: object) -> None:
        match state:
            case (1, tuple(), _TextType(), bool(), _):
                self.holds_text = True
                return
            case (1, tuple(shape), _PlainType(dtype=dtype), bool(fortran), str() | bytes() as raw):
                pass
            case _:
                raise _ForbiddenError("an array that is not of numbers")
        if len(shape) > _MOST_DIMENSIONS or not all(type(n) is int and n >= 0 for n in shape):
            raise _ForbiddenError(f"an array of shape {shape}")
        content = raw.encode("latin1") if isinstance(raw, str) else raw
        # Numpy compares the number of bytes with shape and type.
        super().__setstate__((1, shape, dtype, fortran, content))  # type: ignore[arg-type]


class _PlainType:
    """The type of numbers; of its state only the byte order is taken."""

    __slots__ = ("dtype",)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype

    def __setstate__(self, state: object) -> None:
        match state:
            case (3, ("<" | ">" | "|") as order, None, None, None, -1, -1, 0):
                self.dtype = self.dtype.newbyteorder(order)
            case _:
                raise _ForbiddenError("a type of values with more than a byte order")


class _TextType:
    """The type of text, of which nothing is taken."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


class _ArrayClass:
    """Stands for the class ``ndarray``, which is only ever an argument."""

    __slots__ = ()


class _MakeArray:
    """Stands for ``_reconstruct``, which makes an empty array."""

    __slots__ = ()

    def __call__(self, kind: object, shape: object, code: object) -> _Array:
        if not isinstance(kind, _ArrayClass) or shape != (0,) or code not in ("b", b"b"):
            raise _ForbiddenError("an array that is not of numbers")
        return np.empty((0,), np.int8).view(_Array)


class _MakeType:
    """Stands for ``dtype``: one kind of number of up to eight bytes, or text."""

    __slots__ = ()

    def __call__(self, text: object, *_align_and_copy: object) -> _PlainType | _TextType:
        if isinstance(text, str) and _NUMBERS.fullmatch(text):
            return _PlainType(np.dtype(text))
        if isinstance(text, str) and _TEXT.fullmatch(text):
            return _TextType()
        raise _ForbiddenError(f"values of type {text!r}")


class _MakeBytes:
    """Stands for ``_codecs.encode``, which Python 3 uses to write bytes into old pickles."""

    __slots__ = ()

    def __call__(self, text: object, encoding: object = "latin1") -> bytes:
        if not isinstance(text, str) or encoding != "latin1":
            raise _ForbiddenError(f"text in {encoding!r}")
        return text.encode("latin1")


_ALLOWED: Final[dict[tuple[str, str], object]] = {
    **{(module, "_reconstruct"): _MakeArray() for module in _REBUILD},
    ("numpy", "ndarray"): _ArrayClass(),
    ("numpy", "dtype"): _MakeType(),
    ("_codecs", "encode"): _MakeBytes(),
}


class _ArraysOnly(pickle.Unpickler):
    """Unpickler with an allow-list; any other name raises an error."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise _ForbiddenError(f"{module}.{name}") from None

    def persistent_load(self, pid: object) -> NoReturn:
        raise _ForbiddenError(f"the object {pid!r} of another program")


def load_arrays(path: Path) -> object:
    """Load a pickle of arrays and plain containers, written by Python 2 or 3.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object
        Dicts, lists, tuples, numbers, strings and arrays of numbers; of an array of text an empty
        tuple.

    Raises
    ------
    UserError
        The file asks for anything else (which is not run), is truncated, is not a pickle or not
        a plain file.
    """
    require_plain(path, _MOST_BYTES)
    try:
        with BoundedReader(path) as looked_at:
            _look_through(looked_at)
        with path.open("rb") as file:
            content = _ArraysOnly(file, encoding="latin1").load()
    except _ForbiddenError as error:
        raise UserError(
            f"{path.name}: the pickle asks for {error}, but a recording contains only arrays of "
            "numbers; nothing was run, do not trust this file and download it from its source again"
        ) from error
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error
    except Exception as error:
        # A damaged pickle can raise nearly any exception from any opcode.
        raise UserError(
            f"{path.name} cannot be read: it is cut off, damaged or not a pickle; download it again"
        ) from error
    if isinstance(content, dict):
        return {key: _as_numpy(value) for key, value in content.items()}
    return _as_numpy(content)


def _look_through(file: Any) -> None:
    """Refuse a pickle of more steps, or more distant places of its memo, than arrays need."""
    for n, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        places = opcode.name in ("PUT", "BINPUT", "LONG_BINPUT")
        if n >= _MOST_OPCODES or (places and not 0 <= int(argument or 0) <= _MOST_OPCODES):
            raise _ForbiddenError("more objects than a recording has")


def _as_numpy(value: object) -> object:
    if isinstance(value, _Array):
        return () if value.holds_text else value.view(np.ndarray)
    return value
