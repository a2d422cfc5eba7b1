"""What happens in a run, for the logger ``physiosync_rt``."""

from __future__ import annotations

import logging

from physiosync_rt.datatypes import Snapshot, StreamPhase
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline

logger = logging.getLogger(__name__)

_LEVELS = {StreamPhase.STALLED: logging.WARNING, StreamPhase.LOST: logging.WARNING}
"""Level of a change to a phase; every other change is INFO."""


def log_event(text: str, stream: str) -> None:
    """Log an event of a stream as a warning, and what the source says (no stream) as information.

    Parameters
    ----------
    text : str
        One sentence.
    stream : str
        Name of the stream, empty where the source says it.
    """
    logger.log(logging.WARNING if stream else logging.INFO, "%s", text)


class RunLogger:
    """Logs what changes from one snapshot to the next: phases of streams, baseline, notice.

    Parameters
    ----------
    pipeline : Pipeline
        Of the run.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._phases: dict[str, StreamPhase] = {}
        self._notice = ""
        self._baseline: Baseline | None = None

    def look(self, snapshot: Snapshot, notice: str) -> None:
        """Log what is new.

        Parameters
        ----------
        snapshot : Snapshot
        notice : str
            What holds for the whole run.
        """
        for state in snapshot.streams:
            name = state.spec.name
            if state.phase is not self._phases.get(name, StreamPhase.WAITING):
                level = _LEVELS.get(state.phase, logging.INFO)
                logger.log(level, "stream %s: %s", name, state.phase)
            self._phases[name] = state.phase
        if notice and notice != self._notice:
            logger.warning("%s", notice)
        self._notice = notice
        baseline = self._pipeline.baseline
        if baseline is not None and baseline != self._baseline:
            modalities = ", ".join(baseline.channels)
            logger.info("baseline of %s in use: %s", modalities, baseline.origin)
        self._baseline = baseline
