"""Find the electrode in a channel's label, and name the labels in which there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.base import is_electrode, modality_of
from physiosync_rt.utils.translation import tr

# EDF+ writes the type before the name: "EEG Fp1-Ref", "ECG ECG1". Nihon Kohden's exports write
# "POL" before every name, which says nothing about its type.
_PREFIXED = re.compile(
    r"(?P<type>EEG(?=[ _-])|(ECG|EKG|EOG|EMG|GSR|EDA|REF_EEG|DIG|RESP|TEMP|POL)(?=[ _]))"
    r"[ _-]+(?P<name>.+)",
    re.IGNORECASE,
)
_COMMON_REFERENCE = re.compile(r"\s*[-:/_]\s*(ref|le|avg|av|ar|car|cle|aa)$", re.IGNORECASE)
_REFERRED = re.compile(
    r"(?P<name>[a-z]+\d*h?)\s*(?P<sign>[-:/_])\s*(?P<other>.+?)(-\d+)?", re.IGNORECASE
)
_EAR = re.compile(r"[AM][12]", re.IGNORECASE)
_BIOSEMI = re.compile(r"[A-I]\d{1,2}")
_ECG = re.compile(r"(?<![a-z])(ecg|ekg)", re.IGNORECASE)
_GSR = re.compile(r"(?<![a-z])(gsr|eda|scl|scr)(?![a-z])|skin.?conduct", re.IGNORECASE)


class Label(NamedTuple):
    """A label, understood.

    Attributes
    ----------
    modality : Modality or None
        None where the label does not tell.
    name : str
        Without the type and the reference.
    against : str
        The second electrode, where the channel is the difference of two.
    """

    modality: Modality | None
    name: str
    against: str = ""


def parse_label(label: str) -> Label:
    """Understand a label such as ``EEG Fp1-Ref``, ``POL Fp1``, ``Fp1-A1A2`` or ``FP1-F7``.

    ``ECG`` and ``GSR`` in a name override the file's type: many writers declare all as EEG.
    """
    # PhysioNet's recordings of BCI2000 pad names with dots: "Fc5.", "C3..".
    plain = label.strip().rstrip(".")
    found = _PREFIXED.fullmatch(plain)
    name = _COMMON_REFERENCE.sub("", found["name"] if found else plain).strip()
    if _ECG.search(label):
        return Label(Modality.ECG, name)
    if _GSR.search(label):
        return Label(Modality.GSR, name)
    stated = modality_of(found["type"]) if found and found["type"].upper() != "POL" else None
    pair = _REFERRED.fullmatch(name)
    if pair and is_electrode(pair["name"]) and stated in (None, Modality.EEG):
        other = pair["other"].strip()
        # An underscore may also join other words: "O2_sat" is not an electrode.
        if pair["sign"] in "-:" or is_electrode(other):
            return _referred(pair["name"], other, name)
    if stated is not None:
        return Label(stated, name)
    if is_electrode(name) or _BIOSEMI.fullmatch(name):
        return Label(Modality.EEG, name)
    return Label(None, name if found else label)


def electrode_of(label: str) -> str:
    """Return the electrode that a label names, without type and reference; empty for another.

    A difference of two electrodes, and a place on BioSemi's cap, is none.
    """
    found = parse_label(label)
    plain = found.modality is Modality.EEG and not found.against and is_electrode(found.name)
    return found.name if plain else ""


def _referred(name: str, other: str, whole: str) -> Label:
    """Understand an electrode with what it was measured against."""
    if is_ear(name) and is_ear(other):
        return Label(Modality.EEG, whole, other)
    if is_electrode(other) and not is_ear(other):
        return Label(Modality.EEG, whole, other)
    # Whatever else stands there is a name of a reference, unless it is a number.
    reference = re.search("[a-z]", other, re.IGNORECASE)
    return Label(Modality.EEG, name) if reference else Label(None, whole)


def is_ear(name: str) -> bool:
    """Return whether an electrode is on an ear or a mastoid, where references are."""
    return _EAR.fullmatch(name) is not None


def is_pair(name: str) -> bool:
    """Return whether a channel's name says that it is the difference of two electrodes."""
    return parse_label(name).against != ""


def bipolar_problem(ch_names: Sequence[str]) -> str:
    """Say that channels are bipolar pairs; empty where most of them are not."""
    pairs = [name for name in ch_names if is_pair(name)]
    if 2 * len(pairs) <= len(ch_names):
        return ""
    said = tr(
        "its channels are differences of two electrodes (bipolar pairs such as {pair}), and "
        "a model needs every electrode against one common reference; export the recording again "
        "with a common reference (a referential montage)"
    )
    return said.format(pair=pairs[0])


def is_biosemi(label: str, ch_names: Sequence[str]) -> bool:
    """Return whether a label is BioSemi's, which the other channels of the stream tell."""
    return _BIOSEMI.fullmatch(label) is not None and biosemi_problem(ch_names) != ""


def biosemi_problem(ch_names: Sequence[str]) -> str:
    """Say that channels have BioSemi's names; empty where most of them do not."""
    own = [n for n in ch_names if _BIOSEMI.fullmatch(n) and not is_electrode(n)]
    if len(own) < 3 or 2 * len(own) < len(ch_names) or not any(n[0] == "A" for n in own):
        return ""
    said = tr(
        "its channels {first}, {second} ... have BioSemi's names for the places on "
        "the cap, not names of the 10-20 system (A1 and A2 are not the ears here); give every "
        "channel its electrode from the cap's layout under `channels:` in a device YAML and pass "
        "it with --device"
    )
    return said.format(first=ch_names[0], second=ch_names[1])
