"""A source that is opened beside other work: nothing is lost, and it ends when nobody waits."""

from __future__ import annotations

import time

import numpy as np
import pytest
from helpers.receive import go, receive

from physiosync_rt.errors import UserError
from physiosync_rt.lsl.source import LslSource

EEG = {"name": "cap", "stype": "EEG", "ch_names": ["Fz", "Cz"], "sfreq": 250.0, "unit": "uV"}


def test_samples_that_come_while_something_else_loads_are_kept(sender) -> None:
    process = sender(EEG)
    source = LslSource(timeout=20)
    try:
        source.begin_opening(60.0)
        assert source._opening is not None
        source._opening.result()
        go(process)
        time.sleep(1.0)  # what the person waits for meanwhile
        (spec,) = source.open()
        chunks, _ = receive(source)
    finally:
        source.close()
    samples = np.concatenate([chunk.samples for chunk in chunks[spec.name]])
    np.testing.assert_array_equal(samples[:, 0], np.arange(500))
    assert source.messages == []


def test_a_run_begins_with_the_newest_seconds(sender) -> None:
    process = sender(EEG, duration=6.0)
    source = LslSource(timeout=20)
    try:
        source.begin_opening(0.5)
        assert source._opening is not None
        source._opening.result()
        go(process)
        time.sleep(1.3)
        opened_at = source.now()
        (spec,) = source.open()
        chunks, _ = receive(source)
    finally:
        source.close()
    samples = np.concatenate([chunk.samples for chunk in chunks[spec.name]])[:, 0]
    stamps = np.concatenate([chunk.timestamps for chunk in chunks[spec.name]])
    assert samples[0] > 100
    np.testing.assert_array_equal(samples, np.arange(samples[0], 1500))
    assert opened_at - 0.5 <= stamps[0] < opened_at


def test_what_goes_wrong_is_said_when_it_is_opened() -> None:
    source = LslSource("nobody-of-this-name", timeout=0.5)
    source.begin_opening(10.0)
    try:
        with pytest.raises(UserError, match="nobody-of-this-name"):
            source.open()
    finally:
        source.close()


def test_a_search_ends_when_the_source_is_closed() -> None:
    source = LslSource("nobody-of-this-name", timeout=60.0)
    source.begin_opening(10.0)
    began = time.monotonic()
    source.close()
    assert time.monotonic() - began < 10.0
