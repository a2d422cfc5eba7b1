"""Where a run goes, and the checks of a command line that come before anything is loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.errors import UserError


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a run goes and how it is watched.

    ``png`` is a picture of the dashboard at the end of the run.
    """

    csv: Path | None = None
    record: Path | None = None
    outlet: bool = False
    headless: bool = False
    quiet: bool = False
    png: Path | None = None
    duration_s: float | None = None

    def check(self) -> None:
        """Refuse what cannot be written, before anything starts.

        Raises
        ------
        UserError
            A path cannot be written, or the recording exists.
        """
        from physiosync_rt.sinks.csv_log import check_writable

        for path, option in ((self.csv, "--csv"), (self.record, "--record"), (self.png, "--png")):
            if path is not None:
                check_writable(path, option)
        if self.record is not None and self.record.exists():
            raise UserError(
                f"--record {self.record} exists and recordings are never overwritten; "
                "choose a new name"
            )
        if self.duration_s is not None:
            check_number("--duration", self.duration_s, above=0)


def check_number(
    option: str,
    value: float,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
) -> None:
    """Refuse a number that is not finite, or out of range.

    Raises
    ------
    UserError
        It is not finite, or outside of what the option can take.
    """
    if math.isfinite(value) and value >= least and value > above and value <= most:
        return
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", least), ("above", above), ("at most", most))
        if math.isfinite(limit)
    ]
    raise UserError(
        f"{option} {value:g} is not possible: a number {' and '.join(limits)} is wanted"
    )
