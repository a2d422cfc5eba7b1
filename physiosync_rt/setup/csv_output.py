"""The CSV of a run and the JSON beside it, put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from physiosync_rt.live.engine import Engine
from physiosync_rt.live.events import EventLog
from physiosync_rt.live.run_log import describe_run, outcome
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.views.events_text import sentence, told


def start_log(
    engine: Engine, path: Path, settings: dict[str, Any], *, lasting: bool = True
) -> CsvLog:
    """Write the rows of an engine from now on.

    Parameters
    ----------
    engine : Engine
        Already open.
    path : Path
    settings : dict
        What the person asked for.
    lasting : bool
        Whether the run goes on when the disk is full or the file is gone.

    Raises
    ------
    UserError
        The file cannot be written.
    """
    state = engine.state
    log = CsvLog(
        path,
        describe_run(state, settings),
        outcome=lambda: {
            **outcome(state),
            "told": list(told(state.events.all_events)),
            "events": _placed(state.events),
        },
        tell=engine.tell_of_file if lasting else None,
    )
    state.csv_path = str(path)
    state.log = log
    state.files.append(log.file)
    engine.sinks.append(log)
    return log


def _placed(log: EventLog) -> list[dict[str, Any]]:
    """Return each event as a sentence, with the end of the newest row by then.

    What holds for the whole run has no such time.
    """
    placed = [(round(event.row_s, 3), event) for event in log.events]
    standing = [] if log.standing is None else [(None, log.standing)]
    return [{"row_s": at, "said": sentence(event)} for at, event in (*standing, *placed)]
