"""Graphs of networks that were traced before: tracing takes seconds, and depends on no weight."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import platformdirs
import torch

import physiosync_models
from physiosync_models.config import ModelConfig
from physiosync_rt.utils.atomic import WRITE_ERRORS, atomic_file

FOLDER = "PHYSIOSYNC_CACHE_DIR"
"""Environment variable that names another folder for what is kept from run to run."""

_KEPT: dict[str, bytes] = {}


def cache_dir() -> Path:
    """Return the folder of what is kept from run to run; nothing is lost where it is removed."""
    chosen = os.environ.get(FOLDER)
    return Path(chosen) if chosen else platformdirs.user_cache_path("physiosync-rt", False)


def traced(config: ModelConfig, part: str, trace: Callable[[], bytes]) -> bytes:
    """Return the graph of a part of a network, traced where that was not done before.

    Parameters
    ----------
    config : ModelConfig
        Of the network, which decides its graph but for the weights.
    part : str
        Which part of it.
    trace : callable
        Trace it, without weights.
    """
    about = [config.to_dict(), part, torch.__version__, _code()]
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    if key not in _KEPT:
        path = cache_dir() / "graphs" / f"{key}.onnx"
        _KEPT[key] = _read(path) or _write(path, trace())
    return _KEPT[key]


@cache
def _code() -> str:
    """Return a digest of the code that is traced."""
    files = [*Path(physiosync_models.__file__).parent.glob("*.py")]
    files.append(Path(__file__).with_name("onnx_graph.py"))
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(path.read_bytes())
    return found.hexdigest()


def _read(path: Path) -> bytes | None:
    """Return a graph that was kept whole: its digest follows it."""
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    graph, digest = stored[:-32], stored[-32:]
    return graph if hashlib.sha256(graph).digest() == digest else None


def _write(path: Path, graph: bytes) -> bytes:
    """Keep a graph for the next start where that is possible, and return it."""
    try:
        with atomic_file(path, private=True) as fresh:
            fresh.write_bytes(graph + hashlib.sha256(graph).digest())
    except WRITE_ERRORS:
        pass
    return graph
