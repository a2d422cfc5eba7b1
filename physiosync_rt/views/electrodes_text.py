"""Words on electrodes: how many are measured, and what one is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState

STATES: dict[ElectrodeState, str] = {
    ElectrodeState.MEASURED: "measured",
    ElectrodeState.INTERPOLATED: "interpolated: the stream does not have it",
    ElectrodeState.BAD: "bad",
    ElectrodeState.SILENT: "no signal at present",
}
"""What an electrode is made of, in words."""

MARKS: dict[ElectrodeState, tuple[str, str]] = {
    ElectrodeState.MEASURED: ("●", "measured"),
    ElectrodeState.INTERPOLATED: ("○", "interpolated"),
    ElectrodeState.BAD: ("×", "bad"),
    ElectrodeState.SILENT: ("–", "no signal"),
}
"""Mark and word of each state."""

_NAMED = 3


def measured_text(n: int, of: int) -> str:
    """Return how many of a bundle's electrodes are measured."""
    return f"{n} of {of} electrodes measured"


def electrode_text(electrode: Electrode) -> str:
    """Return an electrode and what it is made of, as in ``T7: bad (flat)``."""
    fault = f" ({electrode.fault})" if electrode.fault else ""
    return f"{electrode.name}: {STATES[electrode.state]}{fault}"


def electrodes_text(electrodes: Sequence[Electrode]) -> str:
    """Return how many electrodes are measured and what is amiss, in one line.

    Empty where all of them are measured, or there are none.
    """
    count = Counter(electrode.state for electrode in electrodes)
    n_measured = count[ElectrodeState.MEASURED]
    if n_measured == len(electrodes):
        return ""
    if count[ElectrodeState.SILENT]:
        return "No EEG at present"
    parts = [measured_text(n_measured, len(electrodes))]
    bad = [e for e in electrodes if e.state is ElectrodeState.BAD]
    if bad:
        named = ", ".join(f"{e.name} {e.fault}".strip() for e in bad[:_NAMED])
        more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        parts.append(f"bad: {named}{more}")
    if n := count[ElectrodeState.INTERPOLATED]:
        parts.append(f"{n} interpolated")
    return ", ".join(parts)


def legend_text(electrodes: Sequence[Electrode]) -> str:
    """Return what the marks mean, as far as they occur."""
    present = {electrode.state for electrode in electrodes}
    return "   ".join(f"{mark} {word}" for state, (mark, word) in MARKS.items() if state in present)
