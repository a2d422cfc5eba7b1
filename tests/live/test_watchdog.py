"""Stall detection, and samples that were held back."""

from __future__ import annotations

import pytest

from physiosync_rt.live.watchdog import StreamPhase, Watchdog


def _steady(chunk_s: float, until: float) -> tuple[Watchdog, float]:
    """A stream that sends a chunk every so many seconds, looked at every 20 ms."""
    watchdog = Watchdog(0.0)
    now, due = 0.0, chunk_s
    while now < until:
        now += 0.02
        if now >= due:
            watchdog.arrived(now, chunk_s, 10)
            due += chunk_s
        watchdog.look(now)
    return watchdog, now


@pytest.mark.parametrize(("chunk_s", "limit_s"), [(0.02, 1.0), (0.25, 1.25), (1.0, 5.0)])
def test_silence_is_a_stall_after_a_second_or_five_chunks(chunk_s: float, limit_s: float) -> None:
    watchdog, now = _steady(chunk_s, 80 * chunk_s)
    assert watchdog.phase(now) is StreamPhase.STREAMING
    assert watchdog.limit_s == pytest.approx(limit_s, rel=0.03)
    last = now - watchdog.silence_s(now)
    assert watchdog.phase(last + 0.95 * limit_s) is StreamPhase.STREAMING
    assert watchdog.phase(last + 1.05 * limit_s) is StreamPhase.STALLED
    assert watchdog.phase(last + limit_s + 11.0) is StreamPhase.LOST
    assert watchdog.late == watchdog.bursts == 0


def test_what_comes_at_once_after_a_silence_is_a_burst() -> None:
    watchdog, now = _steady(0.02, 5.0)
    for _ in range(30):
        now += 0.02
        watchdog.look(now)
    watchdog.arrived(now + 0.02, 0.6, 150)
    assert (watchdog.bursts, watchdog.late) == (1, 150)


def test_a_silence_without_its_samples_is_no_burst() -> None:
    watchdog, now = _steady(0.02, 5.0)
    for _ in range(30):
        now += 0.02
        watchdog.look(now)
    watchdog.arrived(now + 0.02, 0.02, 5)
    assert watchdog.bursts == 0


def test_a_run_that_was_busy_itself_blames_nobody() -> None:
    watchdog, now = _steady(0.02, 5.0)
    # Nobody looked for two seconds, so nobody knows when the samples came.
    watchdog.arrived(now + 2.0, 2.0, 500)
    assert watchdog.bursts == 0


def test_phases_before_the_first_and_after_the_last_sample() -> None:
    watchdog = Watchdog(0.0)
    assert watchdog.phase(100.0) is StreamPhase.WAITING
    watchdog.arrived(100.0, 0.1)
    watchdog.end()
    assert watchdog.phase(200.0) is StreamPhase.ENDED
