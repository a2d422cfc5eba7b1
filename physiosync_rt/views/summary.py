"""What a run came to, in a few lines for a person."""

from __future__ import annotations

from physiosync_rt.live.events import EventKind
from physiosync_rt.live.run_log import bad_electrodes_s
from physiosync_rt.live.state import RunState
from physiosync_rt.live.troubles import markers_dropped
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import mark, tr
from physiosync_rt.views.events_text import sentence
from physiosync_rt.views.files_text import files_trouble, written_files
from physiosync_rt.views.shown_levels import UNSURE
from physiosync_rt.views.wording import QUADRANTS, losses_text, reason_text, row_reason

SIDES = (mark("high"), mark("low"), UNSURE)

N_NAMED = 5
"""So many bad electrodes are named."""


def run_summary(state: RunState) -> str:
    """Return rows, bad electrodes, the baseline and, for each stream, what went wrong."""
    text = tr("{n} rows, {valid} with a prediction").format(n=state.rows, valid=state.valid_rows)
    if len(state.used) > 1:
        said = tr("{n} from {what}")
        used = (said.format(n=n, what=what) for what, n in state.used.most_common())
        text += f" ({', '.join(used)})"
    if state.left_out:
        left_out = state.left_out.most_common()
        said = tr("{what} in {n} rows: {why}")
        each = (
            said.format(what=what, n=n, why=reason_text(why, what)) for (what, why), n in left_out
        )
        text += tr(" (left out: {what})").format(what="; ".join(each))
    if state.withheld:
        pps = state.pps.modality if state.pps else tr("GSR or ECG")
        reasons = (f"{n} {row_reason(why, pps)}" for why, n in state.withheld.most_common())
        text += tr(" (without one: {reasons})").format(reasons=", ".join(reasons))
    if bad_s := bad_electrodes_s(state):
        shown = [f"{name} {seconds} s" for name, seconds in list(bad_s.items())[:N_NAMED]]
        more = tr(" and {n} more").format(n=len(bad_s) - N_NAMED) if len(bad_s) > N_NAMED else ""
        text += tr("; bad electrodes: {names}").format(names=", ".join(shown) + more)
    if state.rows and state.pipeline.baseline is None:
        said = tr("; no baseline was captured (asked for: {what})")
        text += said.format(what=state.pipeline.baseline_origin)
    if written := written_files(state.files):
        text += tr("; wrote {files}").format(files=tr(" and ").join(written))
    text += "".join(f"\n{line}" for line in predicted(state))
    for spec in state.specs:
        if losses := losses_text(state.stats(spec.name)):
            text += f"\n{plain_text(spec.name)}: {losses}"
    if state.bundle.card.simulated:
        said = tr("The bundle was trained on simulated signals: it says nothing of a real person.")
        text += f"\n{said}"
    for event in state.events.events:
        if event.kind in (EventKind.CUT_OFF, EventKind.MARKERS_AFTER, EventKind.NO_PROOF):
            text += f"\n{sentence(event)}"
    troubles = (*files_trouble(state.files), *_log_trouble(state), *_markers_dropped(state))
    return "\n".join((text, *troubles))


def predicted(state: RunState) -> list[str]:
    """Return how often each state was said, or each side of a target."""
    meaning = state.bundle.card.meaning
    if not meaning and state.quadrants:
        words = {**{q: word for q, (word, _) in QUADRANTS.items()}, "": UNSURE}
        said = [f"{tr(word)} {n:,}" for q, word in words.items() if (n := state.quadrants[q])]
        return [tr("rows by state: {counts}").format(counts=", ".join(said))]
    lines = []
    for target in dict.fromkeys(target for target, _ in state.sides):
        name = meaning[target].name if target in meaning else tr(target)
        counts = [f"{tr(s)} {n:,}" for s in SIDES if (n := state.sides[target, s])]
        line = tr("rows by {target}: {counts}")
        lines.append(line.format(target=name, counts=", ".join(counts)))
    return lines


def _markers_dropped(state: RunState) -> list[str]:
    return [sentence(markers_dropped(state, 0.0))] if state.markers_dropped else []


def _log_trouble(state: RunState) -> list[str]:
    if state.log is None or not state.log.json_failed:
        return []
    path = state.log.file.path.with_suffix(".json")
    said = tr("{path} could not be completed: {why}")
    return [plain_text(said.format(path=path, why=state.log.json_failed))]
