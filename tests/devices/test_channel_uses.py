"""Descriptions from what each channel is, and their YAML, which the command line reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.devices import StreamMapper, load_device
from physiosync_rt.devices.channel_uses import (
    ChannelUse,
    SignalUnit,
    describe_channels,
    save_device,
    uses_of,
)
from physiosync_rt.devices.description import CounterDescription
from physiosync_rt.errors import UserError

WHOLE = StreamSpec(
    "Amp [1]", Modality.OTHER, ("ch1", "ch2", "ch3", "ch4"), 250.0, "", "EEG", "amp-7"
)
USES = (
    ChannelUse(Modality.OTHER, "counter"),
    ChannelUse(Modality.EEG, "Cz"),
    ChannelUse(),
    ChannelUse(Modality.GSR, "GSR"),
)
UNITS = {Modality.EEG: SignalUnit("microvolts", 0.5), Modality.GSR: SignalUnit("kohm")}
COUNTER = CounterDescription(modulo=256)


def test_a_description_survives_its_file_and_splits_the_stream(tmp_path: Path) -> None:
    device = describe_channels("Amp", WHOLE, USES, UNITS, counter=COUNTER, positions="assumed")
    path = tmp_path / "new" / "amp.yaml"
    save_device(device, path)
    assert load_device(path) == device
    assert uses_of(device, WHOLE) == USES
    chunk = Chunk("Amp [1]", np.array([[0, 10, 5, 100]], np.float32), np.zeros(1))
    mapped = {}
    for description in device.describe_all(WHOLE):
        mapper = StreamMapper(description, WHOLE)
        (out,) = (*mapper.map(chunk), *mapper.flush())
        mapped[mapper.spec.modality] = (mapper.spec.ch_names, out.samples.tolist())
    assert mapped == {Modality.EEG: (("Cz",), [[5.0]]), Modality.GSR: (("GSR",), [[10.0]])}


def test_another_stream_is_not_described() -> None:
    device = describe_channels("Amp", WHOLE, USES, UNITS, counter=COUNTER)
    other = StreamSpec("Amp 1", Modality.OTHER, WHOLE.ch_names, 250.0, "", "EEG", "amp-7")
    assert device.describe_all(other) == ()


@pytest.mark.parametrize(
    ("uses", "units", "word"),
    [
        ((ChannelUse(),) * 4, {}, "no channel is used"),
        ((ChannelUse(Modality.EEG, "Cz"),) * 2, {}, "duplicate channel names in Cz"),
        ((ChannelUse(Modality.EEG, "Cz"),), {Modality.EEG: SignalUnit("bar")}, "'bar' is not"),
        ((ChannelUse(Modality.EEG, "Cz"),), {Modality.EEG: SignalUnit("", -1)}, "greater than 0"),
    ],
)
def test_what_cannot_be_described_is_said(
    uses: tuple[ChannelUse, ...], units: dict[Modality, SignalUnit], word: str
) -> None:
    with pytest.raises(UserError, match=word):
        describe_channels("Amp", WHOLE, uses, units)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    device = describe_channels("Amp", WHOLE, USES, UNITS, counter=COUNTER)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        save_device(device, tmp_path / "file" / "amp.yaml")
