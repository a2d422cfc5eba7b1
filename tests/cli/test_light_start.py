"""Commands load what they need when they need it: help knows no torch, no Qt and no LSL."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from helpers.e4_session import beginning
from helpers.runs import rows_of, write_run

from physiosync_rt.simulation.write_xdf import write_recording

HEAVY = ("torch", "scipy", "mne", "PySide6", "pylsl", "brainflow", "pyxdf", "numpy", "yaml")

_HEAD = f"""
import contextlib, io, json, sys
from physiosync_rt.cli import main

def loaded():
    return [name for name in {HEAVY!r} if name in sys.modules]

def run(*words):
    sys.argv = ["physiosync", *words]
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            main()
        except SystemExit as end:
            assert not end.code, (words, end.code)
    return shown.getvalue()
"""


def _run(body: str, *words: str) -> dict[str, list[str]]:
    """Run code in one fresh process; return what it found, by command."""
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + body, *words], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_help_of_every_command_loads_nothing_heavy() -> None:
    found = _run("""
import functools
import typer
from physiosync_rt.cli.app import app

# All commands are described once, and not again for the help of each.
typer.main.get_command = functools.cache(typer.main.get_command)

def walk(command, *way):
    yield way
    if hasattr(command, "list_commands"):
        context = typer.Context(command)
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), *way, name)

import physiosync_training, physiosync_rt.errors
found = {"import": loaded()}
assert "0.1" in run("--version")
found["--version"] = loaded()
for way in walk(typer.main.get_command(app)):
    assert "Usage" in run(*way, "--help"), way
    found[" ".join(way) or "--help"] = loaded()
print(json.dumps(found))
""")
    assert {"import", "--version", "live", "predict", "bench follow"} < found.keys()
    assert all(modules == [] for modules in found.values()), found


def test_looking_at_files_and_streams_loads_no_torch(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "person.xdf"
    write_recording(path, 1, duration_s=4.0, rest_s=2.0)
    write_run(tmp_path / "run.csv", rows_of([None, "gap", None]))
    found = _run(
        """
found = {}
edf, csv, xdf, log = sys.argv[1:]
for name, words in {
    "bundle": ["inspect", "demo-muse"],
    "streams": ["streams", "--timeout", "0.3", "--local"],
    "edf": ["inspect", edf],
    "csv": ["inspect", csv],
    "report": ["report", log],
    "xdf": ["inspect", xdf],
}.items():
    run(*words)
    found[name] = loaded()
print(json.dumps(found))
""",
        str(data_dir / "mne-io-testfiles" / "test.edf"),
        str(beginning(data_dir / "stress-predict-e4" / "S02", tmp_path / "S02")),
        str(path),
        str(tmp_path / "run.csv"),
    )
    assert set(found["bundle"]) <= {"numpy", "yaml"}
    assert "torch" not in found["report"]
    for name in ("edf", "csv"):
        assert set(found[name]) <= {"numpy", "yaml", "pylsl", "scipy"}, name
    assert set(found["streams"]) <= {"numpy", "yaml", "pylsl"}
    assert "torch" not in found["xdf"]


def test_live_speaks_before_it_loads_torch() -> None:
    found = _run("""
import typer
echo, found = typer.echo, {}

def heard(message, **options):
    found[message] = loaded()
    echo(message, **options)
    # What it loads after these words is another matter.
    raise SystemExit

typer.echo = heard
sys.argv = ["physiosync", "live", "--headless", "--local", "--timeout", "0.3"]
with contextlib.suppress(SystemExit):
    main()
print(json.dumps(found))
""")
    assert set(found["looking for streams"]) <= {"numpy", "yaml"}


def test_the_start_screen_loads_no_torch_and_no_lsl() -> None:
    found = _run("""
import physiosync_rt.dashboard.start_app
print(json.dumps({"start screen": loaded()}))
""")
    assert set(found["start screen"]) <= {"numpy", "yaml", "PySide6", "scipy"}
