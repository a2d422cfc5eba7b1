"""Every fault of a configuration is named at once, each with its line, whatever its kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.devices.description import Device
from physiosync_rt.errors import UserError
from physiosync_rt.setup.settings import LiveSettings
from physiosync_rt.utils.resources import configs_dir
from physiosync_rt.utils.yaml_config import ConfigError, parse_yaml
from physiosync_training.experiment.config import RunConfig

TRAINING = """\
name: My O
title: x
epochs: 3
data:
  kind: recordings
  path: foo
  pps: EDA
  treshold: 5
  scale: [1, 9]
protocols:
  - {protocol: subject, folds: 1}
  - {protocl: trial}
networks:
  - {preset: compact, name: a}
  - {preset: compact, name: A}
finetune:
  joint: [1]
  epochs: 0
device: gpu
"""


def _said(text: str, model: type, *changes: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse_yaml(text, model, "own.yaml", changes)
    return str(error.value).splitlines()


def test_all_faults_of_a_training_are_said_at_once() -> None:
    assert _said(TRAINING, RunConfig, "seed=-1") == [
        "--set seed=-1: seed: input should be greater than or equal to 0, found -1",
        "own.yaml, line 1: name: string should match pattern '^[a-z0-9][a-z0-9-]*$', found 'My O'",
        "own.yaml, line 3: epochs: unknown key here; it belongs below pretrain or finetune",
        "own.yaml, line 7: data.pps: input should be 'GSR' or 'ECG', found 'EDA'",
        "own.yaml, line 8: data.treshold: unknown key; did you mean threshold?",
        "own.yaml, line 11: protocols.0.folds: input should be greater than or equal to 2, found 1",
        "own.yaml, line 12: protocols.1.protocl: unknown key; did you mean protocol?",
        "own.yaml, line 17: finetune.joint: input should be a valid boolean",
        "own.yaml, line 18: finetune.epochs: input should be greater than or equal to 1, found 0",
        "own.yaml, line 19: device: input should be 'auto', 'cpu', 'cuda' or 'mps', found 'gpu'",
    ]


def test_an_unknown_key_does_not_hide_a_rule_over_several_fields() -> None:
    text = "name: a\ntitle: x\ndata: {kind: simulated}\nprotocols: [{protocol: subject}]\n"
    wrong = text + "modalities: [eeg, pps]\nsed: 3\n"
    first, second = _said(wrong, RunConfig)
    assert first.startswith("own.yaml, line 1: modalities eeg and pps share encoders")
    assert second == "own.yaml, line 6: sed: unknown key; did you mean seed?"


def test_a_misspelt_key_does_not_hide_what_is_wrong_with_its_value() -> None:
    text = "name: a\ntitle: x\ndata: {kind: simulated}\nprotocols: [{protocol: subject}]\n"
    assert _said(text + "presision: 16\n", RunConfig) == [
        "own.yaml, line 5: presision: unknown key; did you mean precision?",
        "own.yaml, line 5: presision: input should be '32-true' or 'bf16-mixed', found 16",
    ]


def test_all_faults_of_a_device_are_said_at_once() -> None:
    text = """\
name: Box
streams:
  - modality: EEG
    chanels: [Fp1, Fp2]
  - match: {nam: "Box*"}
    modality: EMG
    channels: [a]
    scale: -1
  - modality: GSR
    unit: mV
    channels: [g]
"""
    said = _said(text, Device)
    assert [line.partition(": ")[0] for line in said] == [
        f"own.yaml, line {n}" for n in (4, 5, 6, 8, 9)
    ]
    assert said[0].endswith("streams.0.chanels: unknown key; did you mean channels?")
    assert said[1].endswith("streams.1.match.nam: unknown key; did you mean name?")
    assert said[4].endswith("'mV' is not a known unit of GSR")


def test_all_faults_of_a_live_configuration_are_said_at_once() -> None:
    said = _said("bundel: demo-muse\nhop: 0\nsource: radio\n", LiveSettings)
    assert said[0] == "own.yaml, line 1: bundel: unknown key; did you mean bundle?"
    assert [line.partition(": ")[0] for line in said] == [
        f"own.yaml, line {n}" for n in range(1, len(said) + 1)
    ]


SHIPPED = sorted((configs_dir() / "train").glob("*.yaml"))


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_as_many_faults_as_were_made_are_found_at_their_lines(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(SHIPPED))
    text = path.read_text(encoding="utf-8")
    keys = sorted(yaml.safe_load(text))
    lines = text.splitlines()
    starts = {key: next(i for i, line in enumerate(lines) if line.startswith(key)) for key in keys}
    spoilt = data.draw(st.sets(st.sampled_from(["title", "name"]), min_size=1))
    unknown = data.draw(st.sets(st.sampled_from(["devise", "presision", "xyzzy"]), max_size=3))
    for key in spoilt:
        lines[starts[key]] = f"{key}: [1, 2]"
    lines += [f"{key}: 1" for key in sorted(unknown)]
    expected = {starts[key] + 1 for key in spoilt} | {len(lines) - k for k in range(len(unknown))}
    with pytest.raises(UserError) as error:
        parse_yaml("\n".join(lines), RunConfig, "a.yaml")
    said = str(error.value).splitlines()
    assert {int(line.split("line ")[1].split(":")[0]) for line in said} == expected
    assert len(said) == len(set(said)) >= len(expected)


def test_a_shipped_file_has_no_fault(tmp_path: Path) -> None:
    for path in SHIPPED:
        assert parse_yaml(path.read_text(encoding="utf-8"), RunConfig, path.name).name
