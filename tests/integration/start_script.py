"""A script of clicks and keys at the start screen: `python start_script.py SCENARIO FOLDER`.

It starts `physiosync app` as the command line does, and prints what it saw as JSON.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from helpers.person_at_screen import PersonAtScreen, pause
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QPushButton

from physiosync_rt.cli import main
from physiosync_rt.dashboard.application import application

SCENARIO, FOLDER, *PICTURE = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]
LONGEST_S = 380
PREDICTED = ("Excited", "Tense", "Calm", "Sad", "Between ", "Unsure")

seen: dict[str, object] = {}
steps: list[str] = []
person = PersonAtScreen(steps.append)


def press_start() -> None:
    person.wait("Start enabled", lambda: _button("Start") and _button("Start").isEnabled())
    person.wait("the whole list of checks", lambda: person.sees("Disk"))
    seen["checks"] = [text for text in person.texts() if text]
    person.click(QPushButton, "Start")
    person.wait("the live view", lambda: person.window("Dashboard"))


def a_prediction() -> None:
    def predicted() -> bool:
        return any(text.startswith(PREDICTED) for text in person.texts())

    person.wait("a prediction", predicted)
    if PICTURE:
        window = person.window("Dashboard")
        assert window is not None
        window.grab().save(PICTURE[0])


def stop() -> None:
    person.click(QPushButton, "Stop")
    person.wait("the start screen", lambda: person.window("StartScreen"))
    person.wait("the summary", lambda: person.sees("with a prediction"))
    seen["summary"] = next(text for text in person.texts() if "with a prediction" in text)


def leave() -> None:
    window = person.window("StartScreen")
    assert window is not None
    person.press(window, Qt.Key.Key_Q, ctrl=True)


def _button(words: str) -> QPushButton | None:
    return person.find(QPushButton, words)


def simulated() -> None:
    person.click(QPushButton, "Simulated person")
    person.write("Folder", str(FOLDER))
    person.write("File name", "first")
    person.write("Rest at the start", "5")
    press_start()
    window = person.window("Dashboard")
    assert window is not None
    a_prediction()
    person.press(window, Qt.Key.Key_M)
    person.press(window, Qt.Key.Key_R)
    person.wait("that it is recorded", lambda: person.sees("raw signals recorded"))
    # The marker goes into the next row, a second later at most.
    pause(2.5)
    person.press(window, Qt.Key.Key_R)
    person.wait("that nothing is recorded", lambda: person.sees("raw signals not recorded"))
    stop()
    person.click(QPushButton, "Report")
    # Without a browser it is written all the same.
    person.wait(
        "the report", lambda: person.sees("Wrote first.html") or person.sees("first.html is open")
    )
    # A second run from the same screen: the name is taken, which is said.
    person.wait("that the name is taken", lambda: person.sees("first.csv exists"))
    person.write("File name", "second")
    press_start()
    dashboard = person.window("Dashboard")
    assert dashboard is not None
    person.press(dashboard, Qt.Key.Key_W, ctrl=True)
    person.wait("the start screen", lambda: person.window("StartScreen"))
    person.wait("the summary", lambda: person.sees("wrote"))


def muse() -> None:
    person.click(QPushButton, "LSL streams")
    person.pick("Bundles", "headband")
    person.write("Folder", str(FOLDER))
    person.write("File name", "muse")
    person.write("Rest at the start", "8")
    press_start()
    a_prediction()
    stop()


def obci() -> None:
    person.click(QPushButton, "LSL streams")
    person.pick("Bundles", "32 electrodes")
    person.write("Folder", str(FOLDER))
    person.write("File name", "obci")
    person.write("Rest at the start", "8")
    person.click(QPushButton, "Say what the channels are")
    person.wait("the form", lambda: person.sees("Channels of “obci_eeg1”"))
    person.write_into_box("What channel 5 is", "Q7")
    person.wait("why not", lambda: person.sees("“Q7” is not an electrode"))
    person.write_into_box("What channel 5 is", "T7")
    person.choose("Unit of the EEG", "microvolts")
    person.write("Save as", str(FOLDER / "mine.yaml"))
    person.click(QPushButton, "Use these channels")
    press_start()
    a_prediction()
    stop()


def run() -> None:
    scenario: Callable[[], None] = {"simulated": simulated, "muse": muse, "obci": obci}[SCENARIO]
    try:
        person.wait("the start screen", lambda: person.window("StartScreen"))
        scenario()
        leave()
    except BaseException:  # noqa: BLE001 - an exception in a slot of Qt would go unnoticed.
        traceback.print_exc()
        os._exit(1)


if __name__ == "__main__":
    faulthandler.dump_traceback_later(LONGEST_S, exit=True)
    application()
    QTimer.singleShot(0, run)
    sys.argv[:] = ["physiosync", "app", "--local", "--settings", str(FOLDER / "app.ini")]
    try:
        main()
    except SystemExit as end:
        seen["code"] = end.code
    print(json.dumps({**seen, "steps": steps}))
