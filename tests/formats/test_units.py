from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.units import stream_conversions, to_canonical


@pytest.mark.parametrize(
    ("modality", "word", "factor"),
    [
        (Modality.EEG, "microvolts", 1.0),
        (Modality.EEG, "uV", 1.0),
        (Modality.EEG, "\N{MICRO SIGN}V", 1.0),
        (Modality.EEG, "\N{GREEK SMALL LETTER MU}V", 1.0),
        (Modality.EEG, " MicroVolt ", 1.0),
        (Modality.EEG, "mV", 1e3),
        (Modality.EEG, "volts", 1e6),
        (Modality.EEG, "nV", 1e-3),
        (Modality.EEG, "-6", 1.0),
        (Modality.EEG, "0", 1e6),
        (Modality.ECG, "millivolts", 1.0),
        (Modality.ECG, "uV", 1e-3),
        (Modality.GSR, "microsiemens", 1.0),
        (Modality.GSR, "uS", 1.0),
        (Modality.GSR, "S", 1e6),
        (Modality.GSR, "umho", 1.0),
    ],
)
def test_spellings_of_devices_are_understood(modality: Modality, word: str, factor: float) -> None:
    conversion = to_canonical(modality, word)
    assert conversion is not None
    assert conversion(np.array([2.0]))[0] == pytest.approx(2.0 * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("word", "resistance"),
    [
        ("kOhm", 100.0),
        ("kohms", 100.0),
        ("k\N{OHM SIGN}", 100.0),
        ("k\N{GREEK CAPITAL LETTER OMEGA}", 100.0),
        ("Ohm", 1e5),
        ("MOhm", 0.1),
        ("M\N{OHM SIGN}", 0.1),
    ],
)
def test_resistance_becomes_conductance(word: str, resistance: float) -> None:
    conversion = to_canonical(Modality.GSR, word)
    assert conversion is not None
    microsiemens = conversion(np.array([resistance, 0.0, -resistance]))
    assert microsiemens[0] == pytest.approx(10.0)
    assert np.isnan(microsiemens[1:]).all()


@pytest.mark.parametrize(
    ("modality", "word"),
    [
        (Modality.EEG, ""),
        (Modality.EEG, "counts"),
        (Modality.EEG, "uS"),
        (Modality.EEG, "kOhm"),
        (Modality.GSR, "uV"),
        (Modality.OTHER, "uV"),
    ],
)
def test_a_unit_of_another_modality_is_not_guessed(modality: Modality, word: str) -> None:
    assert to_canonical(modality, word) is None


def test_a_channel_without_unit_takes_the_unit_of_the_others() -> None:
    conversions = stream_conversions(Modality.EEG, ["mV", "", "mV"])
    assert conversions is not None
    assert [conversion.factor for conversion in conversions] == [1e3, 1e3, 1e3]
    assert stream_conversions(Modality.EEG, ["mV", "", "uV"]) is None
    assert stream_conversions(Modality.EEG, ["", ""]) is None
    assert stream_conversions(Modality.EEG, ["uV", "furlong"]) is None


_MISTAKEN = ("latin-1", "cp1252", "mac_roman", "cp437", "cp850")


@given(
    st.sampled_from("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}"),
    st.sampled_from(["utf-8", "shift_jis", "gb2312", "euc_kr", "cp437", "mac_greek", "cp1253"]),
    st.sampled_from(_MISTAKEN),
    st.sampled_from(
        [(Modality.EEG, "V", 1.0), (Modality.ECG, "V", 1e-3), (Modality.GSR, "S", 1.0)]
    ),
)
def test_micro_survives_every_mistaken_encoding(
    letter: str, written: str, read: str, unit: tuple[Modality, str, float]
) -> None:
    modality, base, factor = unit
    try:
        word = f"{letter}{base}".encode(written).decode(read)
    except UnicodeError:
        return
    conversion = to_canonical(modality, word)
    assert conversion is not None
    assert conversion.factor == pytest.approx(factor)


@given(st.text(max_size=6))
def test_any_text_is_a_unit_or_none(word: str) -> None:
    conversion = to_canonical(Modality.EEG, word)
    if conversion is not None:
        assert not conversion.inverse
        assert word.strip().lower().endswith(("v", "volt", "volts")) or word.strip() in _POWERS


_POWERS = ("0", "-3", "-6", "-9")


@pytest.mark.parametrize(
    ("modality", "word", "factor"),
    [
        (Modality.EEG, "\ufffdV", 1.0),
        (Modality.EEG, "\ufffd\ufffdV", 1.0),
        (Modality.GSR, "\ufffdS", 1.0),
        (Modality.GSR, "k\ufffd", 1e3),
        (Modality.EEG, "\xc3\u201a\xc2\xb5V", 1.0),
    ],
)
def test_characters_that_a_decoder_replaced_are_understood(
    modality: Modality, word: str, factor: float
) -> None:
    conversion = to_canonical(modality, word)
    assert conversion is not None
    assert conversion.factor == pytest.approx(factor)


@pytest.mark.parametrize("word", ["?V", "\xc2V", "\ufffd", "\xb0V", "V\ufffd", "m\ufffdV"])
def test_what_may_be_anything_is_not_guessed(word: str) -> None:
    assert to_canonical(Modality.EEG, word) is None
