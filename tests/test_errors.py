"""What a message quotes is text and nothing else, and at most a line of it."""

from __future__ import annotations

import pytest

from physiosync_rt.errors import LONGEST_LINE, MOST_FAULTS, Faults, SourceLostError, UserError


def test_a_cell_of_megabytes_is_not_repeated_whole() -> None:
    said = str(UserError(f"a.csv: {'9' * 3_000_000} is not a number; take another copy"))
    assert said.startswith("a.csv: 999")
    assert said.endswith("999 is not a number; take another copy")
    assert "characters left out" in said
    assert len(said) < LONGEST_LINE + 50


def test_control_characters_are_shown_and_not_obeyed() -> None:
    said = str(UserError("stream '\x1b[31mEEG\x1b]0;x\x07\x9b\r\u202e': no unit"))
    assert said == r"stream '\x1b[31mEEG\x1b]0;x\x07\x9b\r\u202e': no unit"


def test_escaped_characters_count() -> None:
    assert len(str(UserError("\x00" * 5000))) < LONGEST_LINE + 50


def test_lines_and_ordinary_words_stay() -> None:
    said = "the unit µV of 'Ω' – is\n\n\tmissing 日本 🙂"
    assert str(UserError(said)) == said
    lost = SourceLostError("gone\x00")
    assert str(lost) == r"gone\x00"
    assert lost.exit_code == 3


def test_all_faults_are_said_at_once_each_once_and_not_without_end() -> None:
    faults = Faults()
    faults.check()
    with faults.collect("a.yaml, line 3"):
        raise UserError("seed: wrong\nname: wrong")
    with faults.collect():
        raise UserError("b.csv, line 1: wrong")
    faults.add("b.csv, line 1: wrong")
    with pytest.raises(UserError) as error:
        faults.check()
    assert str(error.value).split("\n") == [
        "a.yaml, line 3: seed: wrong",
        "a.yaml, line 3: name: wrong",
        "b.csv, line 1: wrong",
    ]
    for number in range(1000):
        faults.add(f"row {number}")
    with pytest.raises(UserError) as error:
        faults.check()
    lines = str(error.value).split("\n")
    assert len(lines) == MOST_FAULTS + 1
    assert lines[-1] == f"... and {1003 - MOST_FAULTS} more"
    with pytest.raises(ValueError, match="not a person's"), faults.collect():
        raise ValueError("not a person's to fix")
