"""Fusion, heads and the whole network as live use and training call it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from physiosync_models import (
    SFREQ,
    EncoderConfig,
    Head,
    ModelConfig,
    PhysioSync,
    compact,
    deap_paper,
)
from physiosync_models.fusion import ConfidenceWeight

SMALL = compact(4, 1, dim_1s=8, dim_5s=16, depth=1)


def paper(*, faithful: bool = False, long: bool = True, **options) -> ModelConfig:
    def encoder(modality, n_chans, n_seconds):
        return EncoderConfig(
            modality=modality,
            n_chans=n_chans,
            n_times=n_seconds * SFREQ,
            dim=8 * n_seconds,
            depth=1,
            n_prompts=2 if modality == "eeg" else 0,
            faithful=faithful,
        )

    return ModelConfig(
        eeg_1s=encoder("eeg", 4, 1),
        pps_1s=encoder("pps", 1, 1),
        eeg_5s=encoder("eeg", 4, 5) if long else None,
        pps_5s=encoder("pps", 1, 5) if long else None,
        head_dims=(12, 6),
        **options,
    )


CONFIGS = [SMALL, paper(), paper(faithful=True), paper(long=False), paper(slices="mean")]
GIVEN = [(True, True), (True, False), (False, True)]


def inputs(config: ModelConfig, n: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    eeg = torch.randn(n, config.eeg_1s.n_chans, config.n_times)
    return eeg, torch.randn(n, config.pps_1s.n_chans, config.n_times)


def test_confidence_weight_in_closed_form():
    weight = ConfidenceWeight(2, 3)
    with torch.no_grad():
        weight.fc.weight.zero_()
        weight.fc.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    x = torch.randn(4, 5, 2)
    p = torch.tensor([0.0, 1.0, 2.0]).softmax(0)[2]
    torch.testing.assert_close(weight(x), x * p)


@pytest.mark.parametrize("slices", ["concat", "mean"])
def test_head_same_as_literal_reference(slices):
    config = paper(slices=slices)
    head = Head(config, ("eeg", "pps")).eval()
    short = {m: torch.randn(3, 5, 32) for m in ("eeg", "pps")}
    long = {m: torch.randn(3, 160) for m in ("eeg", "pps")}

    def weighted(x, layer):
        return x * layer.fc(x).softmax(1).max(1, keepdim=True).values

    parts = []
    for modality in ("eeg", "pps"):
        parts.append(weighted(long[modality], head.confidence_5s))
        pieces = [weighted(short[modality][:, i], head.confidence_1s) for i in range(5)]
        parts += [sum(pieces) / 5] if slices == "mean" else pieces
    x = torch.cat(parts, 1)
    for fc, bn in ((head.fc1, head.bn1), (head.fc2, head.bn2)):
        x = bn(fc(x)).clamp(min=0)
    expected = head.fc3(x)
    torch.testing.assert_close(head({m: (short[m], long[m]) for m in short}), expected)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize(("with_eeg", "with_pps"), GIVEN)
def test_forward_with_one_or_both_modalities(config, with_eeg, with_pps):
    model = PhysioSync(config).eval()
    eeg, pps = inputs(config)
    given = (eeg if with_eeg else None, pps if with_pps else None)
    logits = model(*given)
    assert list(logits) == ["valence", "arousal"]
    assert all(values.shape == (3, 2) for values in logits.values())
    again = model(*given)
    assert all(torch.equal(logits[target], again[target]) for target in logits)
    route = "fused" if with_eeg and with_pps else "eeg" if with_eeg else "pps"
    features = model.embed(*given)
    torch.testing.assert_close(logits["arousal"], model.head(route, "arousal")(features))


@pytest.mark.parametrize("config", CONFIGS)
def test_windows_of_a_batch_do_not_touch_each_other_in_eval(config):
    model = PhysioSync(config).eval()
    eeg, pps = inputs(config)
    alone = model(eeg[1:2], pps[1:2])
    for target, values in model(eeg, pps).items():
        torch.testing.assert_close(values[1:2], alone[target], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", [SMALL, paper(faithful=True)])
def test_features_are_those_of_the_slices_one_by_one(config):
    model = PhysioSync(config).eval()
    eeg, pps = inputs(config)
    features = model.embed(eeg, pps)
    for modality, x in (("eeg", eeg), ("pps", pps)):
        encoder = model.encoders[f"{modality}_1s"]
        pieces = [encoder(x[..., 128 * i : 128 * (i + 1)]) for i in range(5)]
        torch.testing.assert_close(features[modality].short, torch.stack(pieces, 1))
        torch.testing.assert_close(features[modality].long, model.encoders[f"{modality}_5s"](x))


@pytest.mark.parametrize(("faithful", "calls"), [(True, 5), (False, 1)])
def test_batch_norm_sees_five_batches_in_a_faithful_network(faithful, calls):
    model = PhysioSync(paper(faithful=faithful))
    model(*inputs(model.config))
    seen = {
        name: encoder.embedding.bn.num_batches_tracked.item()
        for name, encoder in model.encoders.items()
    }
    assert seen == {"eeg_1s": calls, "pps_1s": calls, "eeg_5s": 1, "pps_5s": 1}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("route", ["fused", "eeg", "pps"])
def test_gradients_reach_every_parameter_of_a_route(config, route):
    model = PhysioSync(config)
    features = model.embed(*inputs(config, n=16))
    logits = model.classify(features, route)
    labels = torch.arange(16) % 2
    sum(torch.nn.functional.cross_entropy(v, labels) for v in logits.values()).backward()
    used = (route,) if route != "fused" else ("eeg", "pps")
    for name, parameter in model.named_parameters():
        kind, which = name.split(".")[:2]
        reached = which == route if kind == "heads" else which[:3] in used
        assert (parameter.grad is not None) == reached, name
        if reached:
            assert parameter.grad.abs().max() > 0, name


def test_a_head_can_learn_on_frozen_encoders():
    model = PhysioSync(SMALL)
    model.encoders.eval().requires_grad_(requires_grad=False)
    before = {name: tensor.clone() for name, tensor in model.encoders.state_dict().items()}
    labels = torch.arange(32) % 2
    eeg = torch.randn(32, 4, 640) * (1 + 2 * labels[:, None, None])
    features = model.embed(eeg, None)
    optimiser = torch.optim.Adam(model.heads["eeg"].parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = torch.nn.functional.cross_entropy(model.classify(features)["valence"], labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    assert all(torch.equal(before[n], t) for n, t in model.encoders.state_dict().items())


def test_temperature_softens_probabilities_and_travels_with_the_weights():
    model = PhysioSync(SMALL).eval()
    eeg, pps = inputs(SMALL)
    logits = model(eeg, pps)
    torch.testing.assert_close(
        model.predict_proba(eeg, pps)["valence"], logits["valence"].softmax(1)
    )
    model.head("fused", "valence").temperature.fill_(4.0)
    twin = PhysioSync(SMALL).eval()
    twin.load_state_dict(model.state_dict())
    probabilities = twin.predict_proba(eeg, pps)
    torch.testing.assert_close(probabilities["valence"], (logits["valence"] / 4).softmax(1))
    torch.testing.assert_close(probabilities["arousal"], logits["arousal"].softmax(1))
    assert not probabilities["valence"].requires_grad


def test_names_of_parameters_are_the_contract():
    names = PhysioSync(SMALL).state_dict()
    assert {n.split(".")[0] for n in names} == {"encoders", "heads"}
    assert {n.split(".")[1] for n in names} == {
        "eeg_1s", "pps_1s", "eeg_5s", "pps_5s", "fused", "eeg", "pps",
    }  # fmt: skip
    assert "heads.pps.arousal.temperature" in names
    assert not any("projector" in name for name in names)


def test_predicting_in_train_mode_is_refused():
    with pytest.raises(ValueError, match="eval"):
        PhysioSync(SMALL).predict_proba(*inputs(SMALL))


@pytest.mark.parametrize(
    ("eeg", "pps", "message"),
    [
        (None, None, "neither eeg nor pps"),
        (torch.zeros(2, 4, 128), None, r"eeg windows have shape \(2, 4, 128\)"),
        (torch.zeros(4, 640), None, r"expected \(batch, n_chans, 640\)"),
        (torch.zeros(2, 5, 640), None, r"expected \(batch, 4, 128\)"),
        (torch.zeros(2, 4, 640), torch.zeros(3, 1, 640), "2 windows of eeg but 3 of pps"),
    ],
)
def test_windows_that_do_not_fit_are_refused(eeg, pps, message):
    with pytest.raises(ValueError, match=message):
        PhysioSync(SMALL).eval()(eeg, pps)


def test_routes_and_targets_that_are_not_there_are_refused():
    model = PhysioSync(replace(SMALL, routes=("fused",))).eval()
    eeg, _ = inputs(SMALL)
    with pytest.raises(ValueError, match="no eeg heads: this network has fused"):
        model(eeg, None)
    with pytest.raises(ValueError, match="fused heads need pps"):
        model.classify(model.embed(eeg, None), "fused")
    with pytest.raises(ValueError, match="no target 'liking'"):
        model.head("fused", "liking")


def test_four_classes():
    config = replace(SMALL, targets=("quadrant",), n_classes=4)
    probabilities = PhysioSync(config).eval().predict_proba(*inputs(config))
    assert list(probabilities) == ["quadrant"]
    torch.testing.assert_close(probabilities["quadrant"].sum(1), torch.ones(3))


def n_weights(config: ModelConfig) -> int:
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in PhysioSync(config).parameters())


def test_sizes():
    assert n_weights(compact(32, 1)) < 300_000
    assert n_weights(compact(14, 2)) < 300_000
    assert n_weights(deap_paper(routes=("fused",), targets=("valence",))) == (
        # Released totals without the projectors and the unused parameters, and the classifier.
        (83_619_712 - 13_120_512 - 3_285_120 + 32_821_632 - 13_120_512 - 3_281_280)
        + (13_851_008 - 11_023_360 - 132_736 + 11_817_856 - 11_023_360 - 131_968)
        + 2_661_766
    )
