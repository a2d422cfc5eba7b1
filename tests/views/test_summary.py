"""The closing lines of a run: every loss by its word and share."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

from helpers.snapshots import EFFORT

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.card import Meaning, find_bundle, read_card
from physiosync_rt.datatypes import Modality, Reason, StreamSpec
from physiosync_rt.live.state import RunState
from physiosync_rt.views.summary import predicted, run_summary
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


def _run(meaning: dict[str, Meaning], **counts: Counter[object]) -> RunState:
    card = read_card(find_bundle("demo-eeg32")).model_copy(update={"meaning": meaning})
    stream = SimpleNamespace(stats=StreamStats(), preprocessor=SimpleNamespace(bad_channels=None))
    pipeline = SimpleNamespace(
        hop_s=1.0,
        streams={"cap": stream},
        baseline=None,
        baseline_origin="30 s from 0 s",
    )
    eeg = StreamSpec("cap", Modality.EEG, ("Fz",), 250.0, "uV")
    state = RunState(SimpleNamespace(card=card), pipeline, eeg, None, 0.0)  # type: ignore[arg-type]
    for name, counter in counts.items():
        setattr(state, name, counter)
    return state


def test_the_states_of_a_run_are_told_in_the_words_of_every_view() -> None:
    quadrants = Counter({"HVHA": 3, "": 1200, "HVLA": 12})
    assert predicted(_run({}, quadrants=quadrants)) == [
        "rows by state: excited 3, calm 12, unsure 1,200"
    ]


def test_reasons_are_told_in_words_and_not_by_their_codes() -> None:
    state = _run(
        {},
        used=Counter({"eeg+gsr": 20, "eeg": 12}),
        left_out=Counter({(Modality.GSR, Reason.LOW_QUALITY): 12}),
        withheld=Counter({Reason.WARMING_UP: 6, Reason.NO_PPS: 1}),
    )
    state.rows, state.valid_rows = 39, 32
    assert run_summary(state).splitlines()[0].split(" (") == [
        "39 rows, 32 with a prediction",
        "20 from eeg+gsr, 12 from eeg)",
        "left out: GSR in 12 rows: poor GSR signal)",
        "without one: 6 warming up, 1 no GSR or ECG); no baseline was captured",
        "asked for: 30 s from 0 s)",
    ]


def test_a_run_that_is_not_about_emotion_tells_the_sides_of_its_target() -> None:
    sides = Counter({("arousal", "high"): 3, ("arousal", "unsure"): 2})
    assert predicted(_run(EFFORT, sides=sides)) == ["rows by mental effort: high 3, unsure 2"]
    assert predicted(_run({}, sides=sides)) == ["rows by arousal: high 3, unsure 2"]
    assert predicted(_run(EFFORT)) == []
