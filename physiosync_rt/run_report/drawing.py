"""Draw a figure as SVG: lines, areas, bars and words on one time axis, in named colours.

Every shape has a role. Its light colour stands in the shape itself, so that a figure is whole as a
file of its own; a page gives the roles other colours in the dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.run_report.envelope import Envelope
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views import palette
from physiosync_rt.views.wording import clock

WIDTH: Final = 1000
LEFT: Final = 172
RIGHT: Final = 104
TEXT_PIXELS: Final = 12

LIGHT: Final = {
    "ground": "#ffffff",
    "ink": "#1b222c",
    "muted": "#566170",
    "line": "#d5dae1",
    "shade": "#e6e9ee",
    "valence": "#8f5600",
    "arousal": "#1a5fb0",
    "fine": "#2b7355",
    "alert": "#b3362b",
}
"""Colours on paper, by role."""

DARK: Final = {
    "ground": "#14191f",
    "ink": "#e7eaee",
    "muted": "#98a3b1",
    "line": "#343e4a",
    "shade": "#262e38",
    "valence": palette.VALENCE,
    "arousal": palette.AROUSAL,
    "fine": palette.FINE,
    "alert": palette.ALERT,
}
"""Colours in the dark: those of the dashboard."""

FONTS: Final = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"

_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
_CHAR: Final = 0.56
"""Width of a character as a share of its height, on average."""


def text_width(text: str, pixels: int = TEXT_PIXELS) -> float:
    """Return about how wide a text is drawn."""
    return len(text) * pixels * _CHAR


def time_ticks(span_s: float, most: int = 9) -> list[float]:
    """Return times in seconds, evenly spaced on round numbers, from 0 on."""
    if span_s <= 0:
        return [0.0]
    step = next((float(s) for s in _STEPS_S if span_s / s <= most), 0.0)
    if not step:
        step = 86400.0 * np.ceil(span_s / 86400.0 / most)
    return [float(t) for t in np.arange(0.0, span_s + step / 1e6, step)]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a figure in which a value from 0 to 1 is drawn against time."""

    top: float
    height: float
    span_s: float

    def x(self, seconds: float) -> float:
        """Return where a time is."""
        share = seconds / self.span_s if self.span_s > 0 else 0.0
        return LEFT + float(min(max(share, 0.0), 1.0)) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value is."""
        return self.top + (1.0 - float(min(max(value, 0.0), 1.0))) * self.height


class Drawing:
    """Shapes of one figure, from back to front.

    Parameters
    ----------
    height : float
    title : str
        What a person hears who cannot see it.
    """

    def __init__(self, height: float, title: str) -> None:
        self.height = height
        self.title = plain_text(title)
        self._parts: list[str] = []

    def svg(self) -> str:
        """Return the figure, to stand in a page or in a file of its own."""
        size = f'viewBox="0 0 {WIDTH} {self.height:g}" width="{WIDTH}" height="{self.height:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f"aria-label={quoteattr(self.title)} font-family={quoteattr(FONTS)}>\n"
            + "\n".join(self._parts)
            + "\n</svg>"
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        role: str = "muted",
        anchor: str = "start",
        pixels: int = TEXT_PIXELS,
        bold: bool = False,
    ) -> None:
        """Write a text whose baseline is at ``y``."""
        weight = ' font-weight="600"' if bold else ""
        self._parts.append(
            f'<text class="{role}" fill="{LIGHT[role]}" x="{x:.1f}" y="{y:.1f}" '
            f'font-size="{pixels}" text-anchor="{anchor}"{weight}>{escape(plain_text(text))}</text>'
        )

    def rectangle(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        role: str,
        *,
        name: str = "",
        title: str = "",
        opacity: float = 1.0,
    ) -> None:
        """Fill a rectangle; ``title`` shows when a pointer rests on it."""
        # What is too narrow to be seen is drawn as narrow as can be seen.
        width = max(x[1] - x[0], 1.0)
        inside = f"<title>{escape(plain_text(title))}</title>" if title else ""
        see_through = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        self._parts.append(
            f'<rect class="{f"{role} {name}".strip()}" fill="{LIGHT[role]}" x="{x[0]:.2f}" '
            f'y="{y[0]:.1f}" width="{width:.2f}" height="{y[1] - y[0]:.1f}"{see_through}>'
            f"{inside}</rect>"
        )

    def line(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        role: str = "line",
        *,
        name: str = "",
        dashed: bool = False,
        title: str = "",
        opacity: float = 1.0,
    ) -> None:
        """Draw a thin straight line."""
        dashes = ' stroke-dasharray="4 4"' if dashed else ""
        dashes += f' stroke-opacity="{opacity:g}"' if opacity < 1 else ""
        inside = f"<title>{escape(plain_text(title))}</title>" if title else ""
        self._parts.append(
            f'<line class="{f"{role} {name}".strip()}" stroke="{LIGHT[role]}" x1="{x[0]:.1f}" '
            f'x2="{x[1]:.1f}" y1="{y[0]:.1f}" y2="{y[1]:.1f}"{dashes}>{inside}</line>'
        )

    def course(
        self,
        panel: Panel,
        found: Envelope,
        role: str,
        *,
        name: str,
        dashed: bool = False,
        width: float = 2.0,
    ) -> None:
        """Draw a course as a line, with a band from its least to its greatest values."""
        if not len(found.x):
            return
        if found.step_s and (found.high > found.low).any():
            self._parts.append(
                f'<path class="{role} {name}-range range" fill="{LIGHT[role]}" fill-opacity="0.22" '
                f'd="{_band(panel, found)}"/>'
            )
        dashes = ' stroke-dasharray="2 5"' if dashed else ""
        self._parts.append(
            f'<path class="{role} {name}" fill="none" stroke="{LIGHT[role]}" '
            f'stroke-width="{width:g}" stroke-linecap="round" stroke-linejoin="round"{dashes} '
            f'd="{_line(panel, found)}"/>'
        )

    def scale(self, panel: Panel, levels: Iterable[float], dashed_at: float | None = None) -> None:
        """Draw horizontal lines at some values, with the numbers at their left."""
        for level in levels:
            y = panel.y(level)
            dashed = level == dashed_at
            self.line((LEFT, WIDTH - RIGHT), (y, y), dashed=dashed)
            self.text(LEFT - 8, y + 4, f"{level:g}", anchor="end", pixels=11)

    def time_axis(self, panel: Panel, y: float) -> None:
        """Write the times of the run below the panels."""
        for seconds in time_ticks(panel.span_s):
            x = panel.x(seconds)
            self.line((x, x), (y - 14, y - 10))
            self.text(x, y, clock(seconds), anchor="middle", pixels=11)


def spread(wanted: Sequence[float], apart: float, least: float, most: float) -> list[float]:
    """Move places apart as far as labels need, keeping their order, within limits."""
    order = np.argsort(wanted, kind="stable")
    placed = [0.0] * len(wanted)
    y = least
    for i in order:
        y = placed[i] = max(wanted[i], y)
        y += apart
    limit = most
    for i in order[::-1]:
        limit = placed[i] = min(placed[i], limit)
        limit -= apart
    return placed


def _line(panel: Panel, found: Envelope) -> str:
    xs, ys = _places(panel, found.x, found.middle)
    # A point by itself is a dot: the line's round end.
    alone = ~found.follows & ~np.append(found.follows[1:], False)
    words = []
    for x, y, follows, is_alone in zip(xs, ys, found.follows, alone, strict=True):
        words.append(f"{'L' if follows else 'M'}{x:.1f} {y:.1f}{'h.01' if is_alone else ''}")
    return "".join(words)


def _band(panel: Panel, found: Envelope) -> str:
    xs, highs = _places(panel, found.x, found.high)
    _, lows = _places(panel, found.x, found.low)
    pieces = np.split(np.arange(len(xs)), np.flatnonzero(~found.follows)[1:])
    words = []
    for piece in pieces:
        there = [f"{xs[i]:.1f} {highs[i]:.1f}" for i in piece]
        back = [f"{xs[i]:.1f} {lows[i]:.1f}" for i in piece[::-1]]
        words.append(f"M{'L'.join((*there, *back))}Z")
    return "".join(words)


def _places(panel: Panel, t: FloatArray, values: FloatArray) -> tuple[list[float], list[float]]:
    return [panel.x(s) for s in t.tolist()], [panel.y(v) for v in values.tolist()]
