"""Text of other programs stays text: in XML, in a table, on a terminal."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.utils.plain_text import (
    CELL_CHARS,
    encodable,
    join_markers,
    marker_cell,
    plain_text,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_any_text_can_stand_in_xml_and_on_a_terminal(text: str) -> None:
    plain = plain_text(text)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in plain)
    ET.fromstring(f'<?xml version="1.0"?><a>{_escaped(plain)}</a>')
    assert plain_text(plain) == plain
    encodable(text).encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Fp1 µ 脑 🙂 e\u0301", "Fp1 µ 脑 🙂 e\u0301"),
        ("a\x1b[2Jb", "a�[2Jb"),
        ("one\r\ntwo\tthree", "one two three"),
        ("\ud800x\ufffe\U0001ffff", "�x��"),
        ("abc\u202etxt.exe", "abc�txt.exe"),
        ("\x9b31mred\x07", "�31mred�"),
    ],
)
def test_what_is_shown(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("look", "look"),
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "' =1"),
        ("\r\n=1", "' =1"),
        ("-5", "-5"),
        ("-.5e-3", "-.5e-3"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("-", "'-"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, cell: str) -> None:
    assert marker_cell(text) == cell


@given(st.lists(st.text(max_size=400), max_size=40))
def test_a_cell_has_at_most_a_thousand_characters(texts: list[str]) -> None:
    joined = join_markers(texts)
    assert len(marker_cell(joined)) <= CELL_CHARS
    if len(";".join(texts)) < CELL_CHARS:
        assert joined == ";".join(texts)


def test_markers_that_do_not_fit_are_counted() -> None:
    texts = [f"stimulus-{n:03}" for n in range(200)]
    joined = join_markers(texts)
    shown, following = joined.rsplit(";… ", 1)
    assert shown.split(";") == texts[: 200 - int(following.removesuffix(" more"))]
    assert len(joined) > CELL_CHARS - 30
    assert join_markers(["x" * 3_000_000, "b"]).endswith("x…;… 1 more")
    assert CELL_CHARS - 20 < len(join_markers(["x" * 3_000_000])) < CELL_CHARS
