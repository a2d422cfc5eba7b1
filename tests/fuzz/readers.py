"""Read an input of any kind with the public readers, and say in what it differs from another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from physiosync_rt.bundle.bundle import Bundle, load_bundle
from physiosync_rt.bundle.tensor_file import load_tensors
from physiosync_rt.datatypes import Recording
from physiosync_rt.devices.description import Device
from physiosync_rt.formats.registry import parts, read_all
from physiosync_rt.pipeline.inspect import recording_facts
from physiosync_rt.setup.settings import LiveSettings
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_rt.views.inspection import bundle_tables, recording_text
from physiosync_training.datasets.recordings_table import read_table
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.checkpoint import load_state

_MODELS = {"yaml-devices": Device, "yaml-live": LiveSettings, "yaml-train": RunConfig}


def read(kind: str, path: Path, *, inspect: bool = False) -> Any:
    """Read an input.

    Parameters
    ----------
    kind : str
        As `fuzz.seeds.Seed.kind`.
    path : Path
    inspect : bool
        Also do with a recording what ``physiosync inspect`` does, alignment included.
    """
    if kind == "recording":
        recordings = list(read_all(path))
        if inspect:
            parts(path)
            for recording in recordings:
                recording_text(recording_facts(recording))
        return recordings
    if kind == "labels":
        return read_table(path, path.parent, (1.0, 9.0))
    if kind == "bundle":
        bundle = load_bundle(str(path))
        bundle_tables(bundle.card, bundle.digest)
        return bundle
    if kind == "tensors":
        return load_tensors(path, shared=True)
    if kind == "state":
        return load_state(path, "fuzz")
    return read_yaml(path, _MODELS[kind])


def notes_of(found: Any) -> set[str]:
    """Notes of recordings; of anything else there are none."""
    if not isinstance(found, list) or not all(isinstance(each, Recording) for each in found):
        return set()
    return {note for recording in found for note in recording.notes}


def differences(before: Any, after: Any) -> set[str]:
    """In what two inputs differ; anything but recordings differs as a whole."""
    if isinstance(before, list) and before and isinstance(before[0], Recording):
        if len(before) != len(after):
            return {"recordings"}
        found: set[str] = set()
        for one, other in zip(before, after, strict=True):
            found |= _of_recordings(one, other)
        return found
    if isinstance(before, Bundle):
        same = (before.card, before.digest) == (after.card, after.digest)
    elif isinstance(before, dict):
        same = _same_tensors(before, after)
    else:
        same = bool(before == after)
    return set() if same else {"content"}


def _same_tensors(before: Any, after: Any) -> bool:
    if isinstance(before, torch.Tensor):
        return isinstance(after, torch.Tensor) and torch.equal(before, after)
    if isinstance(before, dict):
        return (
            isinstance(after, dict)
            and list(before) == list(after)
            and all(_same_tensors(before[key], after[key]) for key in before)
        )
    return bool(before == after)


def _of_recordings(before: Recording, after: Recording) -> set[str]:
    found = {
        name
        for name in ("segments", "subject", "start_utc", "history")
        if getattr(before, name) != getattr(after, name)
    }
    if [_markers(m) for m in before.markers] != [_markers(m) for m in after.markers]:
        found.add("markers")
    if len(before.streams) != len(after.streams):
        return found | {"streams"}
    for one, other in zip(before.streams, after.streams, strict=True):
        for name in ("name", "modality", "ch_names", "sfreq", "unit"):
            if getattr(one.spec, name) != getattr(other.spec, name):
                found.add({"sfreq": "rate", "name": "labels", "ch_names": "labels"}.get(name, name))
        if len(one.timestamps) != len(other.timestamps):
            found.add("length")
        elif not np.allclose(one.timestamps, other.timestamps, rtol=0, atol=1e-6, equal_nan=True):
            found.add("times")
        if not _same_values(one.samples, other.samples):
            found.add("values")
        if not _same_values(one.clock_offsets, other.clock_offsets):
            found.add("clock offsets")
    return found


def _same_values(one: Any, other: Any) -> bool:
    """Compare what both have; that one is longer is another difference."""
    if one.shape[1:] != other.shape[1:]:
        return False
    shared = min(len(one), len(other))
    return bool(np.array_equal(one[:shared], other[:shared], equal_nan=True))


def _markers(markers: Any) -> tuple[Any, ...]:
    return (markers.name, markers.labels, tuple(np.round(markers.timestamps, 6).tolist()))
