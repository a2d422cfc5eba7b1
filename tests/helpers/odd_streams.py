"""Twenty streams as they are met: mixed, badly described, in every number format."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import numpy as np
from helpers.raw_xdf import RawStream, channel, header

SECONDS = 3.0
MICRO_LATIN1 = b"\xb5V"


@dataclass(frozen=True)
class OddStream:
    """What a sender states, and how many samples it sends in `SECONDS`.

    ``channels`` has label, unit and type of each described channel; text streams have ``texts``.
    ``scale`` is what a microvolt is in the stream's own numbers.
    """

    name: str
    stype: str = "EEG"
    fmt: str = "float32"
    sfreq: float = 100.0
    n_chans: int = 2
    channels: tuple[tuple[str | bytes, str | bytes, str | bytes], ...] = ()
    source_id: str = "odd"
    sent_at: float = 100.0
    scale: float = 1.0
    texts: tuple[tuple[bytes, ...], ...] = field(default=())

    @property
    def times(self) -> np.ndarray:
        """Seconds from the start, shape (n_samples,)."""
        return np.arange(len(self.texts) or int(SECONDS * self.sent_at)) / self.sent_at

    @property
    def samples(self) -> np.ndarray:
        """Numbers of the stream's format, shape (n_samples, n_channels)."""
        n = len(self.times)
        rng = np.random.default_rng(len(self.name) + self.n_chans)
        values = rng.integers(-50, 50, (n, self.n_chans)).astype(np.float64)
        for i, (_, _, kind) in enumerate(self.channels[: self.n_chans]):
            if kind in ("Trigger", "stim"):
                values[:, i] = np.where(np.arange(n) % 40 == 10, 1 + np.arange(n) // 40, 0)
        if self.fmt in ("float32", "double64"):
            values[:, 0] += 0.1
        values *= self.scale
        return values.astype({"double64": "float64"}.get(self.fmt, self.fmt))

    def recorded(self, start: float) -> RawStream:
        """Return the stream as LabRecorder stores it."""
        described = b"".join(channel(*map(_xml, words)) for words in self.channels)
        xml = header(
            _xml(self.name).decode(),
            self.stype,
            self.n_chans,
            self.sfreq,
            self.fmt,
            self.source_id,
            described,
        )
        return RawStream(xml, self.fmt, self.texts or self.samples, start + self.times)


def _xml(word: str | bytes) -> bytes:
    """Write text as liblsl does: control characters as references."""
    if isinstance(word, bytes):
        return word
    text = escape(word)
    return "".join(c if ord(c) >= 32 else f"&#{ord(c)};" for c in text).encode()


def _eeg(n: int, unit: str | bytes = "microvolts") -> tuple[tuple[str, str | bytes, str], ...]:
    return tuple((label, unit, "EEG") for label in ("Fp1", "Fp2", "C3", "C4", "O1", "O2")[:n])


ODD_STREAMS = (
    OddStream(
        "Amp",
        n_chans=6,
        channels=(
            *_eeg(2),
            ("EDA1", "uS", "EDA"),
            ("TRG", "", "Trigger"),
            ("AccX", "g", "ACC"),
            ("ECG0", "mV", "ECG"),
        ),
    ),
    OddStream(
        "OpenSignals",
        "00:07:80:4D:2E:76",
        n_chans=3,
        channels=(("nSeq", "", ""), ("ECG0", "mV", "ECG"), ("EDA1", "\u00b5S", "EDA")),
    ),
    OddStream(
        "player",
        "",
        n_chans=4,
        channels=(
            ("Fz", "-6", "eeg"),
            ("Cz", "0", "eeg"),
            ("GSR", "-6", "gsr"),
            ("STI", "0", "stim"),
        ),
    ),
    OddStream("bytes", fmt="int8", channels=_eeg(2)),
    OddStream("shorts", fmt="int16", channels=_eeg(2, "")),
    OddStream("nanovolts", fmt="int32", channels=_eeg(2, "nanovolts"), scale=1e3),
    OddStream("longs", fmt="int64", channels=_eeg(2)),
    OddStream("doubles", fmt="double64", channels=_eeg(2, "V"), scale=1e-6),
    OddStream("undescribed", n_chans=3),
    OddStream("short list", n_chans=3, channels=_eeg(2)),
    OddStream("latin-1 micro", channels=_eeg(2, MICRO_LATIN1)),
    OddStream("greek mu", channels=_eeg(2, "\u03bcV")),
    OddStream("no rate", sfreq=0.0, channels=_eeg(2)),
    OddStream(
        "skin", "EDA", sfreq=0.0, n_chans=1, channels=(("EDA", "kOhm", "EDA"),), sent_at=16.0
    ),
    OddStream("no type", "", channels=(("F3", "uV", ""), ("F4", "uV", "")), source_id=""),
    OddStream("twice", n_chans=3, channels=(*_eeg(1), *_eeg(1), ("", "uV", ""))),
    OddStream(
        "<b>&\"'\x1b[31m",
        channels=(("Fp1", "uV", "EEG"), ("C3\x1b]0;x\x07", "<uV>", "EEG")),
    ),
    OddStream("numbers", "Markers", "int32", 0.0, 1, sent_at=4.0),
    OddStream("columns", "Stim-Markers", "float32", 0.0, 3, sent_at=4.0),
    OddStream(
        "texts",
        "Markers",
        "string",
        100.0,
        2,
        sent_at=10.0,
        texts=((b"start", b"\xe4\xf6\xfc"), ("\u00e4".encode(), b""), (b"\x1b[2J", b"a,b")),
    ),
)
