"""What anybody on the network may announce: refused in a sentence, before memory is taken."""

from __future__ import annotations

import pylsl
import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.formats.limits import MOST_SFREQ
from physiosync_rt.lsl import discovery
from physiosync_rt.lsl.choice import StreamChoice
from physiosync_rt.lsl.info import declared_speed, make_marker_info
from physiosync_rt.lsl.inlet import raw_inlet
from physiosync_rt.sources.base import SourceMessage

ABSURD = (1e9, 1e300, MOST_SFREQ * 1.01)


def _info(sfreq: float, name: str = "Absurd", n_chans: int = 4) -> pylsl.StreamInfo:
    return pylsl.StreamInfo(name, "EEG", n_chans, sfreq, "float32", "absurd-1")


@pytest.mark.parametrize("sfreq", ABSURD)
def test_a_rate_that_no_device_has_takes_no_memory(
    sfreq: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def inlet(*_: object, **__: object) -> None:
        raise AssertionError("liblsl takes memory for seconds of the stream")

    monkeypatch.setattr(pylsl, "StreamInlet", inlet)
    info = _info(sfreq)
    assert discovery.full_info(info) is info
    with pytest.raises(UserError, match=r"stream 'Absurd' states a rate of .* correct the sender"):
        raw_inlet(info)
    messages: list[SourceMessage] = []
    with pytest.raises(UserError, match=r"'Absurd' states a rate of .*; no EEG stream found"):
        StreamChoice(None, None, None, messages).choose([info])
    assert "not used: stream 'Absurd' states a rate of" in messages[0].text
    with pytest.raises(UserError, match=r"states a rate of .*; no stream called 'Absurd' found"):
        StreamChoice("Absurd", None, None, messages).choose([info])


def test_an_outlet_of_millions_of_channels_is_not_in_sight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    infos = [_info(256.0, "many", 20_001), _info(256.0, "few", 8)]
    monkeypatch.setattr(pylsl, "resolve_streams", lambda wait_time: infos)
    assert [info.name() for info in discovery.resolve(0.0)] == ["few"]


@pytest.mark.parametrize("speed", ["inf", "nan", "-1", "0", "1e400", "fast"])
def test_a_replay_has_a_speed_that_can_be(speed: str) -> None:
    info = make_marker_info("markers", "m-1")
    assert info.desc().child("playback").set_child_value("speed", speed)
    assert declared_speed(info) == 1.0
