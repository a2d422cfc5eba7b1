"""What the window costs: told apart by blocks, by ticks and by whose fault a late one is."""

from __future__ import annotations

import sys

import pytest

from physiosync_rt.bench import measure_window as module
from physiosync_rt.bench.measure_window import measure_window
from physiosync_rt.bench.wide_bundle import WIDE_MONTAGE, wide_bundle
from physiosync_rt.dashboard import qt
from physiosync_rt.lsl.config import use_loopback

qt.load()


def test_a_cap_of_64_electrodes_each_of_a_known_place() -> None:
    bundle = wide_bundle()
    assert len(set(WIDE_MONTAGE)) == 64 == bundle.card.eeg.n_chans
    assert bundle.model.config.eeg_1s.n_chans == 64
    assert "nothing" in bundle.card.trained_on


def test_rows_and_ticks_are_told_apart_by_blocks() -> None:
    from physiosync_rt.dashboard.measure_blocks import Block

    late = (0.1,) * 997 + (60.0, 55.0, 49.0)
    waited = (0.0,) * 997 + (58.0, 0.0, 0.0)
    blocks = [Block(False, 10.0, 20.0, 0.20, (), ()), Block(True, 30.0, 40.0, 0.31, late, waited)]
    rows = [(11.0, 100.0), (19.0, 110.0), (25.0, 900.0), (31.0, 105.0), (39.0, 120.0)]
    found = module._figures(blocks, rows, (1.0, 2.0))
    assert (found.headless.n_rows, found.windowed.n_rows) == (2, 2)
    assert found.latency_ratio == pytest.approx(119.85 / 109.9)
    assert found.more_cpu == pytest.approx(0.11)
    assert (found.n_ticks, found.in_time_share, found.late_worst_ms) == (1000, 0.998, 60.0)
    # The one of 60 ms had to wait for a core; the one of 55 ms is the window's own.
    assert (found.n_free, found.free_worst_ms) == (999, 55.0)
    assert found.free_in_time_share == pytest.approx(998 / 999)


def test_the_window_gives_back_what_it_has_set() -> None:
    from physiosync_rt.dashboard.smooth import SWITCH_S, smooth_window

    before = sys.getswitchinterval()
    with smooth_window():
        assert sys.getswitchinterval() == pytest.approx(SWITCH_S)
    assert sys.getswitchinterval() == before


@pytest.mark.slow
@pytest.mark.live
def test_a_run_is_measured_with_and_without_its_window() -> None:
    use_loopback()
    found = measure_window(n_blocks=2, block_s=5.0)
    assert found.headless.n_rows >= 4
    assert found.windowed.n_rows >= 4
    assert found.n_ticks > 50
    assert found.more_cpu < 1.0
