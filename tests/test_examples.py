"""Every example runs, on this computer alone, and shows what it says.

Those that need nobody beside them run in this process, which spares the seconds of a start; the
others run as a person runs them.
"""

from __future__ import annotations

import io
import os
import re
import runpy
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest
from helpers import programs

import physiosync_rt as ps
from physiosync_rt.lsl.demo_player import person_stream, play
from physiosync_rt.sinks.csv_log import CsvLog

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
README = (ROOT / "README.md").read_text(encoding="utf-8")
ENVIRONMENT = os.environ | {"COLUMNS": "200"}
SHORT = ("predict_a_file.py", "watch_live.py")


def run(name: str, *arguments: str) -> list[str]:
    """Lines that an example prints as a program."""
    done = programs.run([sys.executable, str(EXAMPLES / name), *arguments], env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def run_here(name: str, *arguments: str) -> list[str]:
    """Lines that an example prints in this process."""
    path, shown = str(EXAMPLES / name), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown):
        patch.setattr(sys, "argv", [path, *arguments])
        runpy.run_path(path, run_name="__main__")
    return shown.getvalue().splitlines()


@contextmanager
def beside(work: threading.Thread, stop: threading.Event) -> Iterator[None]:
    """A thread that publishes while an example runs."""
    work.start()
    try:
        yield
    finally:
        stop.set()
        work.join()


def anchors(page: Path) -> set[str]:
    """Return the anchors that a Markdown page's headings make."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_example_is_run_here_and_says_what_one_sees() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert re.search(rf'run(_here)?\("{path.name}"', tested)
        assert text.startswith('"""')
        assert path.name not in SHORT or len(text.splitlines()) <= 10


def test_ten_lines_of_the_readme_run(tmp_path: Path) -> None:
    (code,) = (block.split("```")[0] for block in README.split("```python\n")[1:])
    assert len(code.splitlines()) <= 10
    path = tmp_path / "ten_lines.py"
    path.write_text(code, encoding="utf-8")
    lines = run_here(str(path))
    assert lines[0].split() == ["valence", "arousal", "confidence", "reason"]
    assert lines[-1].split()[1:] == ["s", "no", "prediction:", "warming_up"]


def test_the_readme_names_every_extra_and_every_file_that_it_links() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["project"]["optional-dependencies"]
    assert [name for name in extras if f"`{name}`" not in README] == []
    linked = re.findall(r"\]\((?!http)([^)#]+)(?:#([^)]*))?\)", README)
    assert [path for path, _ in linked if not (ROOT / path).exists()] == []
    for path, anchor in linked:
        assert not anchor or anchor in anchors(ROOT / path), f"{path}#{anchor}"


@pytest.mark.parametrize(
    ("page", "figures"),
    [
        ("benchmarks", "0.65 0.60 0.75 0.80 0.72 0.86 0.61 0.42 0.65 0.74 0.66 0.79 39 44 49 54"),
        ("training", "0.709 0.698 0.877 0.835 0.872 0.874 0.705 0.582 0.838 0.784 0.999 0.478"),
        ("training", "0.909 0.846 0.956 0.855 0.863 0.895 0.824 0.947"),
        ("faults", "0.94 2.8"),
    ],
)
def test_figures_of_the_readme_stand_in_their_documents(page: str, figures: str) -> None:
    source = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    for figure in figures.split():
        assert re.search(rf"\b{figure}\b", README), figure
        assert re.search(rf"\b{figure}\b", source), figure


def test_predict_a_file() -> None:
    lines = run_here("predict_a_file.py")
    assert lines[0].split() == ["t_end_lsl", "valence", "arousal", "confidence", "reason"]
    assert len(lines) >= 59
    assert "no_baseline" in lines[20]
    assert all(0 <= float(p) <= 1 for p in lines[-1].split()[2:4])


@pytest.mark.live
def test_watch_live() -> None:
    stop = threading.Event()
    stream = person_stream(3, rest_s=5.0)
    with beside(threading.Thread(target=play, args=(stream, "watched", stop)), stop):
        lines = run("watch_live.py")
    assert len(lines) == 10
    assert lines[0].split() == ["1.00", "s", "no", "prediction:", "warming_up"]


@pytest.mark.live
def test_closed_loop() -> None:
    stop = threading.Event()

    def publish() -> None:
        options = {"baseline": 2.0, "hop_s": 0.5, "outlet": True, "local": True}
        with ps.open_stream("simulated", bundle="demo-muse", **options) as stream:
            for _ in stream:
                if stop.is_set():
                    break

    with beside(threading.Thread(target=publish), stop):
        lines = run("closed_loop.py", "30")
    assert len(lines) == 30
    assert "lamp" in lines[-1]
    assert any("arousal 0." in line and "lamp at" in line for line in lines)


def test_analyse_run(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    bundle = ps.load_bundle("demo-muse")
    card = bundle.card
    about = {"name": card.name, "title": card.headline, "trained_on": card.trained_on}
    log = CsvLog(path, {"bundle": about})
    found = ps.predict(ps.simulate(30, ch_names=card.eeg.ch_names).recording, bundle, baseline=5)
    for row in found:
        log.write(row)
    log.close()
    lines = run_here("analyse_run.py", str(path))
    assert lines[0].startswith("bundle demo-muse, trained on ")
    assert lines[1] == f"{len(found)} rows, {sum(row.valid for row in found)} with a prediction"
    assert any(line.startswith("warming_up") for line in lines)
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_train_own(tmp_path: Path) -> None:
    lines = run("train_own.py", str(tmp_path))
    assert any(f"wrote {tmp_path / 'run' / 'bundle'}" in line for line in lines)
    (rows,) = (line for line in lines if line.startswith("<Predictions: 109 rows"))
    assert "bundle own" in rows
    assert (tmp_path / "run" / "report.html").exists()
