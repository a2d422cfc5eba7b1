"""Released checkpoints: names, shapes, sizes, and what the importer accepts and refuses."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from physiosync_models import EncoderConfig, Head, ProjectedEncoder, deap_paper, dreamer_paper
from physiosync_models.released_weights import (
    expected_classifier,
    expected_cmca,
    expected_encoder,
    import_classifier,
    import_encoder,
    import_model,
)

DEAP, DREAMER = deap_paper(faithful=True), dreamer_paper(faithful=True)
DEAP_4 = deap_paper(targets=("quadrant",), n_classes=4, faithful=True)
DREAMER_4 = dreamer_paper(targets=("quadrant",), n_classes=4, faithful=True)

# Parameters and entries of the released state dicts, by encoder.
ENCODERS = [
    (DEAP.eeg_5s, "gsr", 83_619_712, 87),
    (DEAP.pps_5s, "gsr", 32_821_632, 81),
    (DEAP.eeg_1s, "gsr", 13_851_008, 87),
    (DEAP.pps_1s, "gsr", 11_817_856, 81),
    (DREAMER.eeg_1s, "ecg", 12_671_360, 87),
    (DREAMER.pps_1s, "ecg", 11_883_392, 81),
]

TINY = EncoderConfig(
    modality="eeg", n_chans=2, n_times=5, dim=8, depth=2, n_prompts=2, faithful=True
)


def batch_norm(name: str, width: int) -> dict[str, tuple[int, ...]]:
    leaves = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{leaf}": (width,) for leaf in leaves} | {f"{name}.num_batches_tracked": ()}


def linear(name: str, n_out: int, n_in: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (n_out, n_in), f"{name}.bias": (n_out,)}


def released_encoder(x: str, other: str, n_inputs: int, d: int) -> dict[str, tuple[int, ...]]:
    """Spell the released names out, without a look at the modules here."""
    names = {f"{x}_pos_embed": (1, 4, d), f"{x}_cls_token": (1, 1, d)}
    names |= {f"{x}_type_embed": (1, 1, d), "norm.weight": (d,), "norm.bias": (d,)}
    names |= linear(f"{x}_transform.transform1", d, n_inputs)
    names |= linear(f"{x}_transform.transform2", 3 * d, n_inputs)
    names |= batch_norm(f"{x}_transform.bn", d)
    for b in range(3):
        vectors = ["gamma_1", "gamma_2", "attn.q_bias", "attn.v_bias"]
        vectors += ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"]
        names |= {f"blocks.{b}.{vector}": (d,) for vector in vectors}
        names |= {f"blocks.{b}.attn.qkv.weight": (3 * d, d)}
        names |= linear(f"blocks.{b}.attn.proj", d, d)
        names |= linear(f"blocks.{b}.mlp.fc1", 4 * d, d) | linear(f"blocks.{b}.mlp.fc2", d, 4 * d)
        if x == "eeg":
            names |= {f"blocks.{b}.{prompt}_prompt": (1, 2, d) for prompt in ("eeg", other)}
    names |= linear("blocks.2.mlp_vl.fc1", 4 * d, d) | linear("blocks.2.mlp_vl.fc2", d, 4 * d)
    names |= {"blocks.2.norm2_vl.weight": (d,), "blocks.2.norm2_vl.bias": (d,)}
    names |= linear("fc_projector1", 1024, 4 * d) | batch_norm("bn_fc_p1", 1024)
    names |= linear("fc_projector2", 2048, 1024) | batch_norm("bn_fc_p2", 2048)
    return names | linear("fc_projector3", 4096, 2048)


def n_parameters(shapes: dict[str, tuple[int, ...]]) -> int:
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    return sum(math.prod(s) for name, s in shapes.items() if not name.endswith(buffers))


@pytest.mark.parametrize(("config", "pps_name", "parameters", "entries"), ENCODERS)
def test_encoder_names_shapes_and_sizes(config, pps_name, parameters, entries):
    shapes = expected_encoder(config, pps_name)
    own = "eeg" if config.modality == "eeg" else pps_name
    n_inputs = config.n_chans * config.n_times
    assert shapes == released_encoder(own, pps_name, n_inputs, config.dim)
    assert n_parameters(shapes) == parameters
    assert len(shapes) == entries


@pytest.mark.parametrize(
    ("config", "n_long", "n_joined", "parameters", "entries"),
    [
        (DEAP, 2560, 10240, 2_661_766, 20),
        (DEAP_4, 2560, 10240, 2_668_172, 20),
        (DREAMER, 512, 1024, 297_348, 18),
        (DREAMER_4, 512, 1024, 298_632, 18),
    ],
)
def test_classifier_names_shapes_and_sizes(config, n_long, n_joined, parameters, entries):
    k = config.n_classes
    shapes = linear("Classification.layers.0.clf.0", k, n_long)
    if config.eeg_5s is not None:
        shapes |= linear("Classification_1s.layers.0.clf.0", k, 512)
    shapes |= linear("fc_classifier1", 256, n_joined) | batch_norm("bn_fc1", 256)
    shapes |= linear("fc_classifier2", 128, 256) | batch_norm("bn_fc2", 128)
    shapes |= linear("fc_classifier3", k, 128)
    assert expected_classifier(config) == shapes
    assert n_parameters(shapes) == parameters
    assert len(shapes) == entries


@pytest.mark.parametrize(("n_features", "parameters"), [(2560, 2_624_512), (512, 527_360)])
def test_cmca_names_shapes_and_sizes(n_features, parameters):
    shapes = expected_cmca(n_features)
    assert shapes == linear("layers.clf.0", 1024, n_features) | batch_norm("bn", 1024)
    assert n_parameters(shapes) == parameters


def golden_logits(config, features, fill) -> torch.Tensor:
    head = Head(config, ("eeg", "pps"))
    head.load_state_dict(import_classifier(fill(expected_classifier(config)), config))
    with torch.no_grad():
        return head.double().eval()(features)


def test_golden_logits_of_the_deap_classifier(fill, feat, assert_printed):
    pieces = [feat(4, 512, 0.3 + 0.1 * i) for i in range(10)]
    features = {
        "eeg": (torch.stack(pieces[:5], dim=1), feat(4, 2560, 0.1)),
        "pps": (torch.stack(pieces[5:], dim=1), feat(4, 2560, 0.2)),
    }
    assert_printed(
        golden_logits(DEAP, features, fill),
        "1.953739 -4.618944 0.535777 -1.462226 0.576064 -1.553994 0.302556 -0.953201",
    )
    four = golden_logits(DEAP_4, features, fill)
    assert_printed(four[0], "1.393465 -3.377125 2.369575 0.603539")


def test_golden_logits_of_the_dreamer_classifier(fill, feat, assert_printed):
    features = {
        "eeg": (feat(4, 512, 0.1).unsqueeze(1), None),
        "pps": (feat(4, 512, 0.2).unsqueeze(1), None),
    }
    assert_printed(
        golden_logits(DREAMER, features, fill),
        "0.381111 -1.120798 0.342265 -1.03827 0.24794 -0.833076 0.365812 -1.088766",
    )


def test_unused_parameters_may_be_there_or_not(fill):
    released = fill(expected_encoder(TINY, "gsr"))
    used = {
        name: tensor
        for name, tensor in released.items()
        if "_vl" not in name and "gsr_prompt" not in name
    }
    assert len(released) - len(used) == 8
    network = ProjectedEncoder(TINY)
    for state in (released, used):
        network.load_state_dict(import_encoder(state, TINY, "gsr"))
    prompt = network.encoder.blocks[1].prompt
    assert prompt is not None
    assert torch.equal(prompt, released["blocks.1.eeg_prompt"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"norm.weight": None}, "missing parameters: norm.weight"),
        (
            {"eeg_transform.bn.running_var": None},
            "missing parameters: eeg_transform.bn.running_var",
        ),
        ({"extra.weight": (3,)}, "unknown parameters: extra.weight"),
        ({"blocks.0.ecg_prompt": (1, 2, 8)}, "unknown parameters: blocks.0.ecg_prompt"),
        ({"norm.bias": (9,)}, r"norm.bias has shape \(9,\), expected \(8,\)"),
        ({"blocks.1.mlp_vl.fc1.bias": (9,)}, r"blocks.1.mlp_vl.fc1.bias has shape \(9,\)"),
    ],
)
def test_what_does_not_fit_is_named(fill, change, message):
    shapes = expected_encoder(TINY, "gsr") | change
    released = fill({name: shape for name, shape in shapes.items() if shape is not None})
    with pytest.raises(ValueError, match=message):
        import_encoder(released, TINY, "gsr")


def test_a_mended_network_cannot_take_released_weights(fill):
    fixed = replace(TINY, faithful=False)
    with pytest.raises(ValueError, match="faithful=True"):
        import_encoder(fill(expected_encoder(fixed, "gsr")), fixed, "gsr")


def test_a_whole_network_from_released_checkpoints(fill, window):
    config = dreamer_paper(targets=("valence",), routes=("fused",), faithful=True)
    encoders = {
        name: fill(expected_encoder(encoder, "ecg")) for name, encoder in config.encoders.items()
    }
    classifiers = {"valence": fill(expected_classifier(config))}
    model = import_model(encoders, classifiers, config, "ecg")
    assert not model.training
    eeg, ecg = window(14, 128).float(), window(2, 128).float()
    head = model.head("fused", "valence")
    with torch.no_grad():
        features = {
            "eeg": (model.encoders["eeg_1s"](eeg).unsqueeze(1), None),
            "pps": (model.encoders["pps_1s"](ecg).unsqueeze(1), None),
        }
        torch.testing.assert_close(model(eeg, ecg)["valence"], head(features))
    assert torch.equal(model.encoders["eeg_1s"].norm.weight, encoders["eeg_1s"]["norm.weight"])

    with pytest.raises(ValueError, match="missing encoders: pps_1s"):
        import_model({"eeg_1s": encoders["eeg_1s"]}, classifiers, config, "ecg")
    with pytest.raises(ValueError, match="unknown classifiers: arousal"):
        import_model(encoders, classifiers | {"arousal": {}}, config, "ecg")
    with pytest.raises(ValueError, match="only fused heads"):
        import_model(encoders, classifiers, DREAMER, "ecg")
