"""What a report says first, over every number, and beside the paper."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from physiosync_rt.errors import UserError
from training.compose import headline
from training.config import RunConfig
from training.document import Document, Heading, Paragraph, Table
from training.report import report_on, write_report

_KEYS = {
    *("protocol", "target", "modalities", "model", "subject", "metric"),
    *("value", "ci_low", "ci_high", "n"),
}


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": "noise",
            "title": "A run on noise",
            "data": {"kind": "deap", "simulate": {"subjects": 8}},
            "protocols": [{"protocol": "subject", "folds": 4}],
            "finetune": {"targets": ["arousal"]},
        }
    )


@pytest.fixture(scope="module")
def report(make_dataset, assessed, config, tmp_path_factory):
    """Write a report on both protocols and two networks, one of which guesses."""
    data = make_dataset(8, 8, 3)
    data = replace(data, about=data.about.model_copy(update={"name": "simulated-deap"}))
    found = assessed(data, 0.0, ("window", "subject"), ("paper", "other"))
    out = tmp_path_factory.mktemp("report")
    write_report(found, data, config, out)
    return out


def test_all_three_forms_are_there_and_whole(report) -> None:
    names = {path.name for path in report.iterdir()}
    assert names == {"report.html", "report.md", "report.json", "figures"}
    for path in (report / "figures").iterdir():
        assert ET.parse(path).getroot().tag.endswith("svg")
    text = (report / "report.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\((figures/[^)]+)\)", text))
    assert linked == {f"figures/{path.name}" for path in (report / "figures").iterdir()}


def test_the_page_needs_nothing_else_and_is_well_formed(report) -> None:
    page = (report / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    opened: list[str] = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag, attrs) -> None:
            if tag not in ("meta", "img"):
                opened.append(tag)

        def handle_endtag(self, tag) -> None:
            assert opened.pop() == tag

    Checker().feed(page)
    assert not opened


def test_json_holds_every_number_with_the_agreed_keys(report) -> None:
    content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    assert all(set(row) >= _KEYS for row in content["scores"])
    assert {row["model"] for row in content["scores"]} >= {"physiosync", "majority class"}
    assert any(row["subject"] is None for row in content["scores"])
    assert content["run"]["machines"] == [
        {"system": "Abacus", "cpus": 10, "gpu": None, "versions": {"torch": "0.1"}}
    ]
    assert content["run"]["reported_on"]["versions"]["torch"] != "0.1"
    assert content["run"]["seconds"] == 60
    text = (report / "report.json").read_text(encoding="utf-8")
    assert "NaN" not in text


def test_a_loss_is_said_in_the_first_line(report) -> None:
    first = (report / "report.md").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("**The model loses to its best baseline: arousal on protocol")
    page = (report / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<body>\s*<p class=\"verdict bad\">The model loses", page)


@pytest.mark.parametrize(
    ("skill", "protocols", "said", "bad"),
    [
        (3.0, ("subject",), "The model clearly beats", False),
        (3.0, ("window",), "No honest number here", True),
        (-3.0, ("subject",), "The model loses to its best baseline: arousal on protocol", True),
    ],
)
def test_first_lines(make_dataset, assessed, skill, protocols, said, bad) -> None:
    found = assessed(make_dataset(8, 8, 2), skill, protocols)
    line, is_bad = headline(found)
    assert line.startswith(said)
    assert is_bad == bad


def test_a_narrow_win_is_no_win_without_reserve(make_dataset, assessed) -> None:
    found = assessed(make_dataset(8, 8, 2), 3.0)
    (verdict,) = found.verdicts
    close = replace(verdict, margin=replace(verdict.margin, low=-0.01))
    line, bad = headline(replace(found, verdicts=[close]))
    assert line.startswith("It is not clearly better than its best baseline: arousal")
    assert bad


def test_inflated_numbers_are_marked_wherever_they_stand(report) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if re.match(r"[#*|!]", line)]
    named = [line for line in heads if re.search(r"(protocol|, ) ?window\b", line, re.IGNORECASE)]
    assert len(named) > 10
    for line in named:
        assert re.search(r"window \(inflated\)|protocol window, inflated|window: windows", line), (
            line
        )
    assert "Inflated: windows of one trial lie on both sides of the split." in text


def test_the_papers_table_stands_beside_ours(
    report, make_dataset, assessed, config, tmp_path
) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "Dependent (protocol window, inf" in line)
    assert "98.35 ± 0.41" in row
    assert "98.61 ± 0.32" in row
    assert "Cross (protocol subject)" in text
    assert "not comparable" in text
    data = make_dataset(8, 8, 2)
    write_report(assessed(data, 1.0), data, config, tmp_path)
    assert "98.35" not in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_simulated_data_says_so(report) -> None:
    assert "Simulated data. No real person" in (report / "report.md").read_text(encoding="utf-8")


def test_where_it_comes_from(report) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    assert "seed 0" in text
    assert "1,234 weights" in text
    assert "kind: deap" in text
    assert "The training of all folds took 1.0 minutes." in text
    assert text.count("Trained on ") == 1
    assert "Trained on Abacus, 10 CPUs; torch 0.1." in text
    assert "Baselines and report from Linux" in text or sys.platform != "linux"


def test_baselines_are_asked_on_the_way(make_dataset, answers, config, tmp_path) -> None:
    from training.protocols import make_folds

    data = make_dataset(8, 8, 2)
    folds = make_folds(data, config.protocols[0])
    results = [answers(data, fold, 2.0) for fold in folds]
    done = []
    report_on(data, folds, results, config, tmp_path, lambda *a: done.append(a))
    assert done[-1] == ("baselines", 4, 4)
    assert "linear (EEG band power)" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written(make_dataset, assessed, config, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    data = make_dataset(8, 8, 2)
    with pytest.raises(UserError, match="cannot be written"):
        write_report(assessed(data, 1.0), data, config, tmp_path / "file" / "below")


def test_words_of_others_do_not_become_markup() -> None:
    document = Document("<b>")
    document.add(Heading("a < b"), Paragraph("<script>"), Table("c|d", ("x|y",), (("1|2",),)))
    page = document.html()
    assert "<script>" not in page
    assert "a &lt; b" in page
    assert "| 1\\|2 |" in document.markdown(Path("figures"))
