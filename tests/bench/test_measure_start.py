"""The time line of a start: real, in order, and ended by a prediction."""

from __future__ import annotations

import pytest

from physiosync_rt.bench import measure_start as module
from physiosync_rt.bench.measure_start import measure_start
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.config import use_loopback


@pytest.mark.live
def test_the_demo_is_timed_to_its_first_prediction() -> None:
    use_loopback()
    found = measure_start("demo-muse")
    names = [each.name for each in found]
    assert names[0] == "Python started"
    assert names.index("torch loaded") < names.index("bundle loaded") < names.index("network ready")
    assert names[-2] == "streams open"
    assert names[-1] == "first prediction, of the window that ends 7 s in"
    times = [each.at_s for each in found]
    assert times == sorted(times)
    assert times[0] > 0.0


def test_a_demo_that_cannot_start_is_quoted() -> None:
    with pytest.raises(UserError, match=r"the demo died: .*there is no bundle 'nope'"):
        measure_start("nope")


def test_a_demo_that_never_predicts_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_S", 0.2)
    with pytest.raises(UserError, match=r"no prediction within 0\.2 s"):
        measure_start("demo-muse")
