"""What a run came to, in a few lines for a person."""

from __future__ import annotations

from physiosync_rt.live.events import EventKind
from physiosync_rt.live.run_log import bad_electrodes_s
from physiosync_rt.live.state import RunState
from physiosync_rt.live.troubles import markers_dropped
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.events_text import sentence
from physiosync_rt.views.files_text import files_trouble, written_files
from physiosync_rt.views.wording import QUADRANTS, losses_text, reason_text, row_reason

N_NAMED = 5
"""So many bad electrodes are named."""


def run_summary(state: RunState) -> str:
    """Return rows, bad electrodes, the baseline and, for each stream, what went wrong."""
    text = f"{state.rows} rows, {state.valid_rows} with a prediction"
    if len(state.used) > 1:
        text += " (" + ", ".join(f"{n} from {what}" for what, n in state.used.most_common()) + ")"
    if state.left_out:
        left_out = state.left_out.most_common()
        said = (f"{what} in {n} rows: {reason_text(why, what)}" for (what, why), n in left_out)
        text += f" (left out: {'; '.join(said)})"
    if state.withheld:
        pps = state.pps.modality if state.pps else "GSR or ECG"
        reasons = (f"{n} {row_reason(why, pps)}" for why, n in state.withheld.most_common())
        text += f" (without one: {', '.join(reasons)})"
    if bad_s := bad_electrodes_s(state):
        shown = [f"{name} {seconds} s" for name, seconds in list(bad_s.items())[:N_NAMED]]
        more = f" and {len(bad_s) - N_NAMED} more" if len(bad_s) > N_NAMED else ""
        text += f"; bad electrodes: {', '.join(shown)}{more}"
    if state.rows and state.pipeline.baseline is None:
        text += f"; no baseline was captured (asked for: {state.pipeline.baseline_origin})"
    if written := written_files(state.files):
        text += f"; wrote {' and '.join(written)}"
    text += "".join(f"\n{line}" for line in predicted(state))
    for spec in state.specs:
        if losses := losses_text(state.stats(spec.name)):
            text += f"\n{plain_text(spec.name)}: {losses}"
    if state.bundle.card.simulated:
        text += "\nThe bundle was trained on simulated signals: it says nothing of a real person."
    for event in state.events.events:
        if event.kind in (EventKind.CUT_OFF, EventKind.NO_PROOF):
            text += f"\n{sentence(event)}"
    troubles = (*files_trouble(state.files), *_log_trouble(state), *_markers_dropped(state))
    return "\n".join((text, *troubles))


def predicted(state: RunState) -> list[str]:
    """Return how often each state was said, or each side of a target."""
    meaning = state.bundle.card.meaning
    if not meaning and state.quadrants:
        said = [f"{word} {n:,}" for q, (word, _) in QUADRANTS.items() if (n := state.quadrants[q])]
        said += [f"unsure {n:,}"] if (n := state.quadrants[""]) else []
        return [f"rows by state: {', '.join(said)}"]
    lines = []
    for target in dict.fromkeys(target for target, _ in state.sides):
        name = meaning[target].name if target in meaning else target
        counts = [f"{s} {n:,}" for s in ("high", "low", "unsure") if (n := state.sides[target, s])]
        lines.append(f"rows by {name}: {', '.join(counts)}")
    return lines


def _markers_dropped(state: RunState) -> list[str]:
    return [sentence(markers_dropped(state, 0.0))] if state.markers_dropped else []


def _log_trouble(state: RunState) -> list[str]:
    if state.log is None or not state.log.json_failed:
        return []
    path = state.log.file.path.with_suffix(".json")
    return [plain_text(f"{path} could not be completed: {state.log.json_failed}")]
