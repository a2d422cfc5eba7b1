"""Words on electrodes: how many are measured, and what one is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.utils.translation import mark, tr

STATES: dict[ElectrodeState, str] = {
    ElectrodeState.MEASURED: mark("measured"),
    ElectrodeState.INTERPOLATED: mark("interpolated: the stream does not have it"),
    ElectrodeState.BAD: mark("bad"),
    ElectrodeState.SILENT: mark("no signal at present"),
}
"""What an electrode is made of, in words."""

MARKS: dict[ElectrodeState, tuple[str, str]] = {
    ElectrodeState.MEASURED: ("●", mark("measured")),
    ElectrodeState.INTERPOLATED: ("○", mark("interpolated")),
    ElectrodeState.BAD: ("×", mark("bad")),
    ElectrodeState.SILENT: ("–", mark("no signal")),
}
"""Mark and word of each state."""

_NAMED = 3


def measured_text(n: int, of: int) -> str:
    """Return how many of a bundle's electrodes are measured."""
    return tr("{n} of {of} electrodes measured").format(n=n, of=of)


def electrode_text(electrode: Electrode) -> str:
    """Return an electrode and what it is made of, as in ``T7: bad (flat)``."""
    fault = f" ({tr(electrode.fault)})" if electrode.fault else ""
    return f"{electrode.name}: {tr(STATES[electrode.state])}{fault}"


def electrodes_text(electrodes: Sequence[Electrode]) -> str:
    """Return how many electrodes are measured and what is amiss, in one line.

    Empty where all of them are measured, or there are none.
    """
    count = Counter(electrode.state for electrode in electrodes)
    n_measured = count[ElectrodeState.MEASURED]
    if n_measured == len(electrodes):
        return ""
    if count[ElectrodeState.SILENT]:
        return tr("No EEG at present")
    parts = [measured_text(n_measured, len(electrodes))]
    bad = [e for e in electrodes if e.state is ElectrodeState.BAD]
    if bad:
        named = ", ".join(f"{e.name} {tr(e.fault)}".strip() for e in bad[:_NAMED])
        more = tr(" and {n} more").format(n=len(bad) - _NAMED) if len(bad) > _NAMED else ""
        parts.append(tr("bad: {names}").format(names=named + more))
    if n := count[ElectrodeState.INTERPOLATED]:
        parts.append(tr("{n} interpolated").format(n=n))
    return ", ".join(parts)


def legend_text(electrodes: Sequence[Electrode]) -> str:
    """Return what the marks mean, as far as they occur."""
    present = {electrode.state for electrode in electrodes}
    shown = (of_state for state, of_state in MARKS.items() if state in present)
    return "   ".join(f"{sign} {tr(word)}" for sign, word in shown)
