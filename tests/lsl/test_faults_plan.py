from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.faults import FaultPlan, Faults

_TIMES = np.arange(10_000) / 100.0


def test_everything_that_can_be_written_is_read() -> None:
    text = (
        "loss=0.01, jitter=5ms,freeze=20:3,freeze=50:1.5,burst=40:1,drift=200,seed=7,"
        "constant=60:2,repeat=70:0.5,reset=80:-5.5,reset=90:1e6,rate=-0.02,clock=1e6"
    )
    assert Faults.parse(text) == Faults(
        loss=0.01,
        jitter=0.005,
        freeze=((20.0, 3.0), (50.0, 1.5)),
        burst=((40.0, 1.0),),
        constant=((60.0, 2.0),),
        repeat=((70.0, 0.5),),
        reset=((80.0, -5.5), (90.0, 1e6)),
        drift=200.0,
        rate=-0.02,
        clock=1e6,
        seed=7,
    )
    assert Faults.parse("") == Faults()


@pytest.mark.parametrize(
    "text", ["loss", "loss=2", "freeze=3", "jitter=5min", "quake=1", "reset=5", "rate=3"]
)
def test_invalid_faults_are_rejected(text: str) -> None:
    with pytest.raises(UserError, match=r"fault|loss|rate"):
        Faults.parse(text)


def test_no_faults_change_nothing() -> None:
    kept, times, due = Faults().apply("EEG", _TIMES, _TIMES)
    assert len(kept) == len(_TIMES)
    np.testing.assert_array_equal(times, _TIMES)
    np.testing.assert_array_equal(due, _TIMES)


def test_a_seed_changes_the_same_samples_and_streams_differ() -> None:
    faults = Faults(loss=0.05, jitter=0.004, seed=3)
    first, again, other = (faults.apply(name, _TIMES, _TIMES) for name in ("EEG", "EEG", "GSR"))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[0], other[0])
    assert len(first[0]) / len(_TIMES) == pytest.approx(0.95, abs=0.01)
    assert np.std(first[1] - _TIMES[first[0]]) == pytest.approx(0.004, rel=0.05)


def test_a_freeze_loses_an_interval_and_a_burst_delays_one() -> None:
    kept, _, _ = Faults(freeze=((20.0, 3.0),)).apply("EEG", _TIMES, _TIMES)
    lost = np.setdiff1d(np.arange(len(_TIMES)), kept)
    assert (_TIMES[lost][0], _TIMES[lost][-1], len(lost)) == (20.0, 22.99, 300)
    kept, times, due = Faults(burst=((40.0, 1.0),)).apply("EEG", _TIMES, _TIMES)
    assert len(kept) == len(_TIMES)
    np.testing.assert_array_equal(times, _TIMES)
    late = due != _TIMES
    assert late.sum() == 100
    assert set(due[late]) == {41.0}


def test_drift_stretches_the_senders_clock() -> None:
    _, times, due = Faults(drift=200.0).apply("EEG", _TIMES, _TIMES)
    assert times[-1] == pytest.approx(_TIMES[-1] * 1.0002, rel=1e-12)
    np.testing.assert_array_equal(due, _TIMES)


def test_clock_offset_reset_and_stuck_clock() -> None:
    _, times, _ = Faults(clock=1e6, reset=((50.0, -3.0),)).apply("EEG", _TIMES, _TIMES)
    np.testing.assert_allclose(times, _TIMES + 1e6 - 3.0 * (_TIMES >= 50), rtol=1e-12)
    _, times, due = Faults(constant=((10.0, 2.0),)).apply("EEG", _TIMES, _TIMES)
    assert set(times[1000:1200]) == {10.0}
    np.testing.assert_array_equal(
        np.delete(times, range(1000, 1200)), np.delete(_TIMES, range(1000, 1200))
    )
    np.testing.assert_array_equal(due, _TIMES)


def test_a_wrong_rate_sends_faster() -> None:
    kept, times, due = Faults(rate=0.02).apply("EEG", _TIMES, _TIMES)
    assert len(kept) == len(_TIMES)
    assert np.diff(times) == pytest.approx(0.01 / 1.02)
    np.testing.assert_array_equal(due, times)


def test_a_repeat_sends_duplicates() -> None:
    kept, times, due = Faults(repeat=((30.0, 0.5),)).apply("EEG", _TIMES, _TIMES)
    np.testing.assert_array_equal(kept, np.r_[0:3050, 3000:3050, 3050:10_000])
    np.testing.assert_array_equal(times, _TIMES[kept])
    assert (np.diff(due) >= 0).all()


_EEG = StreamSpec("Cap", Modality.EEG, ("Cz",), 250.0, "uV", "EEG")
_GSR = StreamSpec("Wrist", Modality.GSR, ("GSR",), 4.0, "uS", "EDA")


@pytest.mark.parametrize("whose", ["GSR", "wrist", "eda"])
def test_a_fault_can_be_of_one_stream(whose: str) -> None:
    plan = FaultPlan.parse(f"jitter=5ms, loss@{whose}=0.2, freeze@Cap=3:1,seed=2")
    plan.check((_EEG, _GSR))
    assert plan.of(_EEG) == Faults(jitter=0.005, freeze=((3.0, 1.0),), seed=2)
    assert plan.of(_GSR) == Faults(jitter=0.005, loss=0.2, seed=2)


def test_a_fault_of_a_missing_stream_is_rejected() -> None:
    with pytest.raises(UserError, match=r"'loss=0.2' is for 'ECG'.*Cap \(EEG\), Wrist \(GSR\)"):
        FaultPlan.parse("loss@ECG=0.2").check((_EEG, _GSR))
    with pytest.raises(UserError, match=r"quake=1.*loss@GSR"):
        FaultPlan.parse("quake@GSR=1")
