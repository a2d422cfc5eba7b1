"""How the signals came: quality, streams, electrodes and latency."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import shorten
from physiosync_rt.run_report import page
from physiosync_rt.run_report.drawing import Drawing
from physiosync_rt.run_report.latency_figure import latencies, quantiles
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.run_words import percent, resolution
from physiosync_rt.run_report.signal_figure import signal_strips
from physiosync_rt.views.wording import number, rare_counts, unit_text


def signals(run: Run, drawing: Drawing | None) -> str:
    """Return quality and completeness, and what became of the electrodes."""
    shown = ""
    if drawing is not None:
        caption = [
            "Quality of the signals and share of samples that arrived, over each row's window.",
            "Below the gate a signal is not used." if run.facts.min_quality else "",
            resolution(run),
        ]
        shown = page.figure(drawing, " ".join(filter(None, caption)))
    rows = []
    for title, column in signal_strips(run):
        values = run.numbers[column][np.isfinite(run.numbers[column])]
        low, middle = np.percentile(values, (5, 50))
        rows.append((title, number(middle), number(low), number(float(values.min()))))
    header = ("in [0, 1]", "median", "5 % of rows below", "least")
    measures = page.table(header, rows, (1, 2, 3)) if rows else ""
    return page.section("Signals", shown, measures, _electrodes(run))


def _electrodes(run: Run) -> str:
    facts = run.facts
    said = []
    if facts.interpolated:
        n = len(facts.interpolated)
        said.append(
            f"{facts.n_electrodes - n} of the bundle's {facts.n_electrodes} electrodes were "
            f"measured; interpolated: {shorten(', '.join(facts.interpolated), 300)}."
        )
    elif facts.n_electrodes:
        said.append(f"All {facts.n_electrodes} electrodes of the bundle were measured.")
    if bad := facts.bad_electrodes_s:
        named = [f"{name} {seconds:.0f} s" for name, seconds in list(bad.items())[:12]]
        more = f" and {len(bad) - 12} more" if len(bad) > 12 else ""
        said.append(f"Bad while worn, and interpolated then: {', '.join(named)}{more}.")
    return page.paragraph(" ".join(said)) if said else ""


def streams(run: Run) -> str:
    """Return what became of each stream's samples."""
    found = run.facts.streams
    if not found:
        return ""
    rows = []
    for stream in found:
        unit, name = unit_text(stream.unit), shorten(stream.name, 60)
        what = f"{stream.modality}, {stream.n_channels} ch, {number(stream.sfreq, 0)} Hz, {unit}"
        stats = stream.stats
        if stats is None:
            rows.append((f"{name}\n{what}", *["–"] * 7))
            continue
        drift = "" if stats.drift_ppm is None else f", drift {stats.drift_ppm:+.0f} ppm"
        rows.append(
            (
                f"{name}\n{what}",
                f"{stats.received:,}",
                f"{stats.lost:,}\n{percent(stats.lost, stats.sent)}",
                f"{stats.gaps:,}",
                f"{stats.delivered_late:,}",
                f"{stats.duplicates:,}",
                f"{number(stats.sfreq_effective, 2)} Hz\njitter {stats.jitter_ms:.1f} ms{drift}",
                _others(stats),
            )
        )
    header = (
        *("stream", "received", "lost", "gaps", "late", "duplicates"),
        *("measured", "other"),
    )
    note = ""
    if not run.facts.is_complete:
        note = page.paragraph("The run did not end by itself, so it counted nothing.", "muted")
    return page.section("Streams", note, page.table(header, rows, range(1, 7)))


def _others(stats: StreamStats) -> str:
    """Return the counts without a column of their own that are not zero."""
    rare = {word: n for word, n in rare_counts(stats).items() if word != "duplicates"}
    return ", ".join(f"{n:,} {word}" for word, n in rare.items() if n) or "–"


def latency(run: Run, drawing: Drawing | None) -> str:
    """Return how late rows were."""
    if not len(run):
        return ""
    rows = []
    for column, said in (
        ("latency_ms", "from the end of the window to the prediction"),
        ("sample_age_ms", "age of the newest sample"),
        ("infer_ms", "in the network"),
    ):
        if found := quantiles(latencies(run, column)):
            numbers = (found.p50, found.p95, found.p99, found.most)
            rows.append((said, *(f"{ms:.1f}" for ms in numbers), f"{found.n:,}"))
    header = ("ms", "median", "95 %", "99 %", "most", "rows")
    shown = page.table(header, rows, range(1, 6)) if rows else ""
    if drawing is None:
        text = (
            "There is no latency: the run did not follow a clock (a recording, as fast as it goes)."
        )
        return page.section("Latency", page.paragraph(text), shown)
    caption = "Rows with a prediction by their latency."
    return page.section("Latency", page.figure(drawing, caption), shown)
