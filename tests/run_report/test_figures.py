"""Figures show what the rows say: stretches, courses, markers and latencies, at their places."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from helpers.runs import PLAN, RUN, rows_of, write_run

from physiosync_rt.datatypes import Reason
from physiosync_rt.run_report.course_figure import MOST_DRAWN, draw_course
from physiosync_rt.run_report.drawing import (
    DARK,
    LEFT,
    LIGHT,
    RIGHT,
    WIDTH,
    Drawing,
    Panel,
    spread,
    time_ticks,
)
from physiosync_rt.run_report.latency_figure import draw_latency, latencies, quantiles
from physiosync_rt.run_report.read_run import Run, read_run
from physiosync_rt.run_report.signal_figure import draw_signals
from physiosync_rt.run_report.stretches import Kind, find_stretches

SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d*\.?\d+")


def course(run: Run) -> ET.Element:
    return ET.fromstring(draw_course(run, find_stretches(run)).svg())


def of_class(figure: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in figure.iter() if name in each.get("class", "").split()]


def seconds(x: float, run: Run) -> float:
    return (x - LEFT) / (WIDTH - LEFT - RIGHT) * run.span_s


def points(path: ET.Element) -> np.ndarray:
    """Places of a line's points, shape (n_points, 2)."""
    words = re.findall(r"[ML]([\d.]+) ([\d.]+)", path.get("d", ""))
    return np.array(words, dtype=float)


def texts(figure: ET.Element) -> list[str]:
    return [each.text or "" for each in figure.iter(f"{SVG}text")]


def test_every_stretch_without_a_prediction_is_shaded_where_it_was(log: Path) -> None:
    run = read_run(log)
    figure = course(run)
    shaded = of_class(figure, "withheld")
    expected = [each for each in find_stretches(run) if each.kind is Kind.WITHHELD]
    assert len(shaded) == len(expected) == 4
    for rectangle, stretch in zip(shaded, expected, strict=True):
        x, width = float(rectangle.get("x", 0)), float(rectangle.get("width", 0))
        assert seconds(x, run) == pytest.approx(stretch.start, abs=0.01)
        assert seconds(x + width, run) == pytest.approx(stretch.stop, abs=0.01)
        assert (rectangle.findtext(f"{SVG}title") or "").startswith(stretch.why)
    lanes = of_class(figure, "lane")
    assert len(lanes) == len(expected) + 2  # from EEG alone, and the rest
    shown = texts(figure)
    for name in ("rest (baseline)", "from EEG alone", "warming up", "gap in EEG", "P(high)"):
        assert name in shown


def test_courses_are_the_values_of_the_rows(log: Path) -> None:
    run = read_run(log)
    figure = course(run)
    for target in ("valence", "arousal"):
        for name, among in (
            ("whole", [reason is None for reason in PLAN]),
            ("partly", [reason == "no_pps" for reason in PLAN]),
        ):
            (line,) = of_class(figure, f"course-{target}-{name}")
            found = points(line)
            np.testing.assert_allclose(seconds(found[:, 0], run), run.t[among], atol=0.05)
            panel = Panel(34, 230, run.span_s)
            expected = [panel.y(v) for v in run.numbers[target][among]]
            np.testing.assert_allclose(found[:, 1], expected, atol=0.051)
            assert (line.get("stroke-dasharray") is not None) == (name == "partly")
    (line,) = of_class(figure, "course-valence-whole")
    # Four runs of whole rows, the last of them one row: a dot.
    assert line.get("d", "").count("M") == 4
    assert line.get("d", "").endswith("h.01")


def test_markers_stand_at_their_rows_and_are_numbered(log: Path) -> None:
    run = read_run(log)
    figure = course(run)
    lines = of_class(figure, "marker")
    assert [round(seconds(float(line.get("x1", 0)), run), 1) for line in lines] == [12.0, 31.0]
    titles = [line.findtext(f"{SVG}title") for line in lines]
    assert titles == ["1 at 00:12: film 1", "2 at 00:31: film 2; pause"]
    assert {"1", "2"} <= set(texts(figure))


def test_thousands_of_markers_stand_above_the_course_and_numbers_do_not_overlap(
    tmp_path: Path,
) -> None:
    rows = [replace(row, marker="m") for row in rows_of([None] * 3000)]
    write_run(tmp_path / "run.csv", rows)
    run = read_run(tmp_path / "run.csv")
    figure = course(run)
    lines = of_class(figure, "marker")
    assert 900 < len(lines) <= 2 * WIDTH
    assert all(float(line.get("y2", 0)) < 34 for line in lines)
    numbers = [t for t in figure.iter(f"{SVG}text") if t.get("y") == "20.0"]
    places = [(float(t.get("x", 0)), len(t.text or "")) for t in numbers]
    assert len(places) > 20
    for (x, n), (next_x, next_n) in itertools.pairwise(places):
        assert next_x - x > (n + next_n) / 2 * 6


def test_a_run_that_flickers_for_hours_stays_small_and_says_so(tmp_path: Path) -> None:
    rows = rows_of(["gap" if i % 2 else None for i in range(8000)])
    write_run(tmp_path / "run.csv", rows)
    run = read_run(tmp_path / "run.csv")
    assert len(find_stretches(run)) == 8000 > MOST_DRAWN
    drawing = draw_course(run, find_stretches(run)).svg()
    assert len(drawing) < 400_000
    shaded = of_class(ET.fromstring(drawing), "withheld")
    said = [each.findtext(f"{SVG}title") or "" for each in shaded]
    assert sum(int(m[1]) if (m := re.search(r", (\d+) stretches", s)) else 1 for s in said) == 4000


@pytest.mark.parametrize("target", ["valence", "arousal"])
def test_a_bundle_of_one_target_and_one_of_another_meaning(tmp_path: Path, target: str) -> None:
    path = tmp_path / "run.csv"
    other = "arousal" if target == "valence" else "valence"
    bundle = {**RUN["bundle"], "meaning": {target: "mental load: low = rest, high = sums"}}
    write_run(path, rows_of(PLAN, **{other: None}, quadrant=""), {**RUN, "bundle": bundle})
    figure = course(read_run(path))
    assert of_class(figure, f"course-{other}-whole") == []
    assert len(of_class(figure, f"course-{target}-whole")) == 1
    assert "mental load" in texts(figure)


def test_a_run_without_any_prediction(tmp_path: Path) -> None:
    write_run(tmp_path / "run.csv", rows_of(["warming_up", "stalled"]))
    run = read_run(tmp_path / "run.csv")
    assert len(of_class(course(run), "withheld")) == 2
    assert draw_latency(run) is None


def test_rest_lasts_until_the_last_row_that_waited_for_it(log: Path) -> None:
    run = read_run(log)
    rest = of_class(course(run), "fine")
    bars = [each for each in rest if each.tag == f"{SVG}rect"]
    (bar,) = bars
    assert seconds(float(bar.get("x", 0)) + float(bar.get("width", 0)), run) == pytest.approx(9.0)


# --- signals and latency --------------------------------------------------------------------------


def test_quality_and_gate(log: Path) -> None:
    run = read_run(log)
    figure = ET.fromstring(draw_signals(run).svg())
    for column in ("quality_eeg", "quality_pps", "completeness_eeg", "completeness_pps"):
        (line,) = of_class(figure, f"course-{column}")
        assert len(points(line)) == np.isfinite(run.numbers[column]).sum()
    assert len(of_class(figure, "gate")) == 2
    assert texts(figure).count("gate 0.5") == 2
    assert {"EEG quality", "GSR arrived"} <= set(texts(figure))


def test_quantiles_and_histogram_are_numpys(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    late = np.round(rng.gamma(4, 30, 400), 1)
    rows = [
        replace(row, latency_ms=float(ms))
        for row, ms in zip(rows_of([None] * 400), late, strict=True)
    ]
    rows += [replace(row, latency_ms=9e4, valid=False, reason=Reason.GAP) for row in rows[:3]]
    write_run(tmp_path / "run.csv", rows)
    run = read_run(tmp_path / "run.csv")
    found = quantiles(latencies(run))
    assert found is not None
    assert found.n == 400
    np.testing.assert_allclose((found.p50, found.p95, found.p99), np.percentile(late, (50, 95, 99)))
    assert found.most == late.max()
    drawing = draw_latency(run)
    assert drawing is not None
    figure = ET.fromstring(drawing.svg())
    bins = of_class(figure, "bin")
    assert sum(int((b.findtext(f"{SVG}title") or "").split()[-2]) for b in bins) == 400
    assert f"median {found.p50:.0f} ms" in texts(figure)
    assert f"99 % {found.p99:.0f} ms" in texts(figure)


@pytest.mark.parametrize("late", [[5.0], [5.0, 5.0], [-3.0, 1.0], [1.0, 1.0, 1.0, 1e6], [0.0]])
def test_odd_latencies_can_be_drawn(tmp_path: Path, late: list[float]) -> None:
    rows = [
        replace(row, latency_ms=ms)
        for row, ms in zip(rows_of([None] * len(late)), late, strict=True)
    ]
    write_run(tmp_path / "run.csv", rows)
    drawing = draw_latency(read_run(tmp_path / "run.csv"))
    assert drawing is not None
    for rectangle in of_class(ET.fromstring(drawing.svg()), "bin"):
        assert LEFT - 1 <= float(rectangle.get("x", 0)) <= WIDTH - RIGHT + 1


# --- drawing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", [0.0, 0.3, 1.0, 60, 179, 3600, 28800, 86400 * 40, 3e7])
def test_times_are_few_and_round(span: float) -> None:
    ticks = time_ticks(span)
    assert 1 <= len(ticks) <= 11
    assert ticks[0] == 0
    assert ticks[-1] <= span + 1e-6


def test_labels_are_apart_and_keep_their_order() -> None:
    assert spread([100, 102], 18, 0, 200) == [100, 118]
    assert spread([199, 198], 18, 0, 200) == [200, 182]
    assert spread([], 18, 0, 200) == []


def test_text_is_text_and_nothing_else() -> None:
    drawing = Drawing(10, 'a "title" <script>\x00')
    drawing.text(0, 0, "<b>&\u202e\ud800]]>")
    drawing.rectangle((0, 1), (0, 1), "shade", title="</title><script>")
    figure = ET.fromstring(drawing.svg())
    assert texts(figure) == ["<b>&��]]>"]
    assert [each.tag for each in figure.iter()].count(f"{SVG}script") == 0


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", ["ink", "muted", "valence", "arousal", "fine", "alert"])
@pytest.mark.parametrize("ground", ["ground", "shade"])
def test_words_can_be_read(colours: dict[str, str], role: str, ground: str) -> None:
    """WCAG's contrast of text, at least 4.5."""
    pair = sorted((luminance(colours[role]), luminance(colours[ground])))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5
