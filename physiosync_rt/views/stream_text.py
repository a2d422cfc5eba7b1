"""What is amiss with a stream, in words; nothing where it is well."""

from __future__ import annotations

from physiosync_rt.live.snapshot import StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.views.wording import duration, losses_text, rate


def amiss_text(state: StreamState) -> str:
    """Return what is amiss with a stream at present or was so far; empty where nothing is."""
    said = []
    if state.phase is StreamPhase.STALLED:
        said.append(f"nothing for {duration(state.age_s)}: check power and range")
    elif state.phase is StreamPhase.LOST:
        said.append(f"nothing for {duration(state.age_s)}: check the device, the run goes on")
    if state.stats.rate_is_off:
        said.append(f"sends {rate(state)}")
    if losses := losses_text(state.stats):
        said.append(losses)
    return "; ".join(said)
