"""The closing lines of a run: every loss by its word and share."""

from __future__ import annotations

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.views.wording import losses_text


def test_losses_are_told_with_the_words_of_every_view() -> None:
    stats = StreamStats(
        received=980,
        lost=20,
        late=3,
        late_in_bursts=7,
        duplicates=5,
        nonfinite=1,
        stuck_clock=2,
        after_deadline=1500,
        gaps=2,
        clock_resets=1,
    )
    assert losses_text(stats) == (
        "of 1,000 samples 20 lost (2 %), 10 late (1 %), 5 duplicates (0.5 %), 1 NaN (0.1 %), "
        "2 stuck clock (0.2 %), 1,500 after deadline, 2 gaps, 1 clock resets"
    )


def test_a_sound_stream_is_not_worth_a_line() -> None:
    assert losses_text(StreamStats(received=1000, jitter_ms=2.0)) == ""
    assert losses_text(StreamStats()) == ""
