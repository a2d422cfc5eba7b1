"""A gated sum: each logit counts where it is known, and nothing else moves it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from physiosync_models import GatedSum, GatedSumConfig, compact

CONFIG = GatedSumConfig(("arousal",), ("theta Fz", "alpha Pz"), ("heart rate",))


def gated_sum(config: GatedSumConfig = CONFIG) -> GatedSum:
    model = GatedSum(config).eval()
    model.eeg.mean.copy_(torch.tensor([[0.5, -1.0]]))
    model.eeg.scale.copy_(torch.tensor([[2.0, 0.5]]))
    model.eeg.weight.copy_(torch.tensor([[1.0, -0.25]]))
    model.eeg.bias.fill_(0.1)
    model.pps.scale.fill_(10.0)
    model.pps.weight.fill_(3.0)
    model.weight[:, :2] = torch.tensor([[1.5, 0.5]])
    model.bias.fill_(0.2)
    model.temperature.fill_(2.0)
    return model


def test_the_sum_is_what_its_formula_says():
    eeg, pps = torch.tensor([[2.5, 0.0]]), torch.tensor([[15.0]])
    # EEG: 1 * (2.5 - 0.5) / 2 - 0.25 * (0 + 1) / 0.5 + 0.1; heart: 3 * 15 / 10.
    expected = (1.5 * (1.0 - 0.5 + 0.1) + 0.5 * 4.5 + 0.2) / 2.0
    torch.testing.assert_close(gated_sum()(eeg, pps), torch.tensor([[expected]]))


def test_a_term_that_is_not_known_is_left_out():
    model = gated_sum()
    eeg, pps = torch.tensor([[2.5, 0.0]] * 4), torch.tensor([[15.0]] * 4)
    eeg[1, 1] = torch.nan
    pps[2] = torch.nan
    eeg[3] = pps[3] = torch.nan
    both, only_pps, only_eeg, nothing = model(eeg, pps)
    torch.testing.assert_close(only_pps, model(None, pps[:1])[0])
    torch.testing.assert_close(only_eeg, model(eeg[:1], None)[0])
    assert both.isfinite().all()
    assert nothing.isnan().all()
    found = model.predict_proba(eeg, pps)["arousal"]
    torch.testing.assert_close(found[:3, 1], torch.cat([both, only_pps, only_eeg]).sigmoid())
    torch.testing.assert_close(found[:3].sum(1), torch.ones(3))
    with pytest.raises(ValueError, match="neither eeg nor pps"):
        model(None, None)


def test_the_networks_residual_starts_at_zero_and_never_speaks_alone():
    network = compact(2, 1, targets=("arousal",), dim_1s=8, dim_5s=8, depth=1)
    model = gated_sum(replace(CONFIG, network=network))
    eeg, pps = torch.tensor([[2.5, 0.0]] * 3), torch.tensor([[15.0]] * 3)
    plain = gated_sum()(eeg, pps)
    said = torch.tensor([[4.0], [torch.nan], [-4.0]])
    torch.testing.assert_close(model(eeg, pps, said), plain)
    model.weight[:, 2] = 0.5
    torch.testing.assert_close(model(eeg, pps, said) - plain, torch.tensor([[1.0], [0.0], [-1.0]]))
    eeg[:], pps[:] = torch.nan, torch.nan
    assert model(eeg, pps, said).isnan().all()


def test_the_network_is_asked_for_the_logit_of_its_probability():
    network = compact(2, 1, targets=("arousal",), dim_1s=8, dim_5s=8, depth=1)
    torch.manual_seed(0)
    model = gated_sum(replace(CONFIG, network=network))
    model.weight[:, 2] = 1.0
    windows = torch.randn(2, 2, 640), torch.randn(2, 1, 640)
    eeg, pps = torch.tensor([[2.5, 0.0]] * 2), torch.tensor([[15.0]] * 2)
    assert model.network is not None
    logit = model.network.predict_proba(*windows)["arousal"][:, 1:].logit()
    found = model.predict_proba(eeg, pps, windows)["arousal"][:, 1:].logit()
    torch.testing.assert_close(found, model(eeg, pps, logit), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found, model(eeg, pps))


def test_a_configuration_survives_json_and_bad_ones_are_refused():
    network = compact(2, 1, targets=("arousal",))
    config = replace(CONFIG, network=network)
    assert GatedSumConfig.from_dict(config.to_dict()) == config
    assert GatedSumConfig.from_dict(CONFIG.to_dict()) == CONFIG
    with pytest.raises(ValueError, match="eeg names one twice"):
        replace(CONFIG, eeg=("a", "a"))
    with pytest.raises(ValueError, match="pps has 0 names"):
        replace(CONFIG, pps=())
    with pytest.raises(ValueError, match="fused heads for arousal"):
        replace(CONFIG, network=compact(2, 1, targets=("valence",)))
    with pytest.raises(ValueError, match="fused heads for arousal"):
        replace(CONFIG, network=compact(2, 1, targets=("arousal",), routes=("eeg",)))
    with pytest.raises(ValueError, match="GatedSumConfig"):
        GatedSumConfig.from_dict({"targets": ["arousal"], "eeg": ["a"], "pps": ["b"], "more": 1})
    with pytest.raises(ValueError, match="GatedSumConfig"):
        GatedSumConfig.from_dict({"targets": ["arousal"]})
