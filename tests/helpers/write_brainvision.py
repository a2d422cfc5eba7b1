"""Write small BrainVision recordings, also odd ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def write_brainvision(
    path: Path,
    samples: np.ndarray,
    names: Sequence[str],
    *,
    sfreq: float = 128.0,
    units: Sequence[str | bytes] = (),
    markers: Sequence[str] = ("New Segment,,1,1,0,20240310140506000000",),
    common: str = "",
    spare: bytes = b"",
) -> Path:
    """Write header, int16 samples (n_times, n_channels) of 0.1 of the unit, and markers."""
    units = units or ["uV"] * len(names)
    lines = [
        "Brain Vision Data Exchange Header File Version 1.0",
        "[Common Infos]",
        f"DataFile={path.stem}.eeg",
        f"MarkerFile={path.stem}.vmrk",
        "DataFormat=BINARY",
        "DataOrientation=MULTIPLEXED",
        f"NumberOfChannels={len(names)}",
        f"SamplingInterval={1e6 / sfreq:g}",
        *([common] if common else []),
        "[Binary Infos]",
        "BinaryFormat=INT_16",
        "[Channel Infos]",
    ]
    head = "\r\n".join(lines).encode() + b"\r\n"
    for i, (name, unit) in enumerate(zip(names, units, strict=True)):
        word = unit if isinstance(unit, bytes) else unit.encode()
        head += f"Ch{i + 1}={name},,0.1,".encode() + word + b"\r\n"
    path.write_bytes(head)
    path.with_suffix(".eeg").write_bytes(samples.astype("<i2").tobytes() + spare)
    text = ["Brain Vision Data Exchange Marker File, Version 1.0", "[Marker Infos]"]
    text += [f"Mk{i + 1}={marker}" for i, marker in enumerate(markers)]
    path.with_suffix(".vmrk").write_text("\r\n".join(text) + "\r\n")
    return path
