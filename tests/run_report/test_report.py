"""The page: complete in itself, true, bounded, and text from outside is only text."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from helpers.runs import PLAN, RUN, rows_of, write_run
from hypothesis import example, given, settings
from hypothesis import strategies as st

import physiosync_rt as ps
from physiosync_rt.bundle.card import Score
from physiosync_rt.errors import UserError
from physiosync_rt.run_report.report import make_report
from physiosync_rt.run_report.run_words import length, percent
from physiosync_rt.sinks.csv_log import COLUMNS

VOID = {"meta"}


class Page(HTMLParser):
    """Tags, attributes and words of a page; fails where a tag is not closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.cells: list[list[str]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.cells.append([])
        if tag in ("td", "th"):
            self.cells[-1].append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            return
        self.words.append(data.strip())
        if {"td", "th"} & set(self._open):
            self.cells[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(filter(None, self.words))

    def row(self, first: str) -> list[str]:
        (found,) = (cells for cells in self.cells if cells and cells[0] == first)
        return found


def page(log: Path, **options: Any) -> Page:
    return Page(make_report(log, **options).html)


def test_the_page_says_what_the_run_was(log: Path) -> None:
    found = page(log)
    for said in (
        "Run run",
        "Trained on people. 20 people who watched films.",
        "A bundle of ours (own, 0123456789ab)",
        "2026-09-21",
        "8 s from 0 s",
        "3 of the bundle's 4 electrodes were measured; interpolated: C4.",
        "Bad while worn, and interpolated then: F3 4 s.",
        "this holds for the whole run",
        "Muse lost 127 samples (0.5 s)",
        "physiosync-rt 0.1.0, numpy 2.4",
        "The run ended cleanly.",
    ):
        assert said in found.text, said
    assert found.row("gap in EEG")[1:5] == ["5", "5 s", "12 %", "1"]
    assert found.row("predicted from EEG alone")[1:5] == ["6", "6 s", "15 %", "1"]
    assert "GSR low quality 6 rows" in found.row("predicted from EEG alone")[5]
    assert found.row("predicted from EEG + GSR")[1:5] == ["18", "18 s", "45 %", "4"]
    assert found.row("MuseEEG, 3 ch, 256 Hz, µV")[1:4] == ["9,873", "1271 %", "1"]
    assert "check the electrodes" in found.row("poor EEG signal")[5]


def test_events_stand_in_order_of_time(log: Path) -> None:
    found = page(log)
    times = [cells[0] for cells in found.cells if re.fullmatch(r"\d\d:\d\d", cells[0])]
    assert times == sorted(times)
    assert len(times) == 7  # four withheld, one from EEG alone, the rest, and what Muse lost
    assert found.row("00:20")[1] == "Muse lost 127 samples (0.5 s)"


def test_scores_of_the_modalities_in_use_stand_beside_the_best_baseline(log: Path) -> None:
    found = page(log)
    rows = [cells for cells in found.cells if cells[0].startswith("subject, 8 of 8")]
    assert [row[1:3] for row in rows] == [["valence", "EEG + GSR"], ["arousal", "EEG + GSR"]]
    assert rows[0][3:] == [
        "0.71 [0.64, 0.77]",
        "20 subjects",
        "0.62 [0.55, 0.68]linear (band power, skin)",
    ]
    assert "The card has no score of EEG." in found.text
    assert "too good" not in found.text


def test_inflated_scores_are_marked(log: Path) -> None:
    score = Score(
        protocol="window (inflated)",
        target="valence",
        modalities="eeg+gsr",
        model="physiosync",
        metric="balanced_accuracy",
        value=0.99,
    )
    run = json.loads(log.with_suffix(".json").read_text())
    run["bundle"]["scores"].append(score.model_dump(mode="json"))
    log.with_suffix(".json").write_text(json.dumps(run))
    found = page(log)
    assert found.row("window (inflated)too good by its making")[3] == "0.99"
    assert "Inflated: windows of one trial were on both sides of the split" in found.text


def test_simulated_is_said_first_and_not_known_is_said_too(log: Path) -> None:
    beside = log.with_suffix(".json")
    run = json.loads(beside.read_text())
    run["bundle"]["simulated"] = True
    run["settings"] = {"command": "demo"}
    beside.write_text(json.dumps(run))
    text = page(log).text
    assert text.index("say nothing of a real person") < text.index("In short")
    assert text.index("Nobody was measured in this run.") < text.index("In short")
    beside.unlink()
    text = page(log).text
    assert "what a prediction is worth is not known" in text
    assert "name the bundle with --bundle" in text
    assert "run.json is not beside it" in text


def test_a_bundle_that_is_not_about_emotion_has_no_quadrants(log: Path) -> None:
    assert page(log).row("calm (high valence, low arousal)")
    run = json.loads(log.with_suffix(".json").read_text())
    run["bundle"]["meaning"] = {"arousal": "mental load: low = rest, high = sums"}
    log.with_suffix(".json").write_text(json.dumps(run))
    found = page(log)
    assert "the column arousal means mental load: low = rest, high = sums" in found.text
    assert not [cells for cells in found.cells if "calm" in cells[0]]
    assert [cells[1] for cells in found.cells if cells[0].startswith("subject,")] == [
        "valence",
        "mental load",
    ]


@pytest.mark.parametrize("target", ["valence", "arousal"])
def test_a_bundle_of_one_target(tmp_path: Path, target: str) -> None:
    other = "arousal" if target == "valence" else "valence"
    write_run(tmp_path / "run.csv", rows_of(PLAN, **{other: None}, quadrant=""))
    assert not [cells for cells in page(tmp_path / "run.csv").cells if "calm" in cells[0]]


def test_one_target_that_is_left_empty_now_and_then_is_said(log: Path) -> None:
    rows = rows_of(PLAN)
    rows[12] = replace(rows[12], arousal=None, quadrant="")
    write_run(log, rows)
    assert "In 1 row arousal alone is left empty" in page(log).text
    assert page(log).row("no quadrant was said")[1] == "1"


@pytest.mark.parametrize("reasons", [[], ["gap"], [None], ["warming_up"] * 3])
def test_runs_of_hardly_anything(tmp_path: Path, reasons: list[str | None]) -> None:
    write_run(tmp_path / "run.csv", rows_of(reasons))
    write_run(tmp_path / "alone.csv", rows_of(reasons), None)
    for name in ("run.csv", "alone.csv"):
        found = make_report(tmp_path / name)
        assert "In short" in Page(found.html).text
        assert (found.n_rows, bool(found.figures)) == (len(reasons), bool(reasons))


# --- hostile and large ----------------------------------------------------------------------------

HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=y>\x1b[2J\u202e\ud800&#x3c;"


def test_hostile_names_are_text(tmp_path: Path) -> None:
    named = json.loads(json.dumps(RUN).replace("Muse", "MUSE"))
    run = json.loads(json.dumps(named).replace('"MUSE"', json.dumps(HOSTILE)))
    run["bundle"] = {
        key: HOSTILE if isinstance(value, str) else value for key, value in run["bundle"].items()
    }
    run |= {"settings": {HOSTILE: HOSTILE}, "participant": HOSTILE, "baseline_from": HOSTILE}
    run["events"][0]["said"] = HOSTILE
    rows = [replace(row, marker=HOSTILE) for row in rows_of(PLAN)]
    path = tmp_path / "<b>run&.csv"
    write_run(path, rows, run)
    made = make_report(path)
    found = Page(made.html)
    known = Page(make_report_of_plain(tmp_path)).tags
    assert set(found.tags) <= set(known) | {"small"}
    assert not found.attributes & {"onerror", "src", "href", "onload"}
    assert "<script>alert(1)</script>" in found.text
    assert not set(made.html) & set("\x1b\u202e\ud800")
    for svg in made.figures.values():
        assert not [e for e in ET.fromstring(svg).iter() if "script" in e.tag or "img" in e.tag]
    assert "default-src 'none'; style-src 'unsafe-inline'" in made.html


def make_report_of_plain(folder: Path) -> str:
    rows = rows_of(PLAN)
    rows[3] = replace(rows[3], marker="m")
    write_run(folder / "plain.csv", rows)
    return make_report(folder / "plain.csv").html


@pytest.mark.slow
def test_eight_hours_with_thousands_of_markers_stay_small(tmp_path: Path) -> None:
    plan = [*PLAN[:9], *([None] * 500 + ["gap"] * 7 + ["no_pps"] * 30) * 54][:28_800]
    rows = [
        replace(row, marker=f"stimulus {i} " + "x" * 900 if i % 7 == 0 else "")
        for i, row in enumerate(rows_of(plan))
    ]
    write_run(tmp_path / "run.csv", rows)
    made = make_report(tmp_path / "run.csv")
    assert len(made.html) < 1_500_000
    text = Page(made.html).text
    assert "A point stands for 32.0 s" in text or "A point stands for" in text
    assert re.search(r"The first 500 of 4,?\d\d\d rows with markers", text)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.sampled_from(["", "1", "0", "0.5", "-1", "1e9", "nan", "gap", "eeg", "x", '"', "é"])
            | st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0"), max_size=5),
            min_size=len(COLUMNS),
            max_size=len(COLUMNS),
        ),
        max_size=12,
    ),
    numbers=st.booleans(),
    torn=st.integers(0, 30),
)
@example(rows=[[""] * 18, ["1", *[""] * 3, "1", *[""] * 13]], numbers=False, torn=0)
def test_any_csv_ends_in_a_page_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], numbers: bool, torn: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "run.csv"
    if numbers:
        rows = [
            [str(float(i)), "", "5", "0.5", "", "", "0.7", "1", *row[8:10], *["0.5"] * 7, row[17]]
            for i, row in enumerate(rows, 1)
        ]
    text = "\n".join(",".join(row) for row in [list(COLUMNS), *rows]) + "\n"
    path.write_text(text[: len(text) - torn], encoding="utf-8")
    try:
        made = make_report(path)
    except UserError:
        return
    Page(made.html)
    for svg in made.figures.values():
        ET.fromstring(svg)


# --- files ----------------------------------------------------------------------------------------


def test_the_page_is_written_beside_the_csv_for_its_owner_alone(log: Path) -> None:
    written = ps.report(log)
    assert written == log.with_suffix(".html")
    assert written.read_text(encoding="utf-8") == make_report(log).html
    if os.name != "nt":
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
    with pytest.raises(UserError, match=r"run\.html exists already; choose another name, or say"):
        ps.report(log)
    written.write_text("old")
    assert ps.report(str(log), overwrite=True) == written
    assert written.read_text(encoding="utf-8") != "old"


def test_where_a_page_cannot_go(log: Path) -> None:
    with pytest.raises(UserError, match=r"end the name in \.html"):
        ps.report(log, log)
    with pytest.raises(UserError, match="does not exist; create it first"):
        ps.report(log, log.parent / "none" / "a.html")
    (log.parent / "folder.html").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        ps.report(log, log.parent / "folder.html", overwrite=True)
    (log.parent / "link.html").symlink_to(log)
    with pytest.raises(UserError, match="exists already"):
        ps.report(log, log.parent / "link.html")
    assert log.read_text().startswith(COLUMNS[0])


def test_a_log_is_never_replaced_by_its_page(log: Path) -> None:
    odd = log.rename(log.with_name("run.html"))
    with pytest.raises(UserError, match="is the log itself; give the page another name"):
        ps.report(odd, overwrite=True)
    assert odd.read_text().startswith(COLUMNS[0])


def test_lengths_have_the_unit_that_reads_best() -> None:
    assert [length(s) for s in (0.25, 7.0, 59.9, 60.0, 4000.0)] == [
        "0.25 s",
        "7 s",
        "59.9 s",
        "01:00",
        "1:06:40",
    ]


def test_shares_are_never_rounded_to_none_or_all() -> None:
    assert percent(0, 10) == "0 %"
    assert percent(1, 10_000) == "below 1 %"
    assert percent(9_999, 10_000) == "above 99 %"
    assert percent(10, 10) == "100 %"
    assert percent(0, 0) == "–"
