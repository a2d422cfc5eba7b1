"""A report shows names as text, as HTML and as Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from physiosync_training.reporting.blocks import (
    Code,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
    escape_markdown,
)

HOSTILE = "<img src=x onerror=alert(1)> [here](javascript:x) ![i](http://x/y) **b** `c` &lt; a|b"


def test_no_name_becomes_a_tag_a_link_or_an_image() -> None:
    document = Document(HOSTILE)
    document.add(
        Heading(HOSTILE),
        Paragraph(HOSTILE),
        Paragraph(HOSTILE, "warning"),
        Table(HOSTILE, ("name", HOSTILE), ((HOSTILE, f"1\n{HOSTILE}"), ("x", "2")), frozenset({0})),
        Figure("scores", b"<svg/>", HOSTILE),
    )
    said = document.markdown(Path("figures"))
    for mark in ("<img", "](javascript", "](http", "`c", "**b"):
        assert mark in HOSTILE
        assert not re.search(rf"(?<!\\){re.escape(mark)}", said.replace("(figures/", "")), mark
    assert "![\\<img" in said
    assert "(figures/scores.svg)" in said
    rows = [line for line in said.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 3 for line in rows)
    assert "<img src=x" not in document.html()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# title", "\\# title"),
        ("- item", "\\- item"),
        ("> quote", "\\> quote"),
        ("1. one", "1\\. one"),
        ("---", "\\---"),
        ("_a_", "\\_a\\_"),
        ("~~a~~", "\\~~a\\~~"),
        ("a\n# b", "a # b"),
        ("c:\\d", "c:\\\\d"),
        ("balanced_accuracy 0.61 [0.55, 0.66], p < 0.05, -0.2, a & b", ...),
        ("subject s01, 12 of 20 (60 %): valence > 0.5", ...),
    ],
)
def test_ordinary_text_stays_and_marks_are_escaped(text: str, shown: object) -> None:
    assert escape_markdown(text) == (text if shown is ... else shown)


def test_code_cannot_end_its_fence() -> None:
    document = Document("x", [Code("a: |\n  ```\n  # not code\n  ````\n")])
    said = document.markdown(Path("figures"))
    assert said.startswith("`````yaml\n")
    assert said.endswith("\n`````\n")
