"""Which part of the traces is on show: span, pause, place, scale and hidden channels."""

from __future__ import annotations

from dataclasses import dataclass, field

SPANS_S = (5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds that can be on show."""

SCALES = tuple(m * 10.0**power for power in range(-1, 5) for m in (1, 2, 3, 5, 7))
"""Heights of a channel that can be chosen, in the unit of the signal."""


@dataclass(slots=True)
class TraceView:
    """What a person has chosen to see; the panels of all signals share it.

    Attributes
    ----------
    span_s : float
    end_s : float or None
        End of what is on show, in seconds from the first EEG sample; None while it follows.
    scale : float or None
        Height of a channel; None while it follows the typical channel.
    hidden : set of str
        Channels that are not drawn.
    """

    span_s: float = SPANS_S[0]
    end_s: float | None = None
    scale: float | None = None
    hidden: set[str] = field(default_factory=set)

    @property
    def is_paused(self) -> bool:
        """Whether the picture stands still."""
        return self.end_s is not None

    def stop_s(self, newest_s: float) -> float:
        """Return the end of what is on show."""
        return newest_s if self.end_s is None else self.end_s

    def toggle_pause(self, newest_s: float) -> None:
        """Stand still, or follow again."""
        self.end_s = None if self.is_paused else newest_s

    def scroll_to(self, end_s: float, oldest_s: float, newest_s: float) -> None:
        """Show what ends at a time, as far as it is kept; this pauses."""
        least = min(oldest_s + self.span_s, newest_s)
        self.end_s = min(max(end_s, least), newest_s)

    def scroll_by(self, share: float, oldest_s: float, newest_s: float) -> None:
        """Move by a share of the span, backwards where it is negative; this pauses."""
        self.scroll_to(self.stop_s(newest_s) + share * self.span_s, oldest_s, newest_s)

    def rescale(self, steps: int, present: float) -> None:
        """Choose a greater (positive) or smaller height of a channel than the present one."""
        near = min(range(len(SCALES)), key=lambda at: abs(SCALES[at] - present))
        self.scale = SCALES[min(max(near + steps, 0), len(SCALES) - 1)]

    def toggle_channel(self, name: str) -> None:
        """Hide a channel, or show it again."""
        self.hidden ^= {name}
