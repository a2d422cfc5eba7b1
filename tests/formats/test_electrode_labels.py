from __future__ import annotations

import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.formats.electrode_labels import biosemi_problem, bipolar_problem, parse_label


@pytest.mark.parametrize(
    "label",
    [
        *("Cz", "EEG Cz", "EEG Cz-Ref", "EEG Cz-CLE", "EEG Cz-A1A2", "Cz-M2", "POL Cz", "Cz-A1"),
        *("EEG Cz-LE", "EEG Cz-AR", "EEG Cz-(A1+A2)/2", "Cz.", "Cz..", "Cz:A2", "EEG-Cz"),
        *("EEG Cz-LER", "EEG Cz-M1M2", "Cz - A1", "Cz-Avg", "EEG Cz-G2", "Cz-linked ears"),
        *("EEG Cz_Ref", "Cz/A1", "EEG Cz_A2", "EEG  Cz - REF"),
    ],
)
def test_the_electrode_is_found(label: str) -> None:
    assert parse_label(label) == (Modality.EEG, "Cz", "")


@pytest.mark.parametrize(
    ("label", "against"),
    [("FP1-F7", "F7"), ("EEG Fpz-Cz", "Cz"), ("T8-P8-2", "P8"), ("A2-A1", "A1"), ("F7 - T3", "T3")],
)
def test_a_pair_is_told(label: str, against: str) -> None:
    found = parse_label(label)
    assert (found.modality, found.against) == (Modality.EEG, against)


@pytest.mark.parametrize(
    "label", ["Status", "DC01", "POL DC01", "F1-2", "EMG1-EMG2", "TRIG", "-", "O2_sat"]
)
def test_other_labels_are_left(label: str) -> None:
    assert parse_label(label).modality is None
    assert parse_label(label).against == ""


def test_problems_of_names() -> None:
    cap = tuple(f"A{i}" for i in range(1, 33))
    assert "BioSemi" in biosemi_problem(cap)
    assert "BioSemi" in biosemi_problem((*cap, *(f"B{i}" for i in range(1, 33)), "EXG1"))
    assert biosemi_problem(("Fp1", "Fp2", "A1", "A2", "C3", "C4")) == ""
    assert biosemi_problem(("C3", "C4", "F3", "F4", "F7", "F8", "A1", "A2")) == ""
    assert "FP1-F7" in bipolar_problem(("FP1-F7", "F7-T7", "T8-P8-2"))
    assert bipolar_problem(("Fp1", "F7", "A2-A1")) == ""
