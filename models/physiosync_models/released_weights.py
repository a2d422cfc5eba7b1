"""Checkpoints of the authors' released code, as weights for the modules here.

Names alone are translated; nothing is read from disk. Released encoders carry parameters that
nothing uses (a second MLP in the last block, prompts for the other modality in every block):
they may be there or not, and are left behind. Everything else must be there, in the right shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from physiosync_models.config import EncoderConfig, ModelConfig
from physiosync_models.encoder import ProjectedEncoder
from physiosync_models.fusion import PhysioSync
from physiosync_models.losses.cmca import CrossModalAlignment
from physiosync_models.losses.dependent import dependent_loss

PpsName = Literal["gsr", "ecg"]
Shape = tuple[int, ...]
StateDict = Mapping[str, Tensor]


def expected_encoder(config: EncoderConfig, pps_name: PpsName) -> dict[str, Shape]:
    """Names and shapes of a released encoder checkpoint, unused parameters included.

    Parameters
    ----------
    config : EncoderConfig
    pps_name : {"gsr", "ecg"}
        What the release calls the peripheral signal: ``gsr`` for DEAP, ``ecg`` for DREAMER.

    Returns
    -------
    dict of str to tuple of int
    """
    return _used_by_encoder(config, pps_name).shapes | _unused_by_encoder(config, pps_name)


def expected_classifier(config: ModelConfig) -> dict[str, Shape]:
    """Names and shapes of a released classifier of both modalities."""
    return _used_by_classifier(config).shapes


def expected_cmca(n_features: int, dim: int = 1024) -> dict[str, Shape]:
    """Names and shapes of the released CM-CA module, which no released checkpoint holds."""
    return _used_by_cmca(n_features, dim).shapes


def import_encoder(
    released: StateDict, config: EncoderConfig, pps_name: PpsName
) -> dict[str, Tensor]:
    """Translate a released encoder checkpoint.

    Parameters
    ----------
    released : mapping of str to Tensor
        Its state dict.
    config : EncoderConfig
        A faithful one: with the corrected forms the weights would compute something else.
    pps_name : {"gsr", "ecg"}
        As in `expected_encoder`.

    Returns
    -------
    dict of str to Tensor
        State dict of a `physiosync_models.encoder.ProjectedEncoder`; the tensors are shared.

    Raises
    ------
    ValueError
        If the configuration is not faithful, or a name is unknown or missing, or a shape wrong.
    """
    if not config.faithful:
        raise ValueError("released encoders need a configuration with faithful=True")
    return _used_by_encoder(config, pps_name).translate(
        released, ignored=_unused_by_encoder(config, pps_name)
    )


def import_classifier(released: StateDict, config: ModelConfig) -> dict[str, Tensor]:
    """Translate a released classifier to the state dict of a fused `physiosync_models.fusion.Head`.

    Raises ValueError if a name is unknown or missing, or a shape wrong.
    """
    return _used_by_classifier(config).translate(released) | {"temperature": torch.ones(())}


def import_cmca(released: StateDict, n_features: int, dim: int = 1024) -> dict[str, Tensor]:
    """Translate a released CM-CA module to the state dict of `CrossModalAlignment`.

    Raises ValueError if a name is unknown or missing, or a shape wrong.
    """
    return _used_by_cmca(n_features, dim).translate(released)


def import_model(
    encoders: Mapping[str, StateDict],
    classifiers: Mapping[str, StateDict],
    config: ModelConfig,
    pps_name: PpsName,
) -> PhysioSync:
    """Build a network from released checkpoints, in eval mode.

    Parameters
    ----------
    encoders : mapping of str to state dict
        One per encoder of the configuration, by its name there (``eeg_1s`` ...).
    classifiers : mapping of str to state dict
        One per target of the configuration.
    config : ModelConfig
        Faithful, and with fused heads alone: the release has no others.
    pps_name : {"gsr", "ecg"}
        As in `expected_encoder`.

    Returns
    -------
    PhysioSync
        With weights of its own.

    Raises
    ------
    ValueError
        If the parts are not those of the configuration or a state dict does not fit.
    """
    if config.routes != ("fused",):
        raise ValueError(f"the release has fused heads alone, not {', '.join(config.routes)}")
    _check_same("encoders", set(encoders), set(config.encoders))
    _check_same("classifiers", set(classifiers), set(config.targets))
    model = PhysioSync(config)
    for name, encoder in config.encoders.items():
        state = import_encoder(encoders[name], encoder, pps_name)
        model.encoders[name].load_state_dict(
            {k.removeprefix("encoder."): v for k, v in state.items() if k.startswith("encoder.")}
        )
    for target in config.targets:
        model.head("fused", target).load_state_dict(import_classifier(classifiers[target], config))
    return model.eval()


class _Names:
    """What one of our modules is called in the release, with shapes.

    Built from the module itself (on the meta device, so that it costs no memory), lest a second
    description of it go stale.
    """

    def __init__(self, module: nn.Module, rename: Callable[[str], str | None]) -> None:
        self.ours: dict[str, str] = {}
        self.shapes: dict[str, Shape] = {}
        for name, tensor in module.state_dict().items():
            released = rename(name)
            if released is not None:
                self.ours[released] = name
                self.shapes[released] = tuple(tensor.shape)

    def translate(
        self, released: StateDict, ignored: Mapping[str, Shape] | None = None
    ) -> dict[str, Tensor]:
        """Rename what is used, after checking that all of it and nothing unknown is there."""
        known = self.shapes | dict(ignored or {})
        _check_same("parameters", set(released) - set(ignored or {}), set(self.shapes))
        for name, tensor in released.items():
            if tuple(tensor.shape) != known[name]:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {known[name]}")
        return {ours: released[name] for name, ours in self.ours.items()}


def _check_same(what: str, found: set[str], expected: set[str]) -> None:
    if missing := sorted(expected - found):
        raise ValueError(f"{what} missing: {', '.join(missing)}")
    if unknown := sorted(found - expected):
        raise ValueError(f"{what} not known: {', '.join(unknown)}")


def _substitute(name: str, *pairs: tuple[str, str]) -> str:
    """Replace the first prefix that fits."""
    for ours, released in pairs:
        if name.startswith(ours):
            return released + name.removeprefix(ours)
    return name


def _used_by_encoder(config: EncoderConfig, pps_name: PpsName) -> _Names:
    own = "eeg" if config.modality == "eeg" else pps_name

    def rename(name: str) -> str:
        name = name.replace(".prompt", f".{own}_prompt")
        return _substitute(
            name,
            ("encoder.embedding.", f"{own}_transform."),
            ("encoder.cls_token", f"{own}_cls_token"),
            ("encoder.type_embed", f"{own}_type_embed"),
            ("encoder.pos_embed", f"{own}_pos_embed"),
            ("encoder.", ""),
            ("projector.fc", "fc_projector"),
            ("projector.bn", "bn_fc_p"),
        )

    with torch.device("meta"):
        return _Names(ProjectedEncoder(config), rename)


def _unused_by_encoder(config: EncoderConfig, pps_name: PpsName) -> dict[str, Shape]:
    dim, hidden, last = config.dim, config.mlp_ratio * config.dim, config.depth - 1
    shapes: dict[str, Shape] = {
        f"blocks.{last}.mlp_vl.fc1.weight": (hidden, dim),
        f"blocks.{last}.mlp_vl.fc1.bias": (hidden,),
        f"blocks.{last}.mlp_vl.fc2.weight": (dim, hidden),
        f"blocks.{last}.mlp_vl.fc2.bias": (dim,),
        f"blocks.{last}.norm2_vl.weight": (dim,),
        f"blocks.{last}.norm2_vl.bias": (dim,),
    }
    if config.n_prompts:
        for block in range(config.depth):
            shapes[f"blocks.{block}.{pps_name}_prompt"] = (1, config.n_prompts, dim)
    return shapes


def _used_by_classifier(config: ModelConfig) -> _Names:
    # The release calls the layer of its longest window plain "Classification".
    short = "Classification" if config.eeg_5s is None else "Classification_1s"

    def rename(name: str) -> str | None:
        if name == "temperature":
            return None
        return _substitute(
            name,
            ("confidence_5s.fc.", "Classification.layers.0.clf.0."),
            ("confidence_1s.fc.", f"{short}.layers.0.clf.0."),
            ("bn", "bn_fc"),
            ("fc", "fc_classifier"),
        )

    with torch.device("meta"):
        return _Names(PhysioSync(config).head("fused", config.targets[0]), rename)


def _used_by_cmca(n_features: int, dim: int) -> _Names:
    with torch.device("meta"):
        module = CrossModalAlignment(n_features, dependent_loss, dim)
    return _Names(module, lambda name: _substitute(name, ("fc.", "layers.clf.0.")))
