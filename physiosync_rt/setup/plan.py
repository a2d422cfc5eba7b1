"""What a person chooses on the start screen, and the settings of a run that follow from it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import Field

from physiosync_rt.devices import BrainFlowSettings
from physiosync_rt.setup.conduct import Conduct, next_run
from physiosync_rt.setup.settings import LiveSettings, RunFiles
from physiosync_rt.sources.base import SourceKind

AS_STATED = "-"
"""Stands for the device description where a person wants the stream taken as it says itself."""


def expanded(path: str) -> Path:
    """Return a path as it was typed, with the home folder for ``~`` where there is one."""
    try:
        return Path(path.strip()).expanduser()
    except RuntimeError:
        # There is nobody of the name after the ~.
        return Path(path.strip())


class Plan(Conduct):
    """Everything that is chosen before a run, as it was typed; with who takes part.

    Attributes
    ----------
    bundle : str
        Name or folder.
    source : str
    eeg, pps : str
        Queries for LSL streams; empty chooses the only one.
    device : str
        Name or path of a description; empty looks for a shipped one that fits, `AS_STATED` uses
        none.
    board, serial_port, mac_address, ip_address, ip_port
        For BrainFlow.
    file, subject : str
        A recording, and whose where it holds several people's.
    seed : int
        Of the simulated person.
    rest_s : float, optional
        Seconds of rest at the start; the bundle's own where it is not given.
    folder, name : str
        Where files go; an empty name is made of the participant, or else of the time.
    csv, record, outlet : bool
        What is kept and published.
    """

    bundle: str = "demo-eeg32"
    source: SourceKind = "lsl"
    eeg: str = ""
    pps: str = ""
    device: str = ""
    board: str = ""
    serial_port: str = ""
    mac_address: str = ""
    ip_address: str = ""
    ip_port: int = Field(0, ge=0, le=65535)
    file: str = ""
    subject: str = ""
    seed: int = Field(7, ge=0)
    rest_s: float | None = Field(None, gt=0)
    folder: str = ""
    name: str = ""
    csv: bool = True
    record: bool = False
    outlet: bool = False

    def board_settings(self) -> BrainFlowSettings | None:
        """Return how BrainFlow connects; None where no board is chosen."""
        if not self.board:
            return None
        return BrainFlowSettings(
            board=self.board,
            serial_port=self.serial_port.strip(),
            mac_address=self.mac_address.strip(),
            ip_address=self.ip_address.strip(),
            ip_port=self.ip_port,
            timeout=15,
        )

    def file_stem(self, now: datetime) -> str:
        """Return the name of the files without its ending."""
        if name := self.name.strip():
            return name
        if self.stem:
            return next_run(expanded(self.folder), self.stem)
        return f"physiosync-{now:%Y%m%d-%H%M%S}"

    def files(self, now: datetime) -> RunFiles:
        """Return the files of a run that starts now."""
        folder, stem = expanded(self.folder), self.file_stem(now)
        return RunFiles(
            csv=folder / f"{stem}.csv" if self.csv else None,
            record=folder / f"{stem}.xdf" if self.record else None,
            outlet=self.outlet,
        )


def settings_of(plan: Plan, device: str, files: RunFiles, *, local: bool) -> LiveSettings:
    """Return the settings with which ``physiosync live`` would make the same run.

    Parameters
    ----------
    plan : Plan
    device : str
        The description in use, which may have been found for the stream; empty for none.
    files : RunFiles
    local : bool
        Whether LSL is restricted to this computer.
    """
    lsl = plan.source == "lsl"
    return LiveSettings(
        bundle=plan.bundle,
        source=plan.source,
        file=(expanded(plan.file),) if plan.source == "file" else (),
        subject=(plan.subject.strip() or None) if plan.source == "file" else None,
        eeg=(plan.eeg or None) if lsl else None,
        pps=(plan.pps or None) if lsl else None,
        device=device or None,
        board=plan.board_settings() if plan.source == "brainflow" else None,
        baseline=None if plan.rest_s is None else f"{plan.rest_s:g}",
        seed=plan.seed if plan.source == "simulated" else 0,
        local=local,
        csv=files.csv,
        record=files.record,
        outlet=files.outlet,
        **{field: getattr(plan, field) for field in Conduct.model_fields},
    )
