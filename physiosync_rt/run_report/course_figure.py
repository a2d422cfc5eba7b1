"""The course of a run: what was predicted and how surely, what was withheld, markers and rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from physiosync_rt.datatypes import shorten
from physiosync_rt.run_report.drawing import LEFT, RIGHT, WIDTH, Drawing, Panel, spread, text_width
from physiosync_rt.run_report.envelope import envelope
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.stretches import Kind, Stretch, partly, thin_out
from physiosync_rt.views.wording import clock

MOST_DRAWN: Final = 1500
"""So many stretches are drawn one by one; of more, those that lie side by side are joined."""

_TOP: Final = 34
_COURSE: Final = 230
_CONFIDENCE: Final = 54
_LANE: Final = 22
_LANE_CHARS: Final = 24
_MOST_LANES: Final = 14
_MARKER_CHARS: Final = 120
_MOST_LINES: Final = 150
"""Of more markers, the lines would hide the course; they stand above it then."""


def draw_course(run: Run, stretches: Sequence[Stretch]) -> Drawing:
    """Draw the course of a run.

    Parameters
    ----------
    run : Run
    stretches : sequence of Stretch
        All of them, as `find_stretches` gives them.
    """
    stretches = drawn_stretches(run, stretches)
    lanes = _lanes(run, stretches)
    sure = bool(np.isfinite(run.numbers["confidence"]).any())
    below = _TOP + _COURSE + 26
    lanes_top = below + (_CONFIDENCE + 22 if sure else 0)
    height = lanes_top + _LANE * len(lanes) + 26
    drawing = Drawing(height, f"Course of the run: {', '.join(map(run.name_of, run.targets))}")
    panel = Panel(_TOP, _COURSE, run.span_s)
    bottom = lanes_top + _LANE * len(lanes)
    _shade(drawing, panel, stretches)
    drawing.scale(panel, (0.0, 0.5, 1.0), dashed_at=0.5)
    drawing.text(LEFT - 34, _TOP + 4, "P(high)", anchor="end", pixels=11)
    _markers(drawing, panel, run, bottom)
    _targets(drawing, panel, run)
    if sure:
        strip = Panel(below, _CONFIDENCE, run.span_s)
        drawing.scale(strip, (0.0, 0.5, 1.0), dashed_at=0.5)
        drawing.text(LEFT - 34, below + 4, "confidence", anchor="end", pixels=11)
        found = envelope(run.t, run.numbers["confidence"], run.valid, run.hop_s, run.span_s)
        drawing.course(strip, found, "muted", name="confidence", width=1.4)
    for k, (name, role, bars) in enumerate(lanes):
        top = lanes_top + _LANE * k
        drawing.text(LEFT - 8, top + 14, shorten(name, _LANE_CHARS), role="ink", anchor="end")
        drawing.line((LEFT, WIDTH - RIGHT), (top + 10, top + 10))
        for bar in bars:
            spot = panel.x(bar.start), panel.x(bar.stop)
            drawing.rectangle(
                spot,
                (top + 4, top + 16),
                role,
                name="lane",
                title=_said(bar),
                opacity=0.45 if bar.kind is Kind.PARTLY else 1.0,
            )
    drawing.time_axis(panel, height - 8)
    return drawing


def drawn_stretches(run: Run, found: Sequence[Stretch]) -> Sequence[Stretch]:
    """Return the stretches to draw: all of them, or joined where they are too many to be seen."""
    if len(found) <= MOST_DRAWN:
        return found
    kinds = dict.fromkeys((each.kind, each.why) for each in found)
    of_kind = ([each for each in found if (each.kind, each.why) == kind] for kind in kinds)
    closer_s = run.span_s / (WIDTH - LEFT - RIGHT)
    return [each for same in of_kind for each in thin_out(same, closer_s)]


def _shade(drawing: Drawing, panel: Panel, stretches: Sequence[Stretch]) -> None:
    """Shade what has no prediction, and write the reason where there is room."""
    y = panel.top, panel.top + panel.height
    for each in stretches:
        if each.kind not in (Kind.WITHHELD, Kind.NO_ROWS):
            continue
        x = panel.x(each.start), panel.x(each.stop)
        role = "shade" if each.kind is Kind.WITHHELD else "line"
        drawing.rectangle(x, y, role, name=str(each.kind), title=_said(each))
        if text_width(each.why, 11) + 8 < x[1] - x[0]:
            drawing.text(sum(x) / 2, y[1] - 8, each.why, anchor="middle", pixels=11)


def _targets(drawing: Drawing, panel: Panel, run: Run) -> None:
    """Draw each target, dotted where it comes from one modality alone, and name it at its end."""
    bridged = partly(run)
    ends = []
    for target in run.targets:
        values = run.numbers[target]
        for among, name in ((run.valid & ~bridged, "whole"), (run.valid & bridged, "partly")):
            found = envelope(run.t, values, among, run.hop_s, run.span_s)
            drawing.course(
                panel, found, target, name=f"course-{target}-{name}", dashed=name == "partly"
            )
        ends.append(panel.y(float(values[run.valid & np.isfinite(values)][-1])))
    for target, y in zip(run.targets, spread(ends, 18, _TOP + 6, _TOP + _COURSE), strict=True):
        name = shorten(run.name_of(target), 15)
        drawing.text(WIDTH - RIGHT + 10, y + 4, name, role=target, bold=True)


def _markers(drawing: Drawing, panel: Panel, run: Run, bottom: float) -> None:
    """Draw a line for each marker, and its number in the table where there is room."""
    marked = [(panel.x(float(run.t[i])), i) for i, cell in enumerate(run.markers) if cell]
    many = len(marked) > _MOST_LINES
    y = (_TOP - 10, _TOP - 2) if many else (_TOP - 8, bottom)
    free_from = 0.0
    taken = -1.0
    for n, (x, i) in enumerate(marked, 1):
        # Lines nearer than half a pixel are one line.
        if x - taken >= 0.5:
            title = shorten(f"{n} at {clock(float(run.t[i]))}: {run.markers[i]}", _MARKER_CHARS)
            drawing.line((x, x), y, "muted", name="marker", title=title, opacity=0.45)
            taken = x
        half = text_width(str(n), 11) / 2 + 3
        if x - half >= free_from:
            drawing.text(x, _TOP - 14, str(n), role="ink", anchor="middle", pixels=11)
            free_from = x + half


def _lanes(run: Run, stretches: Sequence[Stretch]) -> list[tuple[str, str, list[Stretch]]]:
    """Return names, roles and bars of the lanes below: rest, each reason, each modality alone."""
    lanes: dict[tuple[Kind, str], list[Stretch]] = {}
    for each in stretches:
        if each.kind is not Kind.WHOLE:
            lanes.setdefault((each.kind, each.why), []).append(each)
    order = sorted(lanes.items(), key=lambda lane: (list(Kind).index(lane[0][0]), lane[1][0].start))
    found = [(why, _ROLES[kind], bars) for (kind, why), bars in order]
    if len(found) > _MOST_LANES:
        rest = [bar for _, _, bars in found[_MOST_LANES - 1 :] for bar in bars]
        found = [*found[: _MOST_LANES - 1], ("other reasons", "muted", rest)]
    if bar := rest_stretch(run):
        found.insert(0, ("rest (baseline)", "fine", [bar]))
    return found


_ROLES: Final = {Kind.PARTLY: "muted", Kind.WITHHELD: "muted", Kind.NO_ROWS: "alert"}


def rest_stretch(run: Run) -> Stretch | None:
    """Return where the rest was taken from, as far as the run's files tell.

    Seconds that could not be used make it longer than was asked for: it lasts until the last row
    that still waited for it.
    """
    rest = run.facts.rest
    if rest is None or not len(run) or not 0 <= rest.start_s < run.span_s:
        return None
    stop = rest.stop_s
    if stop is None:
        waited = [t for t, why in zip(run.t, run.reasons, strict=True) if why == "no_baseline"]
        stop = max([rest.start_s + rest.need_s, *waited[-1:]])
    stop = min(float(stop), run.span_s)
    if stop <= rest.start_s:
        return None
    return Stretch(Kind.WHOLE, rest.start_s, stop, "rest (baseline)", "", 0)


def _said(stretch: Stretch) -> str:
    several = f", {stretch.n_stretches} stretches" if stretch.n_stretches > 1 else ""
    span = f"{clock(stretch.start)} to {clock(stretch.stop)}"
    return f"{stretch.why}: {span}{several}"
