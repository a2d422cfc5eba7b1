"""LSL streams as nobody should send them, and what a live run must make of each.

Every case is a few outlets that `bench.odd_sender` sends from a process of its own; most are a
simulated person's EEG with one thing wrong. `bench.measure_odd_streams` runs ``physiosync live``
on them, and `docs/faults.md` holds what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from physiosync_rt.datatypes import FloatArray

Values = Callable[[FloatArray, FloatArray], FloatArray]
"""Changes the samples, shape (n_samples, n_channels), of times, shape (n_samples,)."""

Stamps = Callable[[FloatArray, FloatArray], FloatArray]
"""Changes the stamps, of the LSL clock; the second argument is the time since the first sample."""

Outcome = Literal["predicts", "withholds", "refuses", "either"]
"""What a run must come to: predictions, rows without one, or exit code 2 with a sentence."""

MUSE: Final = ("TP9", "AF7", "AF8", "TP10")
EEG_SFREQ: Final = 128.0


@dataclass(frozen=True, slots=True)
class OddOutlet:
    """One signal outlet; by default it is a well-behaved Muse of 128 Hz in microvolts.

    Attributes
    ----------
    name, stype, source_id : str
        Lone surrogates are sent as the bytes that they stand for.
    ch_names, units, types : tuple of str
        As described per channel; empty where the description has no such list. They need not
        have the length of ``n_chans``.
    n_chans : int
        Channels in a sample; 0 for as many as there are names.
    sfreq, true_sfreq : float
        Declared and real rate in Hz; 0 in ``true_sfreq`` for the declared one.
    channel_format : str
        As pylsl calls it.
    signal : str
        What a simulated person gives: ``eeg`` or ``gsr``.
    values, stamps : callable, optional
        Change what is sent.
    description : str
        Text of an additional element ``desc/odd``.
    from_s, to_s : float
        Seconds after the first listener between which the outlet exists.
    """

    name: str = "OddEEG"
    stype: str = "EEG"
    source_id: str = "odd-eeg"
    ch_names: tuple[str, ...] = MUSE
    units: tuple[str, ...] = ("microvolts",)
    types: tuple[str, ...] = ()
    n_chans: int = 0
    sfreq: float = EEG_SFREQ
    true_sfreq: float = 0.0
    channel_format: str = "float32"
    signal: Literal["eeg", "gsr"] = "eeg"
    values: Values | None = None
    stamps: Stamps | None = None
    description: str = ""
    from_s: float = -1.0
    to_s: float = 1e9

    @property
    def width(self) -> int:
        """Channels in a sample."""
        return self.n_chans or len(self.ch_names)


@dataclass(frozen=True, slots=True)
class OddMarkers:
    """One marker outlet that sends ``payload`` ``per_s`` times a second."""

    name: str = "OddMarkers"
    channel_format: str = "string"
    payload: tuple[str | bytes | float, ...] = ("begin",)
    per_s: float = 1.0


@dataclass(frozen=True, slots=True)
class OddCase:
    """One case: its outlets, the options of the run, and what must come of it.

    Attributes
    ----------
    name : str
        As the table calls it.
    outlets, markers
        What is sent.
    options : tuple of str
        Of ``physiosync live``.
    outcome : str
    passing_per_s : int
        Further outlets that come and go each second.
    """

    name: str
    outlets: tuple[OddOutlet, ...]
    outcome: Outcome = "predicts"
    markers: tuple[OddMarkers, ...] = ()
    options: tuple[str, ...] = ()
    passing_per_s: int = 0


WELL = OddOutlet(name="Muse", source_id="well-eeg")
SKIN = OddOutlet(
    name="Skin",
    stype="GSR",
    source_id="well-gsr",
    ch_names=("EDA",),
    units=("microsiemens",),
    sfreq=32.0,
    signal="gsr",
)


def _eeg(case: str, outcome: Outcome = "predicts", /, **changes: object) -> OddCase:
    """Make a case of one odd EEG stream beside a well-behaved GSR stream."""
    return OddCase(case, (replace(OddOutlet(), **changes), SKIN), outcome)  # type: ignore[arg-type]


def _beside(case: str, /, **changes: object) -> OddCase:
    """Make a case of an odd stream beside well-behaved EEG and GSR."""
    odd = replace(OddOutlet(name="Odd", source_id="odd"), **changes)  # type: ignore[arg-type]
    return OddCase(case, (WELL, SKIN, odd))


def _named(case: str, text: str, outcome: Outcome = "predicts") -> OddCase:
    """Make a case whose EEG stream has an odd name and source_id."""
    return _eeg(case, outcome, name=text, source_id=f"id {text}"[:200])


def _between(start: float, stop: float, bad: float) -> Values:
    """Put one value into all samples of some seconds."""

    def changed(samples: FloatArray, t: FloatArray) -> FloatArray:
        return np.where(((t >= start) & (t < stop))[:, None], bad, samples)

    return changed


def _every(n: int, bad: float) -> Values:
    """Put one value into every n-th sample of the first channel."""

    def changed(samples: FloatArray, t: FloatArray) -> FloatArray:
        hit = np.rint(t * EEG_SFREQ).astype(int) % n == 0
        changed_samples = samples.copy()
        changed_samples[hit, 0] = bad
        return changed_samples

    return changed


def _constant(value: float) -> Values:
    return lambda samples, _: np.full_like(samples, value)


def _scaled(factor: float) -> Values:
    return lambda samples, _: samples * factor


def _stamped_between(start: float, stop: float, bad: float) -> Stamps:
    return lambda stamps, t: np.where((t >= start) & (t < stop), bad, stamps)


def _all_stamped(value: float) -> Stamps:
    return lambda stamps, _: np.full_like(stamps, value)


def _auxiliary(samples: FloatArray, t: FloatArray) -> FloatArray:
    """Make the channels beside the electrodes: a trigger each second, gravity, charge, a count."""
    trigger = (t % 1.0 < 0.1) * 5.0
    beside = np.stack(
        [trigger, np.ones_like(t), np.full_like(t, 80.0), t * EEG_SFREQ % 256], axis=1
    )
    return np.concatenate([samples[:, :4], beside], axis=1)


_ROUND: Values = lambda samples, _: np.rint(samples)  # noqa: E731
_AUXILIARY = ("TRG", "AccX", "Battery", "CNT")
_ROWS = {"F": 8, "FC": 6, "C": 6, "CP": 6, "P": 8}
_ELECTRODES_64 = (
    *MUSE,
    *(f"{row}{n}" for row, most in _ROWS.items() for n in range(1, most + 1)),
    *(f"{row}z" for row in ("Fp", "AF", *_ROWS, "PO", "O")),
    *("Fp1", "Fp2", "AF3", "AF4", "T7", "T8", "FT7", "FT8", "PO3", "PO4", "PO7", "PO8", "O1", "O2"),
    *("TP7", "TP8", "F9"),
)

ODD_CASES: Final = (
    OddCase("as it should be", (WELL, SKIN)),
    # How many channels, at which rate, of which type.
    _eeg("1 channel", "refuses", ch_names=("Cz",)),
    _eeg("64 channels", ch_names=_ELECTRODES_64),
    _eeg("1,024 channels without names", "refuses", ch_names=(), units=(), n_chans=1024),
    _beside("1,024 channels of another type beside it", stype="Probe", ch_names=(), n_chans=1024),
    _eeg("10 kHz", sfreq=10_000.0),
    _eeg("1 Hz", "either", sfreq=1.0),
    _eeg("no declared rate", sfreq=0.0, true_sfreq=EEG_SFREQ),
    _eeg("a rate that is NaN", "either", sfreq=float("nan"), true_sfreq=EEG_SFREQ),
    _eeg("an infinite rate", "either", sfreq=float("inf"), true_sfreq=EEG_SFREQ),
    _eeg("a rate of 1e9 Hz", "refuses", sfreq=1e9, true_sfreq=EEG_SFREQ),
    _eeg("128 Hz declared, 1,000 Hz sent", "refuses", true_sfreq=1000.0),
    _eeg("int8", channel_format="int8", values=_ROUND),
    _eeg("int16", channel_format="int16", values=_ROUND),
    _eeg("int32 in nanovolts", channel_format="int32", units=("nanovolts",), values=_scaled(1e3)),
    _eeg("int64 in nanovolts", channel_format="int64", units=("nanovolts",), values=_scaled(1e3)),
    _eeg("double64 in volts", channel_format="double64", units=("volts",), values=_scaled(1e-6)),
    _eeg("numbers sent as text", "refuses", channel_format="string"),
    # Values.
    _eeg("every value NaN", values=_constant(float("nan"))),
    _eeg("every tenth value of a channel NaN", "either", values=_every(10, float("nan"))),
    _eeg("infinite for two seconds", values=_between(7.0, 9.0, float("inf"))),
    _eeg("every value 1e30", "refuses", values=_constant(1e30)),
    _eeg("every value 0", values=_constant(0.0)),
    _eeg("raw counts declared as microvolts", "either", values=_scaled(1 / 0.0223517)),
    _eeg("volts declared as microvolts", values=_scaled(1e-6)),
    # Time stamps.
    _eeg("NaN stamps for two seconds", stamps=_stamped_between(7.0, 9.0, float("nan"))),
    _eeg("only NaN stamps", "either", stamps=_all_stamped(float("nan"))),
    _eeg("infinite stamps for two seconds", stamps=_stamped_between(7.0, 9.0, float("inf"))),
    _eeg("stamps of 1e300 for two seconds", stamps=_stamped_between(7.0, 9.0, 1e300)),
    _eeg("one constant stamp", "refuses", stamps=_all_stamped(4.0)),
    _eeg("stamps that count down", "either", stamps=lambda stamps, t: stamps - 2 * t),
    _eeg("stamps in milliseconds", "either", stamps=lambda stamps, _: stamps * 1e3),
    _eeg("negative stamps", stamps=lambda stamps, _: stamps - 1e7),
    # Descriptions.
    _eeg("a description of 5 MB", description="x" * 5_000_000),
    _eeg(
        "a description full of markup", description="]]><a>&lt;!DOCTYPE x [<!ENTITY a 'b'>]>" * 99
    ),
    _eeg("fewer channels described than sent", "refuses", n_chans=8),
    _eeg("more channels described than sent", "refuses", n_chans=2),
    _eeg("one channel named four times", "refuses", ch_names=("Cz",) * 4),
    _eeg("channels with empty names", "refuses", ch_names=("",) * 4),
    _eeg(
        "trigger, battery and counter among the electrodes",
        ch_names=MUSE + _AUXILIARY,
        units=("microvolts",) * 4 + ("", "g", "percent", ""),
        types=("EEG",) * 4 + ("TRIG", "ACC", "BAT", "CNT"),
        values=_auxiliary,
    ),
    # Names.
    _named("rich markup in its name", "[bold red]x[/] [link=file:///etc]y[/link]"),
    _named("escape sequences in its name", "Muse \x1b[2J\x1b[31m\x07\x9b1m"),
    _named("line breaks in its name", "Muse\r\nphysiosync: all is well\n"),
    _named("a name of 10,000 characters", "M" * 10_000),
    _named("quotes in its name", "x' or '1'='1\" or \"a"),
    _named("HTML and a path in its name", "<script>alert(1)</script>/../../etc/passwd"),
    _named("right-to-left and emoji in its name", "\u202egnimaerts \U0001f9e0 \u05d0"),
    _named("a name that is not UTF-8", "Mus\udce9 \udcff\udcfe", "either"),
    # Markers.
    OddCase("5,000 markers a second", (WELL, SKIN), markers=(OddMarkers(per_s=5000.0),)),
    OddCase("a marker of 1 MB", (WELL, SKIN), markers=(OddMarkers(payload=("m" * 1_000_000,)),)),
    OddCase(
        "markers that are not UTF-8, with escapes and formulas",
        (WELL, SKIN),
        markers=(
            OddMarkers(payload=(b"caf\xe9 \xff\xfe",)),
            OddMarkers("Escapes", payload=("=1+1\t\x1b[2J\x00 [red]",)),
        ),
    ),
    OddCase(
        "markers that are numbers, and of three channels",
        (WELL, SKIN),
        markers=(
            OddMarkers("Numbers", "int32", (7,)),
            OddMarkers("Three", "double64", (1.5, float("nan"), float("inf"))),
        ),
    ),
    # Identities, endings and numbers of streams.
    OddCase("two EEG streams of one identity", (WELL, replace(WELL), SKIN), "refuses"),
    OddCase(
        "gone for two seconds, back with eight channels",
        (
            replace(WELL, to_s=7.0),
            replace(WELL, ch_names=(*MUSE, "Fz", "Cz", "Pz", "Oz"), from_s=9.0),
            SKIN,
        ),
        options=("--duration", "14"),
    ),
    OddCase(
        "gone for two seconds, back in millivolts",
        (replace(WELL, to_s=7.0), replace(WELL, units=("millivolts",), from_s=9.0), SKIN),
        options=("--duration", "14"),
    ),
    OddCase("gone after a second for good", (replace(WELL, to_s=1.0), SKIN), "withholds"),
    OddCase("20 streams a second come and go", (WELL, SKIN), passing_per_s=20),
    OddCase(
        "eight EEG streams at once",
        (*(replace(WELL, name=f"Head{i}", source_id=f"head-{i}") for i in range(8)), SKIN),
        options=("--eeg", "Head3"),
    ),
)
"""The cases, in the order of the table in ``docs/faults.md``."""
