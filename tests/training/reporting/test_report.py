"""What a report says first, over every number, and beside the paper."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.errors import UserError
from physiosync_training.datasets.splits import ProtocolConfig, make_folds
from physiosync_training.experiment.config import RunConfig
from physiosync_training.reporting.blocks import Document, Heading, Paragraph, Table
from physiosync_training.reporting.builder import headline
from physiosync_training.reporting.report import report_on, write_report
from physiosync_training.reporting.tables import verdict_table

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
    data = replace(data, info=data.info.model_copy(update={"public_name": "deap"}))
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
    (machine,) = content["run"]["machines"]
    assert (machine["system"], machine["threads"]) == ("Abacus", 3)
    assert content["run"]["reported_on"]["versions"]["torch"] != "0.1"
    assert content["run"]["seconds"] == 60
    text = (report / "report.json").read_text(encoding="utf-8")
    assert "NaN" not in text


def test_a_loss_is_said_in_the_first_line(report) -> None:
    first = (report / "report.md").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("**The model loses to its best baseline model: arousal on protocol")
    page = (report / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<body>\s*<p class=\"verdict bad\">The model loses", page)


@pytest.mark.parametrize(
    ("skill", "protocols", "said", "bad"),
    [
        (3.0, ("subject",), "The model clearly beats", False),
        (3.0, ("window",), "No honest number here", True),
        (
            -3.0,
            ("subject",),
            "The model loses to its best baseline model: arousal on protocol",
            True,
        ),
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
    assert line.startswith("It is not clearly better than its best baseline model: arousal")
    assert bad


def test_only_an_honest_win_stands_out(make_dataset, assessed) -> None:
    found = assessed(make_dataset(8, 8, 2), 3.0, ("window", "subject"))
    table = verdict_table(found)
    assert [row[0] for row in table.rows] == ["subject", "window (inflated)"]
    assert [row[-1] for row in table.rows] == ["clearly better"] * 2
    assert table.ours == {0}


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


@pytest.mark.usefixtures("undrawn")
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
    assert "Trained on Abacus, 10 CPUs, 3 threads; torch 0.1." in text
    assert "Baseline models and report from Linux" in text or sys.platform != "linux"


@pytest.mark.usefixtures("undrawn")
def test_baselines_are_asked_on_the_way(make_dataset, answers, config, tmp_path) -> None:
    data = make_dataset(8, 8, 2)
    folds = make_folds(data, config.protocols[0])
    results = [answers(data, fold, 2.0) for fold in folds]
    done = []
    report_on(data, folds, results, config, tmp_path, lambda *a: done.append(a))
    assert done[-1] == ("baseline models", 4, 4)
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


@pytest.mark.usefixtures("undrawn")
def test_folds_that_were_left_out_are_named_beside_every_number(
    make_dataset, answers, config, tmp_path
) -> None:
    data = make_dataset(10, 10, 2)
    splits = (
        ProtocolConfig(protocol="window", folds=5, only=1),
        ProtocolConfig(protocol="subject", only=3),
    )
    config = config.model_copy(update={"protocols": splits})
    folds = [fold for split in splits for fold in make_folds(data, split)]
    results = [answers(data, fold, 2.0) for fold in folds]
    found = report_on(data, folds, results, config, tmp_path, lambda *a: None)
    assert found.folds == {"window": (1, 5), "subject": (3, 10)}
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Only 1 of 5 folds was trained on" in text
    assert "Only 3 of 10 folds were trained on" in text
    for line in text.splitlines():
        if re.match(r"[#*|!]", line) and "protocol window" in line:
            assert "inflated" in line
        if re.match(r"\*|!|\| (window|subject)|### ", line) and "rotocol" in line:
            assert re.search(r"1 of 5 folds|3 of 10 folds", line), line
    content = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert content["folds"]["window"] == {"trained": 1, "planned": 5}
    whole = [row for row in content["scores"] if row["subject"] is None]
    assert {(row["protocol"], row["n_folds"], row["of_folds"]) for row in whole} == {
        ("window", 1, 5),
        ("subject", 3, 10),
    }


def test_all_folds_need_no_word(report) -> None:
    assert "of 4 folds" not in (report / "report.md").read_text(encoding="utf-8")


def test_json_holds_what_the_figures_draw(report, make_dataset) -> None:
    content = json.loads((report / "report.json").read_text(encoding="utf-8"))
    data = make_dataset(8, 8, 3)
    assert len(content["answers"]) == 2 * (2 + 5)
    for head in content["answers"]:
        assert sum(map(sum, head["confusion"])) == len(data)
        assert sum(each["n"] for each in head["reliability"]["after"]) == len(data)
        assert [each["coverage"] for each in head["coverage"]][-1] == 1
        right = sum(head["confusion"][k][k] for k in range(2))
        assert head["coverage"][-1]["accuracy"] == pytest.approx(right / len(data))
        before = head["model"].startswith("physiosync")
        assert ("before" in head["reliability"]) == before
    assert content["curves"][0]["stages"]["finetune"]["loss"] == [1.0, 0.5]
    assert {"heads", "least_coverage"} == set(content["abstention"])


def test_the_first_screen_has_verdicts_and_encoders_side_by_side(report) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    top = text[: text.index("## All models")]
    (row,) = (line for line in top.splitlines() if line.startswith("| subject | arousal |"))
    assert re.search(r"\| [+-]0\.\d{3} \[[+-]0\.\d{3}, [+-]0\.\d{3}\] \| 8 people \|", row)
    lines = [line.strip("|*") for line in top.splitlines() if "1,234" in line]
    assert [re.split(r"[|* ]+", line)[1] for line in lines] == ["paper", "other"]
    assert "| paper less other | 1.0 times |" in top


@pytest.mark.usefixtures("undrawn")
def test_networks_of_seconds_say_what_everybody_saw(make_dataset, answers, config, tmp_path):
    data = make_dataset(8, 8, 2)
    short = config.networks[0].model_copy(update={"with_5s": False})
    config = config.model_copy(update={"networks": (short,)})
    folds = make_folds(data, config.protocols[0])
    results = []
    for fold in folds:
        made = answers(data, fold, 2.0)
        p = made.predictions[1]
        answered = np.repeat(p.probability, 5, axis=0)
        p = replace(
            p,
            rows=np.repeat(p.rows, 5),
            truth=np.repeat(p.truth, 5),
            probability=answered,
            uncalibrated=answered,
        )
        results.append(replace(made, predictions=[p]))
    found = report_on(data, folds, results, config, tmp_path, lambda *a: None)
    assert {p.seconds for p in found.pooled} == {1}
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Networks and baseline models answer the same single seconds" in text
    assert "No windows were set aside for validation" in text


def test_quadrants_are_compared_by_the_papers_f1(make_dataset, answers, config, tmp_path) -> None:
    data = make_dataset(8, 8, 2)
    info = data.info.model_copy(update={"public_name": "deap"})
    data = replace(data, info=info)
    split = ProtocolConfig(protocol="window", folds=4)
    config = config.model_copy(
        update={
            "protocols": (split,),
            "finetune": config.finetune.model_copy(update={"targets": ("quadrant",)}),
        }
    )
    folds = make_folds(data, split)
    results = []
    for fold in folds:
        truth = data.truth("quadrant")[fold.test]
        rng = np.random.default_rng(0)
        p = rng.dirichlet(np.ones(4), len(truth))
        p[np.arange(len(truth)), truth] += 0.3
        made = answers(data, fold, 1.0)
        four = replace(
            made.predictions[1],
            target="quadrant",
            truth=truth,
            probability=p / p.sum(axis=1, keepdims=True),
            uncalibrated=p / p.sum(axis=1, keepdims=True),
        )
        results.append(replace(made, predictions=[four], temperatures={}))
    found = report_on(data, folds, results, config, tmp_path, lambda *a: None)
    weighted = next(
        row
        for row in found.scores
        if (row.model, row.metric, row.subject) == ("physiosync", "F1 weighted", None)
    )
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "Dependent" in line and "quadrant" in line)
    assert f"{100 * weighted.fold_mean:.2f} ±" in row
