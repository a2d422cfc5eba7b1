"""What the start screen remembers from one time to the next."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from physiosync_rt.setup.plan import Plan

MOST_RECENT = 8


class Memory:
    """The last plan, recent bundles and descriptions, and the window's geometry.

    Parameters
    ----------
    path : Path, optional
        Settings file; the user's own where it is not given.
    """

    def __init__(self, path: Path | None = None) -> None:
        ini = QSettings.Format.IniFormat
        if path is None:
            self._settings = QSettings(ini, QSettings.Scope.UserScope, "physiosync", "app")
        else:
            self._settings = QSettings(str(path), ini)

    @property
    def path(self) -> Path:
        """The settings file."""
        return Path(self._settings.fileName())

    def plan(self) -> Plan:
        """Return the last plan; defaults where there is none, or it cannot be understood."""
        text = self._settings.value("plan", "")
        if isinstance(text, str) and text:
            try:
                return Plan.model_validate_json(text)
            except ValidationError:
                pass
        return Plan(folder=short_path(default_folder()))

    def keep_plan(self, plan: Plan) -> None:
        """Remember a plan; the name of its files and the notes are for one run."""
        kept = plan.model_copy(update={"name": "", "notes": ""})
        self._settings.setValue("plan", kept.model_dump_json())
        self._settings.sync()

    def recent(self, kind: str) -> list[str]:
        """Return what was opened before, newest first; ``kind`` is ``bundles`` or ``devices``."""
        found = self._settings.value(f"recent/{kind}", [])
        names = [found] if isinstance(found, str) else found
        return [str(name) for name in names] if isinstance(names, list) else []

    def keep_recent(self, kind: str, name: str) -> None:
        """Remember something that was opened."""
        names = [name, *(other for other in self.recent(kind) if other != name)]
        self._settings.setValue(f"recent/{kind}", names[:MOST_RECENT])

    def geometry(self, window: str = "") -> QByteArray | None:
        """Return where a window was: the start screen, or ``live``."""
        found = self._settings.value(f"{window}geometry")
        return found if isinstance(found, QByteArray) else None

    def keep_geometry(self, geometry: QByteArray, window: str = "") -> None:
        """Remember where a window is."""
        self._settings.setValue(f"{window}geometry", geometry)
        self._settings.sync()

    def zoom(self) -> float:
        """Return the zoom of the live window; 1 where none is known."""
        try:
            return float(str(self._settings.value("zoom", 1.0)))
        except ValueError:
            return 1.0

    def keep_zoom(self, zoom: float) -> None:
        """Remember the zoom of the live window."""
        self._settings.setValue("zoom", zoom)


def default_folder() -> Path:
    """Return where runs are written unless somebody says otherwise."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return (Path(documents) if documents else Path.home()) / "PhysioSync"


def short_path(path: Path) -> str:
    """Return a path as it is typed, with ``~`` for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def devices_folder() -> Path:
    """Return where descriptions of devices are kept unless somebody says otherwise."""
    return default_folder() / "devices"
