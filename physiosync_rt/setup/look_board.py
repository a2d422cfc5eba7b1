"""Look at a BrainFlow board before it is opened: its signals, and its port."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from physiosync_rt.brainflow.boards import board_id, board_streams, needs_port
from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import Modality
from physiosync_rt.devices import mapper_for
from physiosync_rt.devices.assist_units import StreamExcerpt
from physiosync_rt.devices.recorded import own_carrier
from physiosync_rt.errors import UserError
from physiosync_rt.live.options import RunOptions
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import (
    Offered,
    Sight,
    device_in_use,
    first_paragraph,
    open_device,
    say_unclear,
    unclear_stream,
    wanted_modalities,
)
from physiosync_rt.sources.validate import find_problem
from physiosync_rt.utils.translation import tr

_PORTS = ("ttyUSB*", "ttyACM*", "rfcomm*", "cu.*")


def serial_ports() -> tuple[str, ...]:
    """Return the serial ports of this computer at which a board may be."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DEVICEMAP\SERIALCOMM") as key:
                n_ports = winreg.QueryInfoKey(key)[1]
                return tuple(sorted(str(winreg.EnumValue(key, i)[1]) for i in range(n_ports)))
        except OSError:
            # There is no such key where there is no port.
            return ()
    return tuple(sorted(str(path) for glob in _PORTS for path in Path("/dev").glob(glob)))


def port_problem(port: str) -> str:
    """Return why a serial port cannot be used, and what to do; empty where nothing speaks against.

    The port is not opened: that resets some boards.
    """
    if sys.platform == "win32":
        if port.upper() not in map(str.upper, serial_ports()):
            return _no_port(port)
        return ""
    path = Path(port)
    if not path.exists():
        return _no_port(port)
    if not os.access(path, os.R_OK | os.W_OK):
        said = tr(
            "The port {port} may not be used by you. Add yourself to its group (often {command}) "
            "and log in again"
        )
        return said.format(port=port, command="`sudo usermod -aG dialout $USER`")
    if holder := port_holder(path):
        said = tr("The port {port} is busy: {program} has it open. Close that program")
        return said.format(port=port, program=holder)
    return ""


def _no_port(port: str) -> str:
    said = tr("There is no port {port}. Plug the dongle in, or choose another port")
    return said.format(port=port)


def port_holder(path: Path) -> str:
    """Return the program that has a device open, on Linux and among one's own; else nothing."""
    try:
        device = path.resolve(strict=True)
        processes = [each for each in Path("/proc").iterdir() if each.name.isdigit()]
    except OSError:
        return ""
    for process in processes:
        try:
            if any(fd.readlink() == device for fd in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
                said = tr("{program} (process {n})")
                return said.format(program=name or tr("a program"), n=process.name)
        except OSError:
            # Of somebody else, or ended.
            continue
    return ""


def look_at_board(plan: Plan, card: Card) -> Sight:
    """Return what a board measures and what a run would take of it."""
    try:
        settings = plan.board_settings()
        if settings is None:
            if not plan.device:
                return Sight(problem=_no_board())
            described = open_device(plan.device)
            settings = described.brainflow if described else None
            if settings is None:
                return Sight(problem=_no_board())
        specs = [stream.spec for stream in board_streams(board_id(settings.board))]
        parts = [(spec, own_carrier(spec)) for spec in specs]
        name, fitting = device_in_use(plan, parts)
        device = open_device(name)
        offered = []
        for spec, carrier in parts:
            mapper = mapper_for(device, spec)
            mapped = mapper.spec if mapper else spec
            offered.append(Offered(spec, ((spec, carrier),), (mapped,), query=spec.name))
    except UserError as error:
        return Sight(device=plan.device, problem=first_paragraph(error))
    sight = Sight(tuple(offered), device=name, fitting=fitting, excerpts=_without_samples)
    wanted = wanted_modalities(card)
    unclear = unclear_stream(offered, [Modality.EEG])
    if unclear is not None:
        return replace(sight, problem=say_unclear(unclear, wanted), unclear=unclear)
    usable = [o.specs[0] for o in offered if not find_problem(o.specs[0])]
    try:
        eeg, pps = RunOptions().choose_streams(usable, card)
    except UserError as error:
        return replace(sight, problem=first_paragraph(error))
    serving = tuple(
        replace(o, serves=tuple(m for m in wanted if o.specs[0] in (eeg, pps) and o.carries(m)))
        for o in offered
    )
    sight = replace(sight, offered=serving, eeg=eeg, pps=pps)
    if needs_port(settings.board):
        if not settings.serial_port:
            return replace(sight, problem=tr("The board needs its serial port. Choose it"))
        if problem := port_problem(settings.serial_port):
            return replace(sight, problem=problem, waiting=True)
    return sight


def _no_board() -> str:
    return tr("No board is chosen. Choose yours from the list")


def _without_samples(stream: Offered) -> list[StreamExcerpt]:
    """Return what a board says of a stream; it sends nothing before it is opened."""
    return [
        StreamExcerpt(spec, np.empty((0, spec.n_chans), np.float32), spec.sfreq, carrier)
        for spec, carrier in stream.parts
    ]
