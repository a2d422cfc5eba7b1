"""Publish predictions as an LSL stream for other programs."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import numpy as np
import pylsl

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction

CHANNELS = ("valence", "arousal", "confidence", "quality")


class LslOutlet:
    """LSL outlet at irregular rate; withheld rows contain NaN and the quality.

    Its type is ``Emotion``; that of a bundle whose targets stand for something else is
    ``Prediction``, and its channels say what they stand for.

    Parameters
    ----------
    name : str
    identity : str
        Stable part of the source_id (bundle hash), so that receivers can reconnect.
    meaning : mapping of str to Meaning, optional
        What a channel stands for, where it is not an emotion.
    """

    def __init__(
        self, name: str, identity: str, meaning: Mapping[str, Meaning] | None = None
    ) -> None:
        source_id = f"physiosync-{socket.gethostname()}-{identity}"
        stype = "Prediction" if meaning else "Emotion"
        info = pylsl.StreamInfo(
            name, stype, len(CHANNELS), pylsl.IRREGULAR_RATE, pylsl.cf_float32, source_id
        )
        channels = info.desc().append_child("channels")
        for label in CHANNELS:
            channel = channels.append_child("channel")
            channel.append_child_value("label", label)
            channel.append_child_value("unit", "probability")
            channel.append_child_value("type", stype)
            if meaning and label in meaning:
                channel.append_child_value("meaning", str(meaning[label]))
            elif meaning and label in ("valence", "arousal"):
                channel.append_child_value("meaning", "not predicted by this bundle")
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
