"""The page: its look on paper and in the dark, and the few kinds of blocks that it is made of.

It holds no script and loads nothing. All text passes through `said`, so that names of streams and
markers are text and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from physiosync_rt.run_report.drawing import DARK, FONTS, LIGHT, Drawing
from physiosync_rt.utils.plain_text import plain_text


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{role}: {colour};" for role, colour in colours.items())


def _roles() -> str:
    """Return rules that give the shapes of figures the colours of the page."""
    return "\n".join(
        f"svg text.{role}, svg rect.{role}, svg .range.{role} {{ fill: var(--{role}); }}\n"
        f"svg line.{role}, svg path.{role}:not(.range) {{ stroke: var(--{role}); }}"
        for role in LIGHT
    )


STYLE: Final = f"""
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}
* {{ box-sizing: border-box; }}
html {{ background: var(--ground); }}
body {{ font: 16px/1.5 {FONTS}; color: var(--ink); background: var(--ground); max-width: 68rem;
  margin: 2.5rem auto 4rem; padding: 0 1.5rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.3rem; }}
h2 {{ font-size: 1.2rem; margin: 2.6rem 0 0.5rem; }}
p {{ margin: 0.5rem 0; max-width: 48rem; }}
.muted, figcaption, footer, small {{ color: var(--muted); }}
.notice {{ border-left: 4px solid var(--line); background: var(--shade); padding: 0.6rem 1rem;
  border-radius: 0 6px 6px 0; margin: 0.9rem 0; max-width: none; }}
.notice.alert {{ border-left-color: var(--alert); }}
.alert b, b.alert {{ color: var(--alert); }}
.short {{ font-size: 1.06rem; max-width: 52rem; }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 1.2rem; margin: 1rem 0; }}
dt {{ color: var(--muted); }}
dd {{ margin: 0; }}
figure {{ margin: 0.8rem 0 1.2rem; }}
figure div {{ overflow-x: auto; }}
figure svg {{ display: block; width: 100%; min-width: 46rem; height: auto; }}
svg line {{ stroke-width: 1; }}
figcaption {{ font-size: 0.88rem; max-width: 52rem; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.9rem; margin: 0.6rem 0 1rem; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }}
th {{ color: var(--muted); font-weight: 600; white-space: nowrap; }}
td.words {{ min-width: 6.5rem; overflow-wrap: break-word; }}
th.number, td.number {{ text-align: right; white-space: nowrap; }}
td small {{ display: block; }}
ol.marks {{ list-style: none; padding: 0; margin: 0.6rem 0; columns: 20rem; column-gap: 2rem;
  font-size: 0.9rem; }}
ol.marks li {{ display: grid; grid-template-columns: 3.2rem 4.2rem 1fr; break-inside: avoid;
  padding: 0.12rem 0; font-variant-numeric: tabular-nums; }}
ul {{ padding-left: 1.2rem; max-width: 52rem; }}
footer {{ margin-top: 3rem; padding-top: 0.8rem; border-top: 1px solid var(--line);
  font-size: 0.85rem; }}
{_roles()}
@page {{ margin: 15mm; }}
@media print {{
  :root {{ color-scheme: light; {_variables(LIGHT)} }}
  body {{ margin: 0; padding: 0; max-width: none; font-size: 10.5pt; }}
  figure svg {{ min-width: 0; }}
  .scroll, figure div {{ overflow: visible; }}
  th, th.number, td.number {{ white-space: normal; }}
  h2 {{ break-after: avoid; }}
  figure, tr, .notice {{ break-inside: avoid; }}
}}
"""


def said(text: str) -> str:
    """Return a text as HTML that shows it as it is."""
    return escape(plain_text(text))


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; ``kind`` is a class of the style."""
    return f'<p class="{kind}">{said(text)}</p>' if kind else f"<p>{said(text)}</p>"


def notice(head: str, text: str, *, alert: bool = False) -> str:
    """Return a paragraph that is not overlooked."""
    kind = "notice alert" if alert else "notice"
    return f'<p class="{kind}"><b>{said(head)}</b> {said(text)}</p>'


def terms(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and what they are; those without a value are left out."""
    body = "\n".join(f"<dt>{said(k)}</dt><dd>{said(v)}</dd>" for k, v in pairs if v)
    return f"<dl>\n{body}\n</dl>"


def items(texts: Iterable[str]) -> str:
    """Return a list."""
    body = "\n".join(f"<li>{said(text)}</li>" for text in texts)
    return f"<ul>\n{body}\n</ul>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """Return a table.

    Parameters
    ----------
    header : sequence of str
    rows : iterable of sequence of str
        Cells; what follows a line break is a detail in small letters.
    numbers : iterable of int
        Columns that are set flush right.
    """
    right = frozenset(numbers)

    def line(cells: Sequence[str], tag: str) -> str:
        parts = []
        for k, cell in enumerate(cells):
            first, _, detail = cell.partition("\n")
            inside = said(first) + (f"<small>{said(detail)}</small>" if detail else "")
            kind = "number" if k in right else "words"
            parts.append(f'<{tag} class="{kind}">{inside}</{tag}>')
        return f"<tr>{''.join(parts)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return (
        f'<div class="scroll"><table>\n<thead>{line(header, "th")}</thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def numbered(entries: Iterable[tuple[str, str, str]]) -> str:
    """Return a list in columns: a number, a time and a text for each entry."""
    body = "\n".join(
        f"<li><b>{said(number)}</b><span>{said(at)}</span><span>{said(text)}</span></li>"
        for number, at, text in entries
    )
    return f'<ol class="marks">\n{body}\n</ol>'


def figure(drawing: Drawing, caption: str) -> str:
    """Return a figure with what it shows."""
    return f"<figure><div>{drawing.svg()}</div>\n<figcaption>{said(caption)}</figcaption></figure>"


def section(heading: str, *blocks: str) -> str:
    """Return a section of the page."""
    return "\n".join((f"<section>\n<h2>{said(heading)}</h2>", *filter(None, blocks), "</section>"))


def whole_page(title: str, body: Iterable[str]) -> str:
    """Return the page, which needs no other file."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever a text might smuggle in, a browser runs and loads nothing.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{said(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, body))
        + "\n</body>\n</html>\n"
    )
