"""What the run is of, what it came to, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator

from physiosync_rt.run_report import page
from physiosync_rt.run_report.read_run import Run
from physiosync_rt.run_report.run_words import (
    counted,
    in_short,
    signals_are_simulated,
    source_text,
    when_text,
)
from physiosync_rt.views.wording import clock


def head(run: Run) -> str:
    """Return the title, what the bundle and the signals are of, and the facts of the run."""
    facts = run.facts
    person = facts.person or {}
    title = facts.title or "bundle not known"
    begin, end = when_text(run.first_utc), when_text(run.last_utc)
    baseline = facts.baseline_from
    pairs = [
        ("bundle", f"{title} ({facts.name}, {facts.digest})" if facts.name else title),
        ("trained on", facts.trained_on),
        *person.items(),
        ("source", source_text(run)),
        ("time", f"{begin} to {end}" if begin else ""),
        ("made", "" if begin else when_text(facts.started)),
        ("duration", f"{clock(run.span_s)}, {counted(len(run), 'rows')}"),
        ("baseline at rest", baseline),
        ("file", run.path.name),
    ]
    return "\n".join((f"<h1>{page.said(_title(run))}</h1>", *_warnings(run), page.terms(pairs)))


def _title(run: Run) -> str:
    person = run.facts.person or {}
    named = [f"{key} {person[key]}" for key in ("participant", "session") if key in person]
    return " ".join(("Run", run.path.stem, *([f"({', '.join(named)})"] if named else ())))


def _warnings(run: Run) -> Iterator[str]:
    facts = run.facts
    if facts.simulated:
        yield page.notice(
            "Simulated training.",
            "The bundle was trained on simulated signals: its predictions say nothing of a real "
            "person.",
            alert=True,
        )
    elif facts.simulated is None:
        yield page.notice(
            "Training not known.",
            "The run's files do not say what the bundle was trained on, so what a prediction is "
            "worth is not known.",
            alert=True,
        )
    else:
        yield page.notice("Trained on people.", f"{facts.trained_on or 'More is not known'}.")
    if signals_are_simulated(run):
        yield page.notice("Simulated signals.", "Nobody was measured in this run.", alert=True)
    if facts.no_proof:
        yield page.notice(
            "No proof.",
            "The bundle was calibrated with this very recording, so the run does not show what it "
            "is worth.",
            alert=True,
        )
    if meaning := facts.meaning:
        said = "; ".join(
            f"the column {column} means {what}" for column, (_, what) in meaning.items()
        )
        yield page.notice("Not about emotion.", f"In this bundle {said}.")


def summary(run: Run) -> str:
    """Return the run in a paragraph, and what was odd about its files."""
    odd = page.items(run.notes) if run.notes else ""
    label = page.paragraph("About the files:", "muted") if odd else ""
    return page.section("In short", page.paragraph(in_short(run), "short"), label, odd)


def made_by(run: Run) -> str:
    """Return settings, versions and where the page comes from."""
    facts = run.facts
    settings = "; ".join(f"{key} {value}" for key, value in (facts.settings or {}).items())
    versions = ", ".join(f"{key} {value}" for key, value in (facts.versions or {}).items())
    pairs = [
        ("settings", settings),
        ("preprocessing", f"profile {facts.profile}" if facts.profile else ""),
        (
            "begun, ended",
            " to ".join(filter(None, map(when_text, (facts.started, facts.finished)))),
        ),
        ("versions", versions),
    ]
    if not any(value for _, value in pairs):
        return ""
    return page.section("How it was made", page.terms(pairs))
