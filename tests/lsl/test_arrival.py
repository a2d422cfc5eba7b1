"""Offsets of other clocks from arrivals: no jitter, minimum delay, one offset per clock."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.lsl.arrival import ArrivalClock, SharedClocks


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("away", [1e6, -1.7e9])
def test_the_minimum_delay_sets_the_offset_despite_jitter(seed: int, away: float) -> None:
    rng = np.random.default_rng(seed)
    arrivals = ArrivalClock(250.0)
    true = np.arange(300) / 250
    stamps = true - away + rng.normal(0, 0.01, 300)
    # Packets of five that wait 2 ms at least and 30 ms at most.
    waits = 0.002 + rng.uniform(0, 0.028, 60)
    for k, at in enumerate(range(0, 300, 5)):
        now = true[at + 4] + waits[k]
        assert arrivals.is_ready(now) == (k > 0 and now - true[4] - waits[0] >= 1.0)
        arrivals.add(stamps[at : at + 5], now)
    assert arrivals.offset == pytest.approx(away + 0.002, abs=0.004)


def test_clocks_of_one_computer_differ_by_half_a_second() -> None:
    clocks = SharedClocks()
    assert clocks.register("lab", 100.0) == 100.0
    assert clocks.register("lab", 100.02) == 100.0
    assert clocks.register("lab", 103.0) == 103.0
    assert clocks.register("other", 100.02) == 100.02
