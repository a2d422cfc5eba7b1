"""Every YAML file that ships can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from physiosync_rt.devices import load_device
from physiosync_rt.errors import UserError
from physiosync_rt.setup.settings import LiveSettings, live_settings
from physiosync_rt.utils.resources import configs_dir


def _names(kind: str) -> list[str]:
    return sorted(path.stem for path in (configs_dir() / kind).glob("*.yaml"))


@pytest.mark.parametrize("name", _names("live"))
def test_live(name: str) -> None:
    assert live_settings(name, {}) != LiveSettings()


@pytest.mark.parametrize("name", _names("devices"))
def test_devices(name: str) -> None:
    assert load_device(name).name


def test_options_win_over_the_file_and_the_file_over_defaults() -> None:
    settings = live_settings("simulated", {"seed": 9, "hop": None, "headless": False})
    assert (settings.seed, settings.source, settings.hop) == (9, "simulated", 1.0)


def test_an_unknown_field_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("source: lsl\ncolour: blue\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.yaml, line 2: colour"):
        live_settings(str(path), {})
