"""Check that a stream states its unit, rate and electrodes."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import Carrier, Modality, StreamSpec
from physiosync_rt.devices import device_template
from physiosync_rt.errors import UserError
from physiosync_rt.formats.channel_roles import NUMBERED
from physiosync_rt.formats.electrode_labels import biosemi_problem, bipolar_problem
from physiosync_rt.formats.limits import rate_problem
from physiosync_rt.utils.translation import tr


def open_points(spec: StreamSpec) -> list[str]:
    """Return what a stream does not state and a device description can: unit, rate, electrodes."""
    missing = []
    if not spec.unit:
        missing.append(tr("its unit"))
    if spec.sfreq <= 0:
        missing.append(tr("its rate"))
    if spec.modality is Modality.EEG and any(map(NUMBERED.fullmatch, spec.ch_names)):
        missing.append(tr("its electrodes"))
    return missing


def find_problem(spec: StreamSpec) -> str:
    """Return why a stream cannot be used, in one sentence; empty when it can."""
    if problem := rate_problem(spec.sfreq):
        said = tr("stream {stream!r} {problem}; correct the sender")
        return said.format(stream=spec.name, problem=problem)
    missing = open_points(spec)
    if spec.modality is Modality.EEG and not missing:
        named = bipolar_problem(spec.ch_names) or biosemi_problem(spec.ch_names)
        said = tr("stream {stream!r}: {problem}")
        return said.format(stream=spec.name, problem=named) if named else ""
    if not missing:
        return ""
    said = tr(
        "stream {stream!r} does not state {missing}; describe it in a device YAML and pass it with "
        "--device"
    )
    return said.format(stream=spec.name, missing=tr(" and ").join(missing))


def require_usable(spec: StreamSpec, parts: Sequence[tuple[StreamSpec, Carrier]] = ()) -> None:
    """Reject a stream that lacks its unit, rate or electrodes.

    Parameters
    ----------
    spec : StreamSpec
    parts : sequence of (StreamSpec, Carrier)
        All parts of the stream that carries it, where it is one of several.

    Raises
    ------
    UserError
        With what is missing, and a description of the stream that asks for it, as
        ``physiosync streams --assist`` does, where one can help.
    """
    if sentence := find_problem(spec):
        if rate_problem(spec.sfreq) or bipolar_problem(spec.ch_names):
            raise UserError(sentence)
        raise UserError(f"{sentence}, starting from\n\n{device_template(spec, parts)}")
