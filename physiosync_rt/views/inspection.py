"""What is in a recording, in a bundle or in sight, as text and tables for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from physiosync_rt.bundle.card import Card, Score, digest
from physiosync_rt.bundle.personal import Personal
from physiosync_rt.datatypes import shorten
from physiosync_rt.errors import LONGEST_LINE
from physiosync_rt.formats.limits import rate_problem
from physiosync_rt.lsl.discovery import SeenStream
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.resources import bundle_names, bundle_path
from physiosync_rt.views.wording import STREAM_COUNTS


def recording_text(facts: dict[str, Any]) -> Group:
    """Facts of `recording_facts` for a person: a paragraph per stream, then the rest."""
    parts: list[Text | Padding] = [
        Text(plain_text(facts["file"] or facts["subject"]), style="bold")
    ]
    for stream in facts["streams"]:
        parts += [Text(), *_stream_lines(stream)]
    segments = facts["segments"]
    lines = [f"{m['n']} markers in {m['name']}" for m in facts["markers"]]
    if any(segments.values()):
        lines.append(f"{segments['baseline']} baseline and {segments['trial']} trial segments")
    lines += [f"done to it before: {step}" for step in facts["history"]]
    lines += [f"note: {note}" for note in facts["notes"]]
    parts.append(Text())
    parts += [Text(plain_text(line)) for line in lines]
    return Group(*parts)


def log_text(facts: dict[str, Any]) -> Group:
    """Facts of `sinks.read_log.log_facts` for a person."""
    rows, valid = facts["rows"], facts["valid"]
    share = f" ({100 * facts['valid_share']:.0f} %)" if rows else ""
    lines = [f"log of predictions: {rows} rows over {facts['span_s']:.0f} s"]
    if facts["first_utc"]:
        lines.append(f"from {facts['first_utc']} to {facts['last_utc']}")
    lines.append(f"{valid} rows with a prediction{share}{_counted('from', facts['modalities'])}")
    if facts["reasons"]:
        lines.append(f"{rows - valid} rows without one{_counted('because of', facts['reasons'])}")
    if facts["quadrants"]:
        lines.append(f"quadrants{_counted('', facts['quadrants'])}")
    if facts["mean"]:
        means = ", ".join(f"{name} {value:.2f}" for name, value in facts["mean"].items())
        lines.append(f"on average {means}")
    if facts["markers"]:
        lines.append(f"{facts['markers']} rows with a marker")
    run = facts["run"]
    if bundle := run.get("bundle"):
        lines.append(f"bundle: {bundle.get('title')} ({bundle.get('name')}, {bundle.get('hash')})")
        lines += [f"{target} is {said}" for target, said in bundle.get("meaning", {}).items()]
        if bundle.get("simulated"):
            lines.append("trained on simulated signals: it says nothing of a real person")
    if streams := run.get("streams"):
        names = (f"{s.get('name')} ({s.get('modality')}, {s.get('sfreq')} Hz)" for s in streams)
        lines.append(f"streams: {', '.join(names)}")
    if run.get("baseline_from"):
        lines.append(f"baseline: {run['baseline_from']}")
    lines += [f"note: {note}" for note in (*run.get("told", ()), *facts["notes"])]
    return Group(Text(facts["file"], style="bold"), Text(), *map(Text, lines))


def _counted(word: str, counts: dict[str, int]) -> str:
    """Return counts as words: `` from EEG+GSR 12, EEG 3``."""
    said = ", ".join(f"{what} {n}" for what, n in counts.items())
    return f" {word} {said}".replace("  ", " ") if said else ""


def _stream_lines(s: dict[str, Any]) -> list[Text | Padding]:
    rate = f"{s['sfreq']:g} Hz" if s["sfreq"] else "irregular"
    if abs(s.get("sfreq_effective", s["sfreq"]) - s["sfreq"]) > 0.01:
        rate += f" (measured {s['sfreq_effective']:.2f})"
    unit = s["unit"] or "unit not known"
    what = [s["modality"], unit, f"{len(s['ch_names'])} ch", rate, f"{s['duration_s']:.1f} s"]
    lines: list[Text | Padding] = [
        Text(plain_text(s["name"]), style="bold"),
        _indented(", ".join(what)),
    ]
    if s["range"]:
        lines.append(_indented(" · ".join(_amplitudes(s)), style="dim"))
    clock = ["samples are counted"] if s["counter"] else []
    if offsets := s["clock_offset_s"]:
        drifted = f" to {offsets[-1]:+.6f}" if len(set(offsets)) > 1 else ""
        clock.append(f"clock offset {offsets[0]:+.6f}{drifted} s")
    if clock:
        lines.append(_indented(" · ".join(clock), style="dim"))
    if "jitter_ms" in s:
        said = [f"jitter {s['jitter_ms']:.1f} ms", *_counts(s)]
        if s["quality"] is not None:
            said.append(f"quality {s['quality']:.2f}")
        lines.append(_indented(" · ".join(said), style="dim"))
    return [*lines, _indented(" ".join(s["ch_names"]), style="dim")]


def _amplitudes(s: dict[str, Any]) -> list[str]:
    unit = f" {s['unit']}" if s["unit"] else ""
    measured = {"rms": s["rms"], "level": s["level"]}
    said = [f"{name} {_plain(v)}{unit}" for name, v in measured.items() if v is not None]
    low, high = map(_plain, s["range"])
    return [*said, f"range {low} to {high}{unit}"]


def _plain(value: float) -> str:
    """Return a number without a power of ten where it is large: 10,400,000."""
    return f"{value:g}" if abs(value) < 1e5 else f"{value:,.0f}"


def _counts(s: dict[str, Any]) -> list[str]:
    from physiosync_rt.pipeline.inspect import COUNT_KEYS

    return [f"{s[key]} {STREAM_COUNTS[name].word}" for name, key in COUNT_KEYS.items()]


def _indented(text: str, style: str = "") -> Padding:
    """Lines that keep their indent where a narrow terminal breaks them."""
    return Padding(Text(plain_text(text), style=style), (0, 0, 0, 2), expand=False)


def seen_text(streams: Sequence[SeenStream]) -> Group:
    """LSL streams in sight for a person: a paragraph each, nothing of it cut off."""
    parts: list[Text | Padding] = []
    for each in streams:
        spec = each.spec
        words = ", ".join(sorted(set(filter(None, each.unit_words))))
        rate = f"{spec.sfreq:g} Hz" if spec.sfreq else "irregular"
        unit = spec.unit or words or "unit not known"
        what = ["markers"] if each.marker else [str(spec.modality), unit]
        choose = f" · choose it by {each.query}" if each.query not in ("", spec.name) else ""
        parts += [
            Text(plain_text(spec.name), style="bold"),
            _indented(", ".join([*what, f"{spec.n_chans} ch", rate])),
            _indented(
                f"type {spec.stype or '-'} · host {spec.host or '-'} · "
                f"source_id {spec.source_id or '-'}{choose}",
                style="dim",
            ),
        ]
        if problem := rate_problem(spec.sfreq):
            parts.append(_indented(f"not to be used: it {problem}"))
    return Group(*parts)


def bundle_tables(card: Card, digest: str) -> list[Table]:
    """A bundle's card for a person."""
    title = _cell(f"{card.headline} ({card.name}, {digest})")
    about = Table(title=title, title_justify="left")
    about.add_column("what")
    about.add_column("value")
    about.add_row("trained on", _cell(card.trained_on))
    for target, meaning in card.meaning.items():
        about.add_row(_cell(f"{target} is"), _cell(str(meaning)))
    names = " ".join(card.eeg.ch_names)
    about.add_row("EEG", _cell(f"{card.eeg.n_chans} electrodes: {names}"))
    if card.pps is not None:
        what = f"{card.pps.n_chans} channel(s), {card.pps.unit}"
        about.add_row(str(card.pps.modality), _cell(what))
    profile = card.profile
    about.add_row("profile", f"{profile.profile}, {profile.window_s:g} s windows")
    about.add_row("band", f"{profile.eeg.l_freq:g}-{profile.eeg.h_freq:g} Hz, average reference")
    about.add_row("baseline", f"{profile.baseline_s:g} s of rest")
    if card.least_confidence:
        least = (f"{head} {value:.2f}" for head, value in card.least_confidence.items())
        about.add_row("least confidence", _cell(", ".join(least)))
    low, high = 0.5 - card.unsure_margin, 0.5 + card.unsure_margin
    about.add_row("unsure zone", f"{low:.2f} to {high:.2f}: no class is named")
    if card.personal is not None:
        _add_personal(about, card, card.personal)
    for target, share in card.prior.items():
        name = card.meaning[target].name if target in card.meaning else target
        about.add_row("prior of the fit", _cell(f"{share:g} for high {name}"))
    for limit in card.limits:
        about.add_row("limit", _cell(limit))
    if card.citation:
        about.add_row("data", _cell(card.citation))
    for key, value in card.provenance.items():
        if not isinstance(value, dict | list):
            about.add_row(_cell(key.replace("_", " ")), _cell(str(value)))
    for machine in card.provenance.get("machines", ()):
        gpu = f", {machine['gpu']}" if machine.get("gpu") else ""
        about.add_row("trained by", _cell(f"{machine['system']}, {machine['cpus']} CPUs{gpu}"))
    tables = [about, *(_score_table(card, protocol) for protocol in _protocols(card))]
    tables += [_people_table(card, target, found) for target, found in card.by_person.items()]
    return [*tables, _left_out_table(card)] if any(s.without for s in card.scores) else tables


def _add_personal(about: Table, card: Card, personal: Personal) -> None:
    """Whom a bundle was calibrated to, from what, and what it brought."""
    parent = f"{personal.parent} ({personal.parent_hash})"
    if personal.parent in bundle_names():
        changed = digest(bundle_path(personal.parent)) != personal.parent_hash
        parent += ", which has changed since: calibrate again to have its newer terms" * changed
    about.add_row("calibrated from", _cell(parent))
    data = f"{personal.rest_s:.0f} s of rest and {personal.labelled_s:.0f} s of labelled data"
    about.add_row("of one person", _cell(data))
    for target, brought in personal.brought.items():
        name = card.meaning[target].name if target in card.meaning else target
        about.add_row("left-out blocks", _cell(f"{name}: balanced accuracy {brought}"))


def _cell(text: str) -> Text:
    """Return text from outside for a table, which takes a string for markup."""
    return Text(plain_text(shorten(text, LONGEST_LINE)))


def _people_table(card: Card, target: str, found: Mapping[str, float]) -> Table:
    """Balanced accuracy of every person left out, the best ones first."""
    name = card.meaning[target].name if target in card.meaning else target
    table = Table(title=_cell(f"{name}: every person left out"), title_justify="left")
    table.add_column("balanced accuracy")
    table.add_column("people")
    people: dict[str, list[str]] = {}
    for person, value in sorted(found.items(), key=lambda item: -item[1]):
        people.setdefault(f"{value:.2f}", []).append(person)
    for figure, names in people.items():
        table.add_row(figure, _cell(" ".join(names)))
    return table


def _protocols(card: Card) -> list[str]:
    return list(dict.fromkeys(score.protocol for score in card.scores))


def _score_table(card: Card, protocol: str) -> Table:
    """Scores of one protocol, which is named over them."""
    table = Table(title=_cell(f"scores: {protocol}"), title_justify="left")
    for column in ("target", "from", "model", "metric", "value", "95 %", "n"):
        table.add_column(column)
    for s in card.scores:
        if s.protocol == protocol and not s.without:
            target = card.meaning[s.target].name if s.target in card.meaning else s.target
            words = (target, s.modalities, s.model, s.metric)
            table.add_row(*map(_cell, words), *_figures(s))
    return table


def _left_out_table(card: Card) -> Table:
    """Scores without each electrode, which is interpolated."""
    table = Table(title="scores with one electrode missing", title_justify="left")
    for column in ("missing", "target", "from", "metric", "value", "95 %", "n"):
        table.add_column(column)
    for s in card.scores:
        if s.without:
            words = (s.without, s.target, s.modalities, s.metric)
            table.add_row(*map(_cell, words), *_figures(s))
    return table


def _figures(score: Score) -> tuple[str, str, Text]:
    """Value, interval and number of units of a score."""
    interval = "" if score.ci_low is None else f"{score.ci_low:.2f}-{score.ci_high:.2f}"
    n = "" if score.n is None else f"{score.n} {score.unit}".strip()
    return f"{score.value:.3f}", interval, _cell(n)
