"""What the LSL stream of predictions says of itself."""

from __future__ import annotations

import pylsl
from helpers.snapshots import EFFORT

from physiosync_rt.lsl.prediction_outlet import CHANNELS, LslOutlet


def _described(outlet: LslOutlet) -> tuple[str, dict[str, tuple[str, str]]]:
    assert outlet._outlet is not None
    info: pylsl.StreamInfo = outlet._outlet.get_info()
    channel = info.desc().child("channels").child("channel")
    found = {}
    while channel.child_value("label"):
        words = channel.child_value("type"), channel.child_value("meaning")
        found[channel.child_value("label")] = words
        channel = channel.next_sibling("channel")
    outlet.close()
    return info.type(), found


def test_a_bundle_of_emotions_says_so() -> None:
    stype, channels = _described(LslOutlet("PhysioSync", "test-emotion"))
    assert stype == "Emotion"
    assert channels == dict.fromkeys(CHANNELS, ("Emotion", ""))


def test_a_bundle_that_is_not_about_emotion_says_what_each_channel_means() -> None:
    stype, channels = _described(LslOutlet("PhysioSync", "test-effort", EFFORT))
    assert stype == "Prediction"
    assert channels["arousal"] == ("Prediction", str(EFFORT["arousal"]))
    assert channels["valence"] == ("Prediction", "not predicted by this bundle")
    assert channels["confidence"] == ("Prediction", "")
