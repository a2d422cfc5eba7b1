"""Read files of ``torch.save`` that may come from anywhere: plain tensors, nothing run.

Torch's own reader runs no code with ``weights_only``, but still makes tensors that have no
values (device ``meta``), that are sparse or quantized, or that state more values than the file
has (an expanded tensor of stride 0).
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any, cast

import torch
from torch import Tensor, nn

from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import BoundedReader, require_plain

_MOST_DEPTH = 20
_MOST_VALUES = 100_000


_TYPES = frozenset(
    {
        *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
    }
)


class TensorFileError(UserError):
    """The file is damaged or not a checkpoint, or a tensor of it cannot be used."""


def load_tensors(path: Path, *, shared: bool = False) -> Any:
    """Load plain tensors in plain containers onto the CPU.

    Parameters
    ----------
    path : Path
    shared : bool
        Map the file into memory in place of reading it, where its kind allows that.

    Raises
    ------
    TensorFileError
        Anything else is in it (which is not run), it is damaged, or a tensor is not plain or
        states more values than the file holds; file and tensor are named.
    """
    require_plain(path)
    try:
        packed = zipfile.is_zipfile(path)
        if packed:
            _check_not_compressed(path)
        else:
            _check_stated_sizes(path)
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=packed and shared)
    except UserError:
        raise
    except UnpicklingError as error:
        asks = re.search(r"GLOBAL ([\w.]+)", str(error))
        what = f"asks for {asks[1]}" if asks else "cannot be read as one"
        raise TensorFileError(
            f"{path.name} is not a plain checkpoint: it {what}, where weights are expected; "
            "nothing was run; save the state_dict alone"
        ) from error
    except OSError as error:
        raise TensorFileError(f"{path} cannot be opened: {error.strerror}") from error
    except Exception as error:
        # What torch raises on a damaged file stands in no documentation.
        raise TensorFileError(
            f"{path.name} cannot be read: it is cut off, damaged or not a checkpoint; "
            "take another copy"
        ) from error
    for name, tensor in _named(path, content):
        if reason := _unusable(tensor):
            raise TensorFileError(
                f"{path.name}: tensor {name!r} {reason}; save a state_dict of plain tensors"
            )
    return content


def _check_not_compressed(path: Path) -> None:
    """Refuse an archive that unpacks to more than it is; torch stores its parts as they are."""
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > path.stat().st_size:
        raise TensorFileError(
            f"{path.name} states {unpacked:,} bytes of content, more than it has; torch.save does "
            "not compress, save the checkpoint again"
        )


def _check_stated_sizes(path: Path) -> None:
    """Refuse a file of the older kind in which a storage states more than the file has.

    Torch takes memory for what is stated. The storages are named in the fourth of the file's
    pickles, each with its number of values last.
    """
    n_bytes = path.stat().st_size
    with BoundedReader(path) as file:
        for n in range(4):
            stated = 0
            for opcode, argument, _ in pickletools.genops(cast("IO[bytes]", file)):
                if isinstance(argument, int) and "INT" in opcode.name:
                    stated = argument
                if n == 3 and opcode.name == "BINPERSID" and stated > n_bytes:
                    raise TensorFileError(
                        f"{path.name} states {stated:,} values and has {n_bytes:,} bytes; it is "
                        "damaged or not a checkpoint, take another copy"
                    )


def _named(path: Path, content: object) -> Iterator[tuple[str, Tensor]]:
    """Walk through containers; names are joined by dots."""
    waiting: list[tuple[str, object, int]] = [("", content, 0)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        name, value, depth = waiting.pop()
        if isinstance(value, Tensor):
            yield name, value
        if depth > _MOST_DEPTH:
            break
        inner: Mapping[Any, object] = {}
        if isinstance(value, Mapping):
            inner = value
        elif isinstance(value, list | tuple):
            inner = dict(enumerate(value))
        before = f"{name}." if name else ""
        waiting += [(f"{before}{key}", each, depth + 1) for key, each in inner.items()]
    raise TensorFileError(
        f"{path.name} holds more, or more deeply nested, values than a checkpoint has; "
        "take another copy"
    )


def _unusable(tensor: Tensor) -> str:
    """Say why a tensor is not plain; empty where it is."""
    if tensor.is_nested or tensor.layout is not torch.strided:
        return "is sparse or nested"
    if tensor.is_quantized:
        return "is quantized"
    if tensor.device.type != "cpu":
        return f"has no values (device {tensor.device.type})"
    if type(tensor) not in (Tensor, nn.Parameter):
        return f"is a {type(tensor).__name__}"
    if tensor.dtype not in _TYPES:
        return f"has values of type {str(tensor.dtype).removeprefix('torch.')}"
    held = tensor.untyped_storage().nbytes() // tensor.element_size()
    if tensor.numel() > held:
        return f"states {tensor.numel():,} values, of which the file has {held:,}"
    return ""
