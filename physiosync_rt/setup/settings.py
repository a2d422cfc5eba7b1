"""Settings of a live run: options of the command line over a YAML file over defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from physiosync_rt.devices import BrainFlowSettings
from physiosync_rt.errors import UserError
from physiosync_rt.formats.join import Join
from physiosync_rt.setup.conduct import CheckedConduct
from physiosync_rt.sources.base import SourceKind
from physiosync_rt.utils.resources import find_config
from physiosync_rt.utils.yaml_config import read_yaml


class LiveSettings(CheckedConduct):
    """What ``physiosync live`` can be told, by option or in ``configs/live/*.yaml``.

    The names are those of the options; see ``physiosync live --help``.
    """

    bundle: str = "demo-eeg32"
    source: SourceKind = "lsl"
    file: tuple[Path, ...] = ()
    subject: str | None = None
    join: Join | None = None
    eeg: str | None = None
    pps: str | None = None
    device: str | None = None
    board: BrainFlowSettings | None = None
    baseline: str | None = None
    hop: float = Field(1.0, gt=0, le=60, allow_inf_nan=False)
    duration: float | None = Field(None, gt=0, allow_inf_nan=False)
    speed: float = Field(1.0, gt=0, allow_inf_nan=False)
    seed: int = Field(0, ge=0)
    min_quality: float | None = Field(None, ge=0, le=1)
    timeout: float = Field(10.0, gt=0, le=3600)
    torch_device: str = "auto"
    engine: str = "auto"
    precision: str = "fp32"
    headless: bool = False
    local: bool = False
    csv: Path | None = None
    record: Path | None = None
    png: Path | None = None
    outlet: bool = False


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Where a run goes: its CSV, the raw streams as XDF, an LSL stream of its rows."""

    csv: Path | None = None
    record: Path | None = None
    outlet: bool = False

    @property
    def folder(self) -> Path | None:
        """Where they lie; None where there are none."""
        path = self.csv or self.record
        return path.parent if path else None


def live_settings(config: str | None, options: dict[str, Any]) -> LiveSettings:
    """Combine a YAML file with the options that were given (``None`` and False are not).

    Raises
    ------
    UserError
        The file cannot be used.
    """
    base = read_yaml(find_config("live", config), LiveSettings) if config else LiveSettings()
    return with_options(base, options)


def with_options(base: LiveSettings, options: Mapping[str, Any]) -> LiveSettings:
    """Return settings with the options that were given (``None`` and False are not).

    Raises
    ------
    UserError
        An option has an impossible value.
    """
    given = {k: v for k, v in options.items() if v is not None and v is not False and v != ()}
    try:
        return LiveSettings.model_validate(
            {**base.model_dump(include=set(LiveSettings.model_fields)), **given}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise UserError(f"{option} {first['input']}: {first['msg']}") from error
