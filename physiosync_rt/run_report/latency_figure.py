"""How late the rows were: quantiles and a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.run_report.drawing import LEFT, RIGHT, WIDTH, Drawing
from physiosync_rt.run_report.read_run import Run

N_BINS: Final = 60
_TOP: Final = 40
_HEIGHT: Final = 170
_TAIL: Final = 1.6
"""The axis reaches so many times the 99th percentile, where the greatest value lies beyond."""


@dataclass(frozen=True)
class Quantiles:
    """Of one column in ms, over the rows with a prediction that have it."""

    n: int
    p50: float
    p95: float
    p99: float
    most: float


def latencies(run: Run, column: str = "latency_ms") -> FloatArray:
    """Return the values of a column in ms, of the rows with a prediction that have one."""
    values = run.numbers[column][run.valid]
    return values[np.isfinite(values)]


def quantiles(values: FloatArray) -> Quantiles | None:
    """Return the quantiles of some values; None where there are none."""
    if not len(values):
        return None
    p50, p95, p99 = (float(v) for v in np.percentile(values, (50, 95, 99)))
    return Quantiles(len(values), p50, p95, p99, float(values.max()))


def draw_latency(run: Run) -> Drawing | None:
    """Draw how often which latency occurred; None where none was measured."""
    values = latencies(run)
    found = quantiles(values)
    if found is None:
        return None
    drawing = Drawing(_TOP + _HEIGHT + 46, "How late the rows were, in milliseconds")
    low = min(0.0, float(values.min()))
    high = max(min(found.most, low + (found.p99 - low) * _TAIL), low + 1.0)
    counts, edges = np.histogram(np.minimum(values, high), N_BINS, (low, high))
    most = int(counts.max())

    def x(ms: float) -> float:
        return LEFT + float(np.clip((ms - low) / (high - low), 0, 1)) * (WIDTH - LEFT - RIGHT)

    bottom = _TOP + _HEIGHT
    for n, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        if n:
            top = bottom - max(n / most * _HEIGHT, 1.0)
            title = f"{left:.0f} to {right:.0f} ms: {n} rows"
            spot = x(left) + 0.5, x(right) - 0.5
            drawing.rectangle(spot, (top, bottom), "muted", name="bin", title=title, opacity=0.75)
    drawing.line((LEFT, WIDTH - RIGHT), (bottom, bottom))
    for n, y in ((most, _TOP), (0, bottom)):
        drawing.text(LEFT - 8, y + 4, f"{n}", anchor="end", pixels=11)
    drawing.text(LEFT - 34, _TOP + 4, "rows", anchor="end", pixels=11)
    for ms in _ticks(low, high):
        drawing.line((x(ms), x(ms)), (bottom, bottom + 4))
        drawing.text(x(ms), bottom + 18, f"{ms:g}", anchor="middle", pixels=11)
    drawing.text(WIDTH - RIGHT + 10, bottom + 18, "ms", pixels=11)
    near = x(found.p99) - x(found.p50) < 110
    for name, ms, y in (("median", found.p50, 12), ("99 %", found.p99, 27 if near else 12)):
        drawing.line((x(ms), x(ms)), (y + 4, bottom), "ink", name="quantile", dashed=True)
        drawing.text(x(ms), y, f"{name} {ms:.0f} ms", role="ink", anchor="middle", pixels=11)
    if beyond := int((values > high).sum()):
        said = f"{beyond} beyond"
        drawing.text(WIDTH - RIGHT + 10, bottom - 6, said, role="alert", pixels=11)
    return drawing


def _ticks(low: float, high: float) -> FloatArray:
    """Return about six round numbers of an axis."""
    raw = (high - low) / 6
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((s for s in (1, 2, 5, 10) if s * power >= raw), default=10)
    return np.arange(np.ceil(low / step) * step, high + step / 1e6, step)
