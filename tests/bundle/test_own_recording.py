"""A recording is known again by its samples, in any pieces, and no other one is taken for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from physiosync_rt.bundle.own_recording import ENOUGH, Fingerprint, Recogniser, fingerprint_of
from physiosync_rt.datatypes import Modality, RecordedStream, SampleArray, StreamSpec


def _samples(seed: int, seconds: float = 30.0, n_chans: int = 4, step: float = 0.49) -> SampleArray:
    """Noise of 20 µV in the steps of a Muse at 128 Hz."""
    rng = np.random.default_rng(seed)
    noise = 20.0 * rng.standard_normal((round(seconds * 128), n_chans))
    return (np.round(noise / step) * step).astype(np.float32)


def _stream(samples: SampleArray) -> RecordedStream:
    names = tuple(f"E{k}" for k in range(samples.shape[1]))
    spec = StreamSpec("cap", Modality.EEG, names, 128.0, "uV")
    return RecordedStream(spec, samples, np.arange(len(samples)) / 128.0)


OWN = _samples(0)
FINGERPRINT = fingerprint_of([_stream(OWN)])


def test_about_one_mark_each_second() -> None:
    assert 15 <= len(FINGERPRINT.marks) <= 50
    assert Fingerprint.model_validate_json(FINGERPRINT.model_dump_json()) == FINGERPRINT


@given(st.lists(st.integers(0, len(OWN)), max_size=40), st.permutations(range(4)))
@settings(deadline=None)
def test_known_in_any_pieces_and_order_of_channels(cuts: list[int], order: list[int]) -> None:
    recogniser = Recogniser(FINGERPRINT)
    for piece in np.split(OWN[:, order], sorted(cuts)):
        recogniser.look(piece)
    assert recogniser.found


def test_known_from_a_part_sample_by_sample() -> None:
    recogniser = Recogniser(FINGERPRINT)
    for k in range(777, 777 + 128 * 12):
        recogniser.look(OWN[k : k + 1])
    assert recogniser.found


def test_no_other_recording_is_taken_for_it() -> None:
    recogniser = Recogniser(FINGERPRINT)
    for seed in range(1, 21):
        recogniser.look(_samples(seed, 300.0))
    # The same person's next recording, and the same samples spoilt a little.
    recogniser.look(OWN + np.float32(0.001))
    recogniser.look(OWN[::2])
    assert not recogniser.found


@pytest.mark.parametrize("value", [0.0, -0.0, 3.5, np.nan, np.inf])
def test_what_stands_still_or_is_lost_is_no_mark(value: float) -> None:
    flat = np.full((100_000, 4), value, dtype=np.float32)
    found = fingerprint_of([_stream(flat)])
    assert found.marks == ()
    recogniser = Recogniser(found)
    recogniser.look(flat)
    assert not recogniser.found


def test_a_zero_is_a_zero_whatever_its_sign() -> None:
    signed = np.where(OWN == 0, np.float32(-0.0), OWN)
    assert fingerprint_of([_stream(signed)]) == FINGERPRINT


def test_a_few_marks_are_not_enough_unless_there_are_no_more() -> None:
    recogniser = Recogniser(FINGERPRINT)
    few = Fingerprint(every=FINGERPRINT.every, marks=FINGERPRINT.marks[: ENOUGH - 1])
    recogniser.look(OWN[:64])
    assert not recogniser.found
    short = Recogniser(few)
    short.look(OWN)
    assert short.found


def test_a_mark_is_sixteen_digits() -> None:
    with pytest.raises(ValidationError):
        Fingerprint(every=1, marks=("xyz",))
