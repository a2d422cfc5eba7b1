"""A trained model as it travels: weights and a card that says everything else.

A bundle is a folder of two files: ``weights.safetensors`` (never a pickle) and ``card.json``
(contract, preprocessing, network, provenance, scores). Live and `predict` take their
preprocessing from the card and have none of their own that could drift.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from physiosync_models.config import ModelConfig
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.gated_sum import GatedSum, GatedSumConfig
from physiosync_rt.bundle.card import CARD, WEIGHTS, Card, digest, find_bundle, read_card
from physiosync_rt.datatypes import GRID_SFREQ, Modality, shorten
from physiosync_rt.errors import UserError
from physiosync_rt.features.tracker import feature_names
from physiosync_rt.preprocess.config import LiveProfile
from physiosync_rt.utils.atomic import WRITE_ERRORS, atomic_folder, reason_of
from physiosync_rt.utils.plain_file import is_special

_REAL_TYPES = ("F64", "F32", "F16", "BF16")

Network = PhysioSync | PerTargetEnsemble | GatedSum
"""What a bundle can hold: one network, several that were tuned apart, or a sum of logits."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A card, its network in eval mode, and the hash of both files."""

    card: Card
    model: Network
    digest: str
    path: Path

    def __repr__(self) -> str:
        wanted = f"EEG {self.card.eeg.n_chans} ch"
        if self.card.pps is not None:
            wanted += f" + {self.card.pps.modality}"
        simulated = ", trained on simulated people" if self.card.simulated else ""
        return f"<Bundle {shorten(self.card.name)} ({self.digest}): {wanted}{simulated}>"

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Modalities that the bundle can use."""
        pps = self.card.pps
        return (Modality.EEG,) if pps is None else (Modality.EEG, pps.modality)


def load_bundle(name: str) -> Bundle:
    """Load a bundle by path or shipped name; the network comes in eval mode on the CPU.

    Raises
    ------
    UserError
        It does not exist or its files do not go together.
    """
    path = find_bundle(name)
    card = read_card(path)
    try:
        with torch.device("meta"):
            # Without memory, until the weights have shown that they are of this size.
            _check_shapes(path / WEIGHTS, _network(card))
        model = _network(card)
        state = load_file(path / WEIGHTS)
        # Weights may be stored in half precision to keep a shipped bundle small.
        dtypes = {name: value.dtype for name, value in model.state_dict().items()}
        model.load_state_dict({name: value.to(dtypes[name]) for name, value in state.items()})
    except (OSError, SafetensorError) as error:
        raise UserError(f"bundle {path}: {WEIGHTS} cannot be read: {error}") from error
    except (ValueError, KeyError, RuntimeError) as error:
        detail = str(error).splitlines()[0]
        raise UserError(f"bundle {path}: weights and card do not go together: {detail}") from error
    spoilt = [name for name, value in model.state_dict().items() if not value.isfinite().all()]
    if spoilt:
        raise UserError(f"bundle {path}: weight {spoilt[0]} is not finite; take another copy of it")
    model.eval()
    return Bundle(card, model, digest(path), path)


def _check_shapes(path: Path, model: Network) -> None:
    """Compare the weights that a file declares with those that a network needs.

    Raises
    ------
    ValueError
        They differ; one is named.
    """
    if special := is_special(path):
        raise OSError(f"it is {special}")
    declared: dict[str, str] = {}
    with safe_open(path, framework="pt") as stored:
        names: list[str] = list(stored.keys())
        for name in names:
            tensor = stored.get_slice(name)
            real = tensor.get_dtype() in _REAL_TYPES
            declared[name] = _in_words(real, tensor.get_shape())
    needed = {
        name: _in_words(value.is_floating_point(), value.shape)
        for name, value in model.state_dict().items()
    }
    for name in sorted({*declared, *needed}):
        theirs, ours = declared.get(name, "nothing"), needed.get(name, "nothing")
        if theirs != ours:
            raise ValueError(f"{name}: the card needs {ours}, {WEIGHTS} has {theirs}")


def _in_words(real: bool, shape: Sequence[int]) -> str:
    return f"{'real' if real else 'whole'} numbers of shape {tuple(shape)}"


def _network(card: Card) -> Network:
    """Make the network that a card describes, as yet without its weights.

    Raises
    ------
    ValueError
        It is not a network, or takes other windows than the card's contract makes.
    """
    if card.gated_sum:
        return _gated_sum(card)
    members = {
        name: PhysioSync(ModelConfig.from_dict(member)) for name, member in card.members.items()
    }
    model = PerTargetEnsemble(members) if members else PhysioSync(ModelConfig.from_dict(card.model))
    _check_inputs(model.config, card)
    return model


def _gated_sum(card: Card) -> GatedSum:
    """Make the sum that a card describes; ValueError where it is none or takes other features."""
    config = GatedSumConfig.from_dict(card.gated_sum)
    if not isinstance(card.profile, LiveProfile) or card.pps is None:
        raise ValueError("a gated sum needs profile live and a peripheral modality")
    for names, contract in ((config.eeg, card.eeg), (config.pps, card.pps)):
        unknown = set(names) - set(feature_names(contract))
        if unknown:
            raise ValueError(f"{contract.modality} has no feature {min(unknown)!r}")
    if config.network is not None:
        _check_inputs(config.network, card)
    return GatedSum(config)


def _check_inputs(config: ModelConfig, card: Card) -> None:
    """Raise ValueError where a network takes other windows than the card's contract makes."""
    sides = [("EEG channels", config.eeg_1s.n_chans, card.eeg.n_chans)]
    sides.append(("samples", config.n_times, round(card.profile.window_s * GRID_SFREQ)))
    if card.pps is not None:
        sides.append(("PPS channels", config.pps_1s.n_chans, card.pps.n_chans))
    for what, takes, gets in sides:
        if takes != gets:
            raise ValueError(f"the network takes {takes} {what}, the contract gives {gets}")


def save_bundle(path: Path, card: Card, model: Network, *, half: bool = False) -> None:
    """Write a bundle as a whole or not at all.

    Parameters
    ----------
    path : Path
        Folder of the bundle; an existing bundle there is replaced.
    half : bool
        Store floating-point weights as float16.

    Raises
    ------
    UserError
        The folder cannot be written, or holds something else.
    """
    state = {
        name: (value.half() if half and value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    try:
        refuse_foreign_folder(path)
        with atomic_folder(path) as fresh:
            save_file(state, fresh / WEIGHTS)
            text = json.dumps(card.model_dump(mode="json"), indent=2, ensure_ascii=False)
            (fresh / CARD).write_text(text + "\n", encoding="utf-8")
    except WRITE_ERRORS as error:
        raise UserError(
            f"the bundle {path} cannot be written ({reason_of(error)}); make room or choose "
            "another folder"
        ) from error


def refuse_foreign_folder(path: Path) -> None:
    """Raise UserError where a bundle would take the place of other files."""
    others = (
        [p.name for p in path.iterdir() if p.name not in (CARD, WEIGHTS)] if path.exists() else []
    )
    if others:
        raise UserError(
            f"{path} holds {min(others)}, which is not part of a bundle; choose another folder"
        )
