"""What is amiss with a stream, in words; nothing where it is well."""

from __future__ import annotations

from physiosync_rt.live.snapshot import StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.wording import duration, losses_text, rate


def amiss_text(state: StreamState) -> str:
    """Return what is amiss with a stream at present or was so far; empty where nothing is."""
    said = []
    age = duration(state.age_s)
    if state.phase is StreamPhase.STALLED:
        said.append(tr("nothing for {age}: check power and range").format(age=age))
    elif state.phase is StreamPhase.LOST:
        said.append(tr("nothing for {age}: check the device, the run goes on").format(age=age))
    if state.stats.rate_is_off:
        said.append(tr("sends {rate}").format(rate=rate(state)))
    if losses := losses_text(state.stats):
        said.append(losses)
    return "; ".join(said)
