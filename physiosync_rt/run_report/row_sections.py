"""What the rows say: the course, what was withheld and why, markers and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from physiosync_rt.datatypes import shorten
from physiosync_rt.run_report import page
from physiosync_rt.run_report.course_figure import MOST_DRAWN, rest_stretch
from physiosync_rt.run_report.drawing import Drawing
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.run_words import length, percent, resolution
from physiosync_rt.run_report.stretches import Kind, Stretch, advice_text
from physiosync_rt.views.wording import QUADRANTS, clock

MOST_LISTED: Final = 500
"""So many markers and events are listed; the CSV and the JSON have all of them."""

_MARKER_CHARS: Final = 160


def course(run: Run, stretches: Sequence[Stretch], drawing: Drawing) -> str:
    """Return the course, and how often each quadrant was said."""
    kinds = {each.kind for each in stretches}
    caption = [
        "Probability that each is high, by the network.",
        "Shaded: no prediction, with the reason below.",
        "Darker: no rows in the log." if Kind.NO_ROWS in kinds else "",
        "Dotted: from one modality alone." if Kind.PARTLY in kinds else "",
        resolution(run),
        f"{len(stretches):,} stretches; those too close to be seen apart are drawn as one."
        if len(stretches) > MOST_DRAWN
        else "",
        "Thin lines: markers, numbered as below where there is room." if any(run.markers) else "",
    ]
    shown = page.figure(drawing, " ".join(filter(None, caption)))
    return page.section("Course", shown, _quadrants(run))


def _quadrants(run: Run) -> str:
    if run.facts.meaning or len(run.targets) < 2:
        return ""
    valid = [q for q, is_valid in zip(run.quadrants, run.valid, strict=True) if is_valid]
    counts = Counter(valid)
    rows = [
        (f"{word} ({meaning})", f"{counts[name]:,}", percent(counts[name], len(valid)))
        for name, (word, meaning) in QUADRANTS.items()
    ]
    if unsure := len(valid) - sum(counts[name] for name in QUADRANTS):
        rows.append(("no quadrant was said", f"{unsure:,}", percent(unsure, len(valid))))
    table = page.table(("quadrant", "rows", "share of predicted"), rows, (1, 2))
    if not run.facts.margin:
        return table
    rule = (
        "A quadrant is said where both probabilities are at least "
        f"{run.facts.margin:.2g} away from one half, the bundle's margin."
    )
    return table + page.paragraph(rule, "muted")


def withheld(run: Run, stretches: Sequence[Stretch]) -> str:
    """Return what the rows were made from or why there is no prediction, and what to do."""
    if not len(run):
        return ""
    groups: dict[tuple[Kind, str], list[Stretch]] = {}
    for each in stretches:
        groups.setdefault((each.kind, each.why), []).append(each)
    order = sorted(groups.items(), key=lambda g: (list(Kind).index(g[0][0]), -_rows_of(g[1])))
    rows = [
        (
            f"{'predicted ' if kind in (Kind.WHOLE, Kind.PARTLY) else ''}{why}",
            f"{_rows_of(found):,}",
            length(sum(each.seconds for each in found)),
            percent(_rows_of(found), len(run)) if kind is not Kind.NO_ROWS else "–",
            f"{len(found):,}",
            _meaning(run, kind, found[0]),
        )
        for (kind, why), found in order
    ]
    header = ("rows", "number", "time", "share", "stretches", "what it means, what to do")
    return page.section(
        "What was predicted, what was withheld", page.table(header, rows, range(1, 5))
    )


def _rows_of(stretches: list[Stretch]) -> int:
    return sum(each.n_rows for each in stretches)


def _meaning(run: Run, kind: Kind, stretch: Stretch) -> str:
    if kind is Kind.WHOLE:
        return "Every signal that the bundle takes could be used."
    if kind is Kind.NO_ROWS:
        return "The log has a hole here: rows were lost, or removed from the file."
    if kind is Kind.PARTLY:
        missing_eeg = stretch.reason == "no_eeg"
        counts = {
            what: n
            for what, n in (run.facts.left_out or {}).items()
            if what.startswith("EEG") == missing_eeg
        }
        why = ", ".join(f"{what.replace('_', ' ')} {n:.0f} rows" for what, n in counts.items())
        because = f" ({why})" if why else ""
        return f"The other signal could not be used{because}; confidence is lowered."
    return advice_text(stretch.reason)


def markers(run: Run) -> str:
    """Return the markers by their numbers, and how often each occurs where they are many."""
    marked = [(float(t), cell) for t, cell in zip(run.t, run.markers, strict=True) if cell]
    if not marked:
        return ""
    entries = (
        (str(n), clock(t), shorten(text, _MARKER_CHARS))
        for n, (t, text) in enumerate(marked[:MOST_LISTED], 1)
    )
    more, often = "", ""
    if len(marked) > MOST_LISTED:
        more = page.paragraph(
            f"The first {MOST_LISTED} of {len(marked)} rows with markers; the CSV has all.", "muted"
        )
        common = Counter(shorten(text, _MARKER_CHARS) for _, text in marked).most_common(20)
        counted = [(text, str(n)) for text, n in common if n > 1]
        often = page.table(("most frequent", "rows"), counted, (1,)) if counted else ""
    note = page.paragraph(
        "Times are those of the row that carries the marker, which ends at most one hop later.",
        "muted",
    )
    return page.section("Markers", note, often, page.numbered(entries), more)


def events(run: Run, stretches: Sequence[Stretch]) -> str:
    """Return what happened, in order of time."""
    timed = [(each.start, _happened(each)) for each in stretches if _is_event(each)]
    if rest := rest_stretch(run):
        timed.append((rest.start, f"rest, to {clock(rest.stop)}"))
    timed += [(at, said) for at, said in run.facts.events if at is not None]
    timed.sort(key=lambda event: event[0])
    standing = [said for at, said in run.facts.events if at is None]
    if not run.facts.events:
        standing = list(run.facts.told)
    if not timed and not standing:
        return ""
    shown = [(clock(at), shorten(said, 300)) for at, said in timed[:MOST_LISTED]]
    more = ""
    if len(timed) > MOST_LISTED:
        more = page.paragraph(f"The first {MOST_LISTED} of {len(timed)}.", "muted")
    parts = ""
    if run.facts.n_logs > 1:
        said = (
            "The rows went to several files: what the streams did is placed from the beginning of "
            "the run, rows from the beginning of this file."
        )
        parts = page.paragraph(said, "muted")
    lists = page.items(standing), page.table(("time", "event"), shown) if shown else ""
    return page.section("Events", parts, lists[0] if standing else "", lists[1], more)


def _is_event(stretch: Stretch) -> bool:
    return stretch.kind is not Kind.WHOLE


def _happened(stretch: Stretch) -> str:
    seconds = f"for {length(stretch.seconds)}"
    if stretch.kind is Kind.PARTLY:
        return f"predicted {stretch.why} {seconds}"
    if stretch.kind is Kind.NO_ROWS:
        return f"{stretch.why} {seconds}"
    return f"no prediction {seconds}: {stretch.why}"
