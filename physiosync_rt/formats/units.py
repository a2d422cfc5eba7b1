"""Convert units, in the spellings that devices and files use, to the canonical unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality, SampleArray

# "mohm" means megaohm here: skin resistance is never milliohms, and case is often lost.
_PREFIXES = {
    "": 1.0,
    "n": 1e-9,
    "nano": 1e-9,
    "u": 1e-6,
    "micro": 1e-6,
    "m": 1e-3,
    "milli": 1e-3,
    "k": 1e3,
    "kilo": 1e3,
    "mega": 1e6,
}
_BASES = {
    "v": "V",
    "volt": "V",
    "volts": "V",
    "s": "S",
    "siemens": "S",
    "siemen": "S",
    "mho": "S",
    "mhos": "S",
    "ohm": "ohm",
    "ohms": "ohm",
}
_CANONICAL = {Modality.EEG: ("V", 1e6), Modality.ECG: ("V", 1e3), Modality.GSR: ("S", 1e6)}


def _words() -> dict[str, tuple[str, float]]:
    """Return every spelling, lower case, with its base unit and its size in that unit."""
    table = {
        prefix + word: (base, size)
        for prefix, size in _PREFIXES.items()
        for word, base in _BASES.items()
    }
    table |= {"mohm": ("ohm", 1e6), "mohms": ("ohm", 1e6)}
    return table


_WORDS = _words()

# The letters of units outside ASCII. Unicode has two characters for micro and two for ohm.
_LETTERS = {
    "\N{MICRO SIGN}": "u",
    "\N{GREEK SMALL LETTER MU}": "u",
    "\N{OHM SIGN}": "ohm",
    "\N{GREEK CAPITAL LETTER OMEGA}": "ohm",
    "\N{GREEK SMALL LETTER OMEGA}": "ohm",
}
_WRITTEN = (
    *("utf-8", "latin-1", "cp437", "cp1253", "mac_roman", "mac_greek"),
    *("shift_jis", "gb2312", "big5", "euc_kr"),
)
_READ = ("latin-1", "cp1252", "mac_roman", "cp437", "cp850")


@lru_cache(maxsize=1)
def _misread_letters() -> dict[str, str]:
    """Return what the letters look like where a program took one encoding for another.

    Longer texts come first, because some hold a shorter one.
    """
    found: dict[str, str] = {}
    for letter, plain in _LETTERS.items():
        texts = {letter}
        # Twice, because what was misread once may have been stored so and misread again.
        for written in (_WRITTEN, ("utf-8",)):
            encoded = {data for text in texts for data in _encodings(text, written)}
            texts |= {data.decode(read, "replace") for data in encoded for read in _READ}
        for text in texts:
            if not text.isascii() and "\N{REPLACEMENT CHARACTER}" not in text:
                found.setdefault(text, plain)
    return {text: found[text] for text in sorted(found, key=len, reverse=True)}


def _encodings(text: str, names: Sequence[str]) -> Iterator[bytes]:
    for name in names:
        with suppress(UnicodeEncodeError):
            yield text.encode(name)


_REPLACED = re.compile("\N{REPLACEMENT CHARACTER}+")


def _in_ascii(unit_word: str) -> str:
    """Return a unit word in lower case ASCII: ``ÂµV`` and ``μV`` are ``uv``, ``kΩ`` is ``kohm``."""
    word = unit_word.strip().replace(" ", "")
    if word.isascii():
        return word.lower()
    for text, plain in _misread_letters().items():
        word = word.replace(text, plain)
    # A character that could not be decoded: of an ohm nothing but the prefix is left, and before
    # a unit it can only have been micro, because no other prefix lies outside ASCII.
    word = _REPLACED.sub("u" if word[-1:].isalpha() else "ohm", word)
    return word.lower()


@dataclass(frozen=True, slots=True)
class Conversion:
    """Conversion from a stated unit to the canonical one.

    Attributes
    ----------
    factor : float
        Multiplied with the samples; for a resistance, divided by them.
    inverse : bool
        True where the stated unit is a resistance and the canonical one a conductance.
    """

    factor: float = 1.0
    inverse: bool = False

    def __call__(self, samples: FloatArray | SampleArray) -> FloatArray:
        """Convert samples of any shape.

        Returns
        -------
        float64 array
            In the canonical unit. A resistance that is not positive becomes NaN, because it is
            impossible for skin and shows lost contact.
        """
        values = np.asarray(samples, dtype=np.float64)
        if not self.inverse:
            return values * self.factor
        out = np.full_like(values, np.nan)
        np.divide(self.factor, values, out=out, where=values > 0)
        return out


def to_canonical(modality: Modality, unit_word: str) -> Conversion | None:
    """Find the conversion from a unit word to the canonical unit of a modality.

    Parameters
    ----------
    modality : Modality
    unit_word : str
        As a device or file spells it: ``microvolts``, ``uV``, ``µV``, ``kOhm`` ..., in any
        case and in any encoding, also a mistaken one, or a power of ten of the SI unit (``-6``)
        as MNE-LSL writes it.

    Returns
    -------
    Conversion or None
        None where the word is empty, unknown, or not a unit of this modality.
    """
    if modality not in _CANONICAL:
        return None
    base, per_base = _CANONICAL[modality]
    word = _in_ascii(unit_word)
    if word in {"0", "-3", "-6", "-9"}:
        return Conversion(per_base * 10.0 ** int(word))
    if word not in _WORDS:
        return None
    word_base, size = _WORDS[word]
    if word_base == base:
        return Conversion(per_base * size)
    if (word_base, base) == ("ohm", "S"):
        return Conversion(per_base / size, inverse=True)
    return None


def stream_conversions(
    modality: Modality, unit_words: Sequence[str]
) -> tuple[Conversion, ...] | None:
    """Find the conversion of every channel of a stream.

    A channel without a stated unit takes the unit of the other channels when those agree.

    Returns
    -------
    tuple of Conversion or None
        One per channel; None where no channel states a unit, or one is unknown.
    """
    stated = {word for word in unit_words if word.strip()}
    if not stated or (len(stated) > 1 and any(not word.strip() for word in unit_words)):
        return None
    fallback = next(iter(stated))
    found = [to_canonical(modality, word.strip() or fallback) for word in unit_words]
    known = tuple(conversion for conversion in found if conversion is not None)
    return known if len(known) == len(found) else None
