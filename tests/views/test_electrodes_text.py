"""Words on electrodes, on a target that is missing, and on what lowers the confidence."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from helpers.scenes import CYTON, cyton, eeg_gone, electrodes, lost_gsr
from helpers.snapshots import MONTAGE, make_row, make_snapshot
from rich.console import Console

from physiosync_rt.datatypes import Absence, Certainty
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.absence_text import certainty_text, why_absent
from physiosync_rt.views.electrodes_text import electrode_text, electrodes_text
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.terminal import TerminalView
from physiosync_rt.views.verdict import verdict


def test_all_measured_needs_no_words() -> None:
    assert electrodes_text(electrodes()) == electrodes_text(()) == ""


def test_how_many_are_measured_and_which_are_bad() -> None:
    assert electrodes_text(electrodes(have=CYTON)) == (
        "8 of 32 electrodes measured, 24 interpolated"
    )
    one = electrodes(bad={"T7": "flat"})
    assert electrodes_text(one) == "31 of 32 electrodes measured, bad: T7 flat"
    many = electrodes(bad=dict.fromkeys(MONTAGE[:5], "identical"))
    assert electrodes_text(many) == (
        "27 of 32 electrodes measured, bad: Fp1 identical, AF3 identical, F3 identical and 2 more"
    )
    assert electrodes_text(electrodes(seen=False)) == "No EEG at present"


def test_one_electrode_in_words() -> None:
    found = {e.name: electrode_text(e) for e in electrodes(have=CYTON, bad={"C3": "flat"})}
    assert found["C3"] == "C3: bad (flat)"
    assert found["Fp1"] == "Fp1: measured"
    assert found["Oz"] == "Oz: interpolated: the stream does not have it"


@pytest.mark.parametrize(
    ("absence", "modalities", "said"),
    [
        (Absence.NO_TARGET, "eeg", "not a target of this bundle"),
        (Absence.AT_CHANCE, "gsr", "GSR alone cannot tell it"),
        (Absence.LOW_CONFIDENCE, "eeg+gsr", "not sure enough"),
        (Absence.WITHHELD, "", ""),
    ],
)
def test_why_a_target_is_missing(absence: Absence, modalities: str, said: str) -> None:
    row = replace(make_row(9, modalities=modalities), arousal=None, absent={"arousal": absence})
    assert why_absent(row, "arousal") == said
    assert why_absent(row, "valence") == why_absent(None, "valence") == ""


def test_the_headline_says_why_the_other_target_is_missing() -> None:
    assert verdict(lost_gsr()) == ("High valence", "No arousal: EEG alone cannot tell it")


def test_what_lowers_the_confidence() -> None:
    row = make_row(9)
    assert certainty_text(replace(row, certainty=Certainty(0.8, 1.0, 1.0, 1.0))) == ""
    lowered = replace(row, certainty=Certainty(0.8, 0.93, 0.25, 0.6))
    assert certainty_text(lowered) == (
        "0.80 answer × 0.93 signal quality × 0.25 electrodes measured × 0.60 a signal missing"
    )


def test_the_notice_says_how_many_electrodes_are_measured() -> None:
    assert notice_text(cyton().events) == (
        "OpenBCI: 8 of 32 electrodes measured; the others are interpolated, and the confidence is "
        "lowered by as much"
    )


def _terminal(snapshot: Snapshot) -> str:
    console = Console(file=StringIO(), width=80, height=24, force_terminal=False)
    with console.capture() as captured:
        console.print(TerminalView(lambda: snapshot, console).render(snapshot))
    return captured.get()


def test_the_terminal_says_the_same() -> None:
    assert "8 of 32 electrodes measured, 24 interpolated" in _terminal(cyton())
    assert "EEG alone cannot tell it" in _terminal(lost_gsr())
    assert "No EEG at present" in _terminal(eeg_gone())
    assert "electrodes" not in _terminal(make_snapshot(32))
