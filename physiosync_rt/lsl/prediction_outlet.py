"""Publish predictions as an LSL stream for other programs."""

from __future__ import annotations

import socket

import numpy as np
import pylsl

from physiosync_rt.datatypes import Prediction

CHANNELS = ("valence", "arousal", "confidence", "quality")


class LslOutlet:
    """LSL outlet of type ``Emotion`` at irregular rate; withheld rows contain NaN and the quality.

    Parameters
    ----------
    name : str
    identity : str
        Stable part of the source_id (bundle hash), so that receivers can reconnect.
    """

    def __init__(self, name: str, identity: str) -> None:
        source_id = f"physiosync-{socket.gethostname()}-{identity}"
        info = pylsl.StreamInfo(
            name, "Emotion", len(CHANNELS), pylsl.IRREGULAR_RATE, pylsl.cf_float32, source_id
        )
        channels = info.desc().append_child("channels")
        for label in CHANNELS:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", "probability")
            channel.append_child_value("type", "Emotion")
        self._outlet: pylsl.StreamOutlet | None = pylsl.StreamOutlet(info)

    def write(self, row: Prediction) -> None:
        """Publish one row, stamped with the end of its window."""
        if self._outlet is None:
            return
        values = (row.valence, row.arousal, row.confidence, row.quality_eeg)
        sample = np.array([np.nan if v is None else v for v in values], dtype=np.float32)
        self._outlet.push_sample(sample, row.t_end_lsl)

    def close(self) -> None:
        """Close the outlet."""
        self._outlet = None
