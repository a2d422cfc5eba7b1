"""A report as blocks, written once and rendered as HTML and as Markdown."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1c2330;
  background: #fff; max-width: 84rem; margin: 2.5rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.9rem; margin: 0.2rem 0 1rem; }
h2 { font-size: 1.35rem; margin: 2.8rem 0 0.6rem; border-top: 1px solid #d8dde6;
  padding-top: 1.2rem; }
h3 { font-size: 1.08rem; margin: 1.8rem 0 0.4rem; }
p { margin: 0.5rem 0; max-width: 52rem; }
.verdict { font-size: 1.1rem; padding: 0.8rem 1rem; border-left: 5px solid #2f6fb0;
  background: #eef4fb; max-width: 60rem; }
.verdict.bad, .warning { border-left: 5px solid #b3362b; background: #fdf0ee; }
.warning { padding: 0.6rem 1rem; font-weight: 600; max-width: 60rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.84rem; margin: 0.6rem 0 1rem; }
caption { text-align: left; font-weight: 600; padding: 0.3rem 0; }
th, td { padding: 0.26rem 0.55rem; border-bottom: 1px solid #e3e7ee; text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
td { vertical-align: top; }
td small { display: block; color: #5b6675; font-weight: 400; font-size: 0.92em; }
th { border-bottom: 2px solid #aab3c2; vertical-align: bottom; white-space: normal;
  min-width: 5.5rem; max-width: 9rem; }
th.words, td.words { text-align: left; }
tr.ours td { font-weight: 600; background: #f3f7fc; }
figure { margin: 1rem 0 1.4rem; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: 0.88rem; color: #4c5666; max-width: 52rem; }
pre { background: #f5f6f8; padding: 0.8rem 1rem; overflow-x: auto; font-size: 0.82rem; }
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the report's title."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Plain words; ``kind`` may be ``verdict``, ``verdict bad`` or ``warning``."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, a second line of which is a detail; ``ours`` are rows that stand out."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    ours: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """An SVG image, its file's name without ending, and what it shows."""

    name: str
    svg: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Code:
    """Text as it is, a configuration say."""

    text: str
    language: str = "yaml"


Block = Heading | Paragraph | Table | Figure | Code


@dataclass
class Document:
    """Blocks in their order."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    def add(self, *blocks: Block) -> None:
        """Append blocks."""
        self.blocks += blocks

    @property
    def figures(self) -> list[Figure]:
        """Return all images."""
        return [block for block in self.blocks if isinstance(block, Figure)]

    def html(self) -> str:
        """Write one self-contained page."""
        body = "\n".join(_html(block) for block in self.blocks)
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{html.escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n"
            f"<body>\n{body}\n</body>\n</html>\n"
        )

    def markdown(self, figures: Path) -> str:
        """Write the same as Markdown, whose images lie in ``figures``."""
        return "\n\n".join(_markdown(block, figures) for block in self.blocks) + "\n"


def _html(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level}>{html.escape(text)}</h{level}>"
        case Paragraph(text, kind):
            mark = f' class="{kind}"' if kind else ""
            return f"<p{mark}>{html.escape(text)}</p>"
        case Table():
            return _html_table(block)
        case Figure(_, svg, caption):
            said = html.escape(caption)
            source = base64.b64encode(svg).decode()
            return (
                f'<figure><img alt="{said}" src="data:image/svg+xml;base64,{source}">'
                f"<figcaption>{said}</figcaption></figure>"
            )
        case Code(text):
            return f"<pre>{html.escape(text)}</pre>"


def _html_table(table: Table) -> str:
    def inside(cell: str) -> str:
        first, _, detail = html.escape(cell).partition("\n")
        return f"{first}<small>{detail}</small>" if detail else first

    words = _columns_of_words(table)

    def line(cells: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=words' if k in words else ''}>{inside(cell)}</{tag}>"
            for k, cell in enumerate(cells)
        )

    rows = "\n".join(
        f"<tr{' class=ours' if k in table.ours else ''}>{line(row, 'td')}</tr>"
        for k, row in enumerate(table.rows)
    )
    return (
        f'<div class="scroll"><table><caption>{html.escape(table.caption)}</caption>\n'
        f"<thead><tr>{line(table.header, 'th')}</tr></thead>\n"
        f"<tbody>\n{rows}\n</tbody></table></div>"
    )


def _columns_of_words(table: Table) -> set[int]:
    """Return the left-aligned columns: the first, and those without a number in front."""
    columns = zip(*table.rows, strict=True) if table.rows else ()
    filled = ([cell for cell in column if cell] for column in columns)
    return {0} | {k for k, own in enumerate(filled) if own and all(c[0].isalpha() for c in own)}


_MARKS: Final = re.compile(
    r"""[\\`*]                        # escapes, code, emphasis
    | (?<![^\W_])_ | _(?![^\W_])     # emphasis, but not within a word
    | ~(?=~) | \](?=[(\[:])          # struck out, links and images
    | <(?=[A-Za-z/!?]) | &(?=\#?\w+;)  # tags and entities
    | ^[-+>#=](?=[-+>#=\s]|$)         # lists, quotes, headings, rules
    | (?<=^\d)[.)](?=\s) | (?<=^\d\d)[.)](?=\s)
    """,
    re.VERBOSE,
)


def escape_markdown(text: str) -> str:
    """Return one line that shows a text as it is: names of people and files are only text."""
    return _MARKS.sub(lambda found: f"\\{found[0]}", " ".join(text.split("\n")).strip())


def _markdown(block: Block, figures: Path) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escape_markdown(text)}"
        case Paragraph(text, kind):
            said = escape_markdown(text)
            return f"**{said}**" if kind else said
        case Table():
            return _markdown_table(block)
        case Figure(name, _, caption):
            said = escape_markdown(caption)
            return f"![{said}]({figures / name}.svg)\n\n*{said}*"
        case Code(text, language):
            longest = max(map(len, re.findall("`+", text)), default=0)
            fence = "`" * max(3, longest + 1)
            return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _markdown_table(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cells) + " |"

    def strong(cells: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"**{cell}**" if cell else cell for cell in cells)

    def plain(cells: Sequence[str]) -> tuple[str, ...]:
        return tuple(escape_markdown(cell).replace("|", "\\|") for cell in cells)

    words = _columns_of_words(table)
    rule = "|" + "".join("---|" if k in words else "---:|" for k in range(len(table.header)))
    rows = [
        line(strong(plain(row)) if k in table.ours else plain(row))
        for k, row in enumerate(table.rows)
    ]
    caption = f"*{escape_markdown(table.caption)}*"
    return "\n".join([caption, "", line(plain(table.header)), rule, *rows])
