"""Whether a stream says enough of itself to be used."""

from __future__ import annotations

import re

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices import device_template
from physiosync_rt.errors import UserError

_NUMBERED = re.compile(r"(ch|chan|channel|eeg)?[\s_-]*\d+", re.IGNORECASE)


def find_problem(spec: StreamSpec) -> str:
    """Say in one sentence what a stream leaves open; empty when it can be used."""
    missing = []
    if not spec.unit:
        missing.append("in which unit its samples are")
    if spec.sfreq <= 0:
        missing.append("its rate")
    if spec.modality is Modality.EEG and any(_NUMBERED.fullmatch(name) for name in spec.ch_names):
        missing.append("its electrodes")
    if not missing:
        return ""
    return (
        f"stream {spec.name!r} does not say {' and '.join(missing)}; describe it in a device file "
        "and give it with --device"
    )


def require_usable(spec: StreamSpec) -> None:
    """Refuse a stream that leaves something open.

    Raises
    ------
    UserError
        With what is missing, and the beginning of a device description.
    """
    if sentence := find_problem(spec):
        raise UserError(f"{sentence}, beginning with\n\n{device_template(spec)}")
