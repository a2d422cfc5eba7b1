"""How well the signals came: quality and completeness of each modality over the run."""

from __future__ import annotations

from typing import Final

import numpy as np

from physiosync_rt.run_report.drawing import LEFT, RIGHT, WIDTH, Drawing, Panel
from physiosync_rt.run_report.envelope import envelope
from physiosync_rt.run_report.read_run import Run

_STRIP: Final = 62
_APART: Final = 24
_TOP: Final = 12


def signal_strips(run: Run) -> list[tuple[str, str]]:
    """Return title and column of what can be drawn: of modalities that the run had."""
    found = []
    for name, ending in (("EEG", "eeg"), (run.pps, "pps")):
        for what, said in (("quality", "quality"), ("completeness", "arrived")):
            column = f"{what}_{ending}"
            if np.isfinite(run.numbers[column]).any():
                found.append((f"{name} {said}", column))
    return found


def draw_signals(run: Run) -> Drawing:
    """Draw a strip for the quality and one for the completeness of each modality."""
    strips = signal_strips(run)
    height = _TOP + (_STRIP + _APART) * len(strips) + 12
    drawing = Drawing(height, "Quality and completeness of the signals over the run")
    everywhere = np.ones(len(run), np.bool_)
    panel = Panel(_TOP, _STRIP, run.span_s)
    for k, (title, column) in enumerate(strips):
        panel = Panel(_TOP + (_STRIP + _APART) * k, _STRIP, run.span_s)
        drawing.scale(panel, (0.0, 0.5, 1.0))
        drawing.text(LEFT - 34, panel.top + _STRIP / 2 + 4, title, role="ink", anchor="end")
        gate = run.facts.min_quality
        if column.startswith("quality") and gate is not None and 0 < gate <= 1:
            y = panel.y(gate)
            drawing.line((LEFT, WIDTH - RIGHT), (y, y), "alert", name="gate", dashed=True)
            drawing.text(WIDTH - RIGHT + 10, y + 4, f"gate {gate:g}", role="alert", pixels=11)
        found = envelope(run.t, run.numbers[column], everywhere, run.hop_s, run.span_s)
        drawing.course(panel, found, "muted", name=f"course-{column}", width=1.6)
    drawing.time_axis(panel, height - 6)
    return drawing
