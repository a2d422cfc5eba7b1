"""Configurations check themselves and survive JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from physiosync_models import EncoderConfig, ModelConfig, compact, deap_paper, dreamer_paper

ENCODER = EncoderConfig(modality="eeg", n_chans=4, n_times=128, dim=16)
MODEL = compact(4, 1)


@pytest.mark.parametrize(
    "config",
    [
        deap_paper(),
        deap_paper(targets=("quadrant",), n_classes=4, faithful=True),
        dreamer_paper(routes=("fused",)),
        dreamer_paper(with_5s=True),
        compact(8, 2, targets=("arousal",)),
    ],
)
def test_round_trip_through_json(config):
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_encoder_round_trip():
    assert EncoderConfig.from_dict(json.loads(json.dumps(ENCODER.to_dict()))) == ENCODER


@pytest.mark.parametrize("cls", [EncoderConfig, ModelConfig])
def test_unknown_and_missing_keys_are_named(cls):
    values = (ENCODER if cls is EncoderConfig else MODEL).to_dict()
    with pytest.raises(ValueError, match="'colour'"):
        cls.from_dict(values | {"colour": 1})
    del values[next(iter(values))]
    with pytest.raises(ValueError, match="missing"):
        cls.from_dict(values)


def test_unknown_key_inside_an_encoder_is_named():
    values = MODEL.to_dict()
    values["eeg_1s"]["colour"] = 1
    with pytest.raises(ValueError, match="'colour'"):
        ModelConfig.from_dict(values)


def test_frozen():
    with pytest.raises(FrozenInstanceError):
        ENCODER.dim = 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modality": "emg"}, "modality is 'emg', expected one of eeg, pps"),
        ({"embedding": "fourier"}, "embedding is 'fourier'"),
        ({"n_chans": 0}, "n_chans is 0"),
        ({"n_times": 128.0}, "n_times is 128.0"),
        ({"dim": 18}, "dim 18 cannot be shared by 4 heads"),
        ({"depth": True}, "depth is True"),
        ({"n_prompts": -1}, "n_prompts is -1"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": "0.2"}, "dropout is '0.2'"),
        ({"projector_dims": (1, 2)}, "expected 3 widths"),
        ({"projector_dims": (1, 2, 0)}, "a width of projector_dims is 0"),
        ({"faithful": 1}, "faithful is 1"),
        ({"faithful": True, "embedding": "conv"}, "faithful needs the embedding 'paper'"),
        ({"n_times": 66, "embedding": "conv"}, "kernel 65 is too long for 3 views of 66"),
    ],
)
def test_refused_encoders(change, message):
    with pytest.raises(ValueError, match=message):
        replace(ENCODER, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pps_5s": None}, "both eeg_5s and pps_5s, or neither"),
        ({"eeg_1s": MODEL.pps_1s}, "eeg_1s is an encoder of 'pps'"),
        ({"eeg_1s": MODEL.eeg_5s}, "eeg_1s cannot have 640 samples"),
        ({"eeg_1s": {"dim": 3}}, "expected an EncoderConfig"),
        ({"eeg_1s": replace(MODEL.eeg_1s, n_chans=5)}, "eeg: 5 channels at 1 s, 4 at 5 s"),
        ({"pps_1s": replace(MODEL.pps_1s, dim=64)}, "eeg has dim 32, pps 64"),
        ({"targets": ()}, "targets is"),
        ({"targets": ("valence", "valence")}, "unique names"),
        ({"targets": ("high.valence",)}, "not an identifier"),
        ({"routes": ("fused", "ecg")}, "a route is 'ecg'"),
        ({"n_classes": 1}, "n_classes is 1"),
        ({"head_dims": (32,)}, "expected 2 widths"),
        ({"slices": "max"}, "slices is 'max'"),
        ({"dropout": -0.1}, "dropout is -0.1"),
        ({"eeg_5s": None, "pps_5s": None, "pps_1s": deap_paper(faithful=True).pps_1s}, "faithful"),
    ],
)
def test_refused_models(change, message):
    with pytest.raises(ValueError, match=message):
        replace(MODEL, **change)


def test_sizes_of_windows():
    assert (deap_paper().n_slices, deap_paper().n_times) == (5, 640)
    assert (dreamer_paper().n_slices, dreamer_paper().n_times) == (1, 128)
    assert dreamer_paper(with_5s=True).n_times == 640
    assert deap_paper().eeg_5s.out_dim == 2560
    assert deap_paper(faithful=True).faithful
