"""Device descriptions: the shipped ones, and errors in a user's own."""

from pathlib import Path

import pytest
from helpers.filled import filled

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.devices import Device, device_template, load_device
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import configs_dir
from physiosync_rt.utils.yaml_config import parse_yaml

SHIPPED = sorted(path.stem for path in (configs_dir() / "devices").glob("*.yaml"))


def spec(n_chans=3, modality=Modality.OTHER, **fields):
    names = fields.pop("ch_names", tuple(f"ch{i + 1}" for i in range(n_chans)))
    fields = {"name": "x", "ch_names": names, "sfreq": 250.0, **fields}
    return StreamSpec(**fields, modality=modality)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_descriptions_are_valid_and_explained(name: str) -> None:
    device = load_device(name)
    text = (configs_dir() / "devices" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    for stream in device.streams:
        described = spec(
            len(stream.channels) or len(stream.pick),
            ch_names=stream.pick or tuple(f"ch{i}" for i in range(len(stream.channels))),
            name=stream.match.name.replace("*", "A"),
            stype=stream.match.type.replace("*", ""),
            source_id=stream.match.source_id.replace("*", "A"),
        )
        found = device.describe(described)
        assert found is not None
        assert found.modality is stream.modality


def test_streams_match_in_any_case_and_by_channel_count() -> None:
    device = load_device("openbci-cyton-daisy")
    stream = device.describe(spec(16, name="OBCI_EEG1", stype="eeg"))
    assert stream is not None
    assert len(stream.kept) == 15
    assert device.describe(spec(16, name="other", stype="EEG")) is None
    with pytest.raises(UserError, match=r"has 8 channels .* described with 16 channels"):
        device.describe(spec(8, name="obci_eeg1", stype="EEG"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: A\nstreams:\n  - modality: EEG\n    chanels: [Fp1]\n", r"line 4: .*chanels"),
        ("name: A\nstreams:\n  - modality: XXX\n    channels: [Fp1]\n", r"line 3: .*modality"),
        ("name: A\nstreams:\n  - modality: EEG\n    channels: [Fp1, Fp1]\n", "line 3: .*duplic"),
        (
            "name: A\nstreams:\n  - modality: EEG\n    channels: [counter]\n",
            "needs the `counter:`",
        ),
        (
            "name: A\nstreams:\n  - modality: EEG\n    channels: [drop]\n",
            "all channels are",
        ),
        ("name: A\nstreams:\n  - modality: EEG\n", "either `channels`"),
        (
            "name: A\nstreams:\n  - modality: GSR\n    unit: mV\n    channels: [a]\n",
            "not a known unit of GSR",
        ),
        ("name: A\n", "at least one stream"),
        ("name: A\nstreams: [\n", "line 3: this is not YAML"),
        ("- 1\n", "field: value"),
    ],
)
def test_mistakes_are_named_with_their_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse_yaml(text, Device, "my.yaml")
    assert "\n" not in str(error.value)


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(UserError, match="openbci-cyton-daisy"):
        load_device("openbci")


def test_the_template_is_a_description_of_the_stream(tmp_path: Path) -> None:
    unnamed = spec(4, name="strange: #1", stype="EEG")
    path = tmp_path / "mine.yaml"
    text = filled(device_template(unnamed), modality="EEG", unit="microvolts")
    path.write_text(text, encoding="utf-8")
    stream = load_device(path).describe(unnamed)
    assert stream is not None
    assert stream.kept == ("Fp1",)
