"""Take the pictures of docs/images again: `PYTHONPATH=tests python -m helpers.take_pictures`.

Each screen is a real window on a virtual one (Xvfb) of that size, in both colours; what it shows
are the scenes of `helpers.scenes`. A folder can be named in place of docs/images. The report is
taken too where PySide6-Addons is installed, which has a browser.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from helpers.person_at_screen import pause
from helpers.runs import PLAN, rows_of, write_run
from helpers.scenes import SCENES, of_bundle
from helpers.start import muse_sight, numbered, offered, report
from helpers.virtual_screen import virtual_screen
from PIL import Image
from PySide6.QtCore import QBuffer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QMainWindow

from physiosync_rt.dashboard.application import application
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.scheme import DARK, LIGHT, Scheme
from physiosync_rt.dashboard.start_screen import StartScreen
from physiosync_rt.datatypes import Modality
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.run_report.make_page import make_page
from physiosync_rt.setup.conduct import HandsOn
from physiosync_rt.setup.draft import make_draft
from physiosync_rt.setup.file_checks import check_files
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import Sight, device_in_use, say_unclear

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SCREENS = (("1366x768", 1), ("1920x1080", 1), ("3840x2160", 2))
"""Screens, and the scale that a desktop of this size has."""

SCHEMES = {"dark": DARK, "light": LIGHT}
TROUBLES = (
    *("cyton", "flat-electrode", "lost-gsr", "eeg-gone", "no-heartbeat"),
    *("unsure", "one-target-withheld", "not-about-emotion"),
)
"""Scenes that are taken once, on the smallest screen."""

HANDS = HandsOn(
    labels=(("participant", "01"), ("session", "02"), ("task", "music")),
    marker_keys=("video", "question"),
)
N_COLOURS = 256
"""Enough for flat pictures, which take a third of the room then."""


def take_all(folder: Path) -> None:
    """Take all pictures, each screen in a process of its own."""
    for size, scale in SCREENS:
        with virtual_screen(size=size) as (_, env):
            command = [sys.executable, "-m", "helpers.take_pictures", str(folder), size]
            env["QT_SCALE_FACTOR"] = str(scale)
            subprocess.run(command, env=env, check=True)
            if importlib.util.find_spec("PySide6.QtWebEngineWidgets"):
                _take_report(folder, size, env)


def _take_report(folder: Path, size: str, env: dict[str, str]) -> None:
    """Make the report of a run, and take its picture in both colours."""
    with tempfile.TemporaryDirectory() as temporary:
        log = Path(temporary) / "sub-01_ses-02_task-music_run-1_physio.csv"
        write_run(log, rows_of(PLAN))
        page = make_page(log)
        for name in SCHEMES:
            picture = folder / f"report-{size}-{name}.png"
            command = ["-m", "helpers.picture_of_page", str(page), str(picture), name, size]
            subprocess.run([sys.executable, *command], env=env, check=True)


def take_screen(folder: Path, size: str) -> None:
    """Take the pictures of the screen that there is."""
    application()
    for name, scheme in SCHEMES.items():
        for what, picture in _screens(scheme):
            save(picture, folder / f"{what}-{size}-{name}.png")
    if size != SCREENS[0][0]:
        return
    with tempfile.TemporaryDirectory() as made:
        start = _start(LIGHT, Path(made))
        save(_not_fitting(start, Path(made)), folder / "start-screen-light.png")
        save(_channels(start), folder / "channels-form.png")
        start.close()
    for name in TROUBLES:
        window = _live(DARK)
        save(_shown(window, _scene(name)), folder / f"scene-{name}.png")
        window.close()


def _screens(scheme: Scheme) -> Iterator[tuple[str, QImage]]:
    with tempfile.TemporaryDirectory() as folder:
        start = _start(scheme, Path(folder))
        start.bundle.choose("demo-muse")
        start.show_report(report(start.plan, muse_sight()))
        yield "start", _filled(start)
        start.close()
    live = _live(scheme)
    yield "live", _shown(live, _scene("calm"))
    live.views.toggle_big()
    yield "big-screen", _shown(live, _scene("calm"))
    live.close()


def _start(scheme: Scheme, folder: Path) -> StartScreen:
    start = StartScreen(Memory(folder / "app.ini"))
    start.recolour(scheme)
    start.source.buttons["lsl"].click()
    start.output.folder.setText("~/Documents/PhysioSync")
    return start


def _not_fitting(start: StartScreen, folder: Path) -> QImage:
    """Ask for a bundle of 32 electrodes where there is a Muse, and say who takes part."""
    start.bundle.choose("demo-eeg32")
    start.output.conduct.show_plan(
        Plan(
            participant="01", session="02", task="music", marker_keys=("video", "question", "pause")
        )
    )
    found = report(start.plan, muse_sight())
    written = start.plan.model_copy(update={"folder": str(folder)})
    files = check_files(written, datetime(2026, 1, 2, tzinfo=UTC))
    start.show_report(replace(found, checks=(*found.checks, *files)))
    return _filled(start)


def _channels(start: StartScreen) -> QImage:
    """Open the form for a Cyton whose stream says nothing of its eight channels."""
    cyton = offered("obci_eeg1", "EEG", numbered(8), unit=False)
    samples = 11.0 * np.random.default_rng(1).standard_normal((500, 8)).astype(np.float32)
    excerpt = StreamExcerpt(cyton.whole, samples, cyton.whole.sfreq, cyton.parts[0][1])
    sight = Sight(
        (cyton,),
        fitting=device_in_use(start.plan, cyton.parts)[1],
        problem=say_unclear(cyton, (Modality.EEG,)),
        unclear=cyton,
        excerpts=lambda _stream: [excerpt],
    )
    start.show_report(report(start.plan, sight))
    start.mapping.show_draft(make_draft(sight, cyton))
    start.open_mapping()
    return _filled(start)


def _scene(name: str) -> Snapshot:
    snapshot = _with_noise_where_it_is_said(SCENES[name]())
    snapshot = replace(snapshot, valid_rows=sum(row.valid for row in snapshot.history))
    if any(state.spec.modality == "ECG" for state in snapshot.streams):
        return snapshot if snapshot.meaning else _with_heart(snapshot)
    return of_bundle(snapshot, "demo-eeg32")


def _with_noise_where_it_is_said(snapshot: Snapshot) -> Snapshot:
    """Calm the third electrode, which is noisy in tests, where it does not count as bad."""
    noisy = 2
    if snapshot.eeg is None or snapshot.electrodes[noisy].fault:
        return snapshot
    samples = snapshot.eeg.samples.copy()
    samples[:, noisy] /= 6
    return replace(snapshot, eeg=replace(snapshot.eeg, samples=samples))


def _with_heart(snapshot: Snapshot) -> Snapshot:
    """Name a bundle of EEG and ECG, of which none of 32 electrodes is shipped."""
    scores = tuple(
        score.model_copy(update={"modalities": modalities})
        for modalities in ("eeg+ecg", "eeg")
        for score in snapshot.scores
    )
    return replace(snapshot, bundle_title="32 electrodes + ECG", scores=scores, margin=0.08)


def _live(scheme: Scheme) -> Dashboard:
    window = Dashboard(lambda _command: None, HANDS)
    window.views.recolour(scheme)
    return window


def _shown(window: Dashboard, snapshot: Snapshot) -> QImage:
    """Show a snapshot twice, as a run would: at last everything lies where it stays."""
    window.refresh(snapshot)
    _filled(window)
    window.refresh(replace(snapshot, run_s=snapshot.run_s + 0.1))
    window.eeg.redraw()
    return _filled(window)


def _filled(window: QMainWindow) -> QImage:
    """Let a window fill the screen, and return its picture."""
    window.setGeometry(window.screen().availableGeometry())
    window.show()
    pause(0.6)
    return window.grab().toImage()


def save(picture: QImage, path: Path) -> None:
    """Write a picture in few colours."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")  # type: ignore[call-overload]
    flat = Image.open(BytesIO(buffer.data().data())).convert("RGB")
    # Far colours are kept, which few pixels may have, such as that of attention; then all are moved
    # to what is near.
    few = flat.quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, 1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path.name}: {few.width}x{few.height}, {path.stat().st_size / 1000:.0f} kB", flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    if len(sys.argv) > 2:
        take_screen(where, sys.argv[2])
    else:
        take_all(where)
