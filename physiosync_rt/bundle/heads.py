"""What a bundle makes of the windows of one moment: a network of signals, a sum of features."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from physiosync_models.config import ModelConfig
from physiosync_models.gated_sum import GatedSum
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.engines import (
    EngineChoice,
    EngineFacts,
    EngineName,
    Forward,
    Precision,
    choose_engine,
)
from physiosync_rt.bundle.torch_engine import SignalNetwork, TorchEngine
from physiosync_rt.bundle.torch_threads import threads_for, torch_threads
from physiosync_rt.datatypes import FloatArray, Modality, ModalityState, Reason, SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.labels import QUADRANT, QUADRANT_NAMES


class Heads(Protocol):
    """Answers from one modality or both."""

    @property
    def facts(self) -> EngineFacts:
        """What computes them."""
        ...

    def why_not(self, modality: Modality, state: ModalityState) -> Reason:
        """Tell why a modality cannot be used; `Reason.NONE` where it can."""
        ...

    def __call__(self, eeg: ModalityState | None, pps: ModalityState | None) -> dict[str, float]:
        """Return P(high) by target from the modalities that are given."""
        ...

    def warm_up(self) -> None:
        """Make the first call, which is slow, before anybody waits for it."""
        ...


def make_heads(bundle: Bundle, device: torch.device, choice: EngineChoice) -> Heads:
    """Make the heads of a bundle, computed on a device by the engine that is chosen.

    Raises
    ------
    UserError
        The engine or the precision is not there, here or for this bundle.
    """
    engine, precision, why = choose_engine(choice, bundle.card, device.type)
    model = bundle.model.to(device)
    if isinstance(model, GatedSum):
        return FeatureHeads(model, device, why)
    return SignalHeads(make_forward(model, device, engine, precision, why), model.config)


def make_forward(
    model: SignalNetwork, device: torch.device, engine: EngineName, precision: Precision, why: str
) -> Forward:
    """Make what computes a network, which is on the device.

    Raises
    ------
    UserError
        ONNX Runtime is damaged, or torch is without half precision.
    """
    if engine == "torch" and device.type == "cuda":
        from physiosync_rt.bundle.cuda_engine import CudaEngine

        return CudaEngine(model, device, precision, why)
    if engine == "torch":
        return TorchEngine(model, device, precision, why)
    from physiosync_rt.bundle.onnx_engine import OnnxEngine

    try:
        return OnnxEngine(model, precision, why)
    except ImportError as error:
        raise UserError(
            f"engine 'onnx' cannot be loaded ({error}); use --engine torch, or "
            "pip install --force-reinstall 'physiosync-rt[fast]'"
        ) from error


class SignalHeads:
    """Heads of networks, which are given the windows themselves.

    Parameters
    ----------
    forward : Forward
        What computes the network.
    config : ModelConfig
        Of the network.
    """

    def __init__(self, forward: Forward, config: ModelConfig) -> None:
        self._forward, self._config = forward, config

    @property
    def facts(self) -> EngineFacts:
        """What computes them."""
        return self._forward.facts

    def why_not(self, modality: Modality, state: ModalityState) -> Reason:  # noqa: ARG002
        """Tell why a modality cannot be used: its window is not valid."""
        return state.reason

    def __call__(self, eeg: ModalityState | None, pps: ModalityState | None) -> dict[str, float]:
        """Return P(high) by target from the modalities that are given."""
        found = self._forward(_batch_of_one(eeg), _batch_of_one(pps))
        return _high({target: p[0].tolist() for target, p in found.items()})

    def warm_up(self) -> None:
        """Make the first two calls of every route: a GPU records what it replays afterwards."""
        config = self._config
        eeg, pps = (
            np.zeros((1, n_chans, config.n_times), dtype=np.float32)
            for n_chans in (config.eeg_1s.n_chans, config.pps_1s.n_chans)
        )
        for route in config.routes:
            for _ in range(2):
                self._forward(None if route == "pps" else eeg, None if route == "eeg" else pps)


class FeatureHeads:
    """Heads of a gated sum, which is given slow features as change from rest.

    Parameters
    ----------
    model : GatedSum
    device : torch.device
    why : str
        Why torch computes it.

    Attributes
    ----------
    facts : EngineFacts
    """

    def __init__(self, model: GatedSum, device: torch.device, why: str) -> None:
        self._model, self._device = model, device
        self._n_threads = threads_for(model)
        self.facts = EngineFacts("torch", "fp32", self._n_threads, str(device), why)

    def why_not(self, modality: Modality, state: ModalityState) -> Reason:
        """Tell why a modality cannot be used: no valid EEG window, or a feature is not known.

        The features of a peripheral signal have a memory of their own, which outlives a window
        that is not valid.
        """
        is_eeg = modality is Modality.EEG
        if is_eeg and state.data is None:
            return state.reason
        config = self._model.config
        values, rest = _features(state, config.eeg if is_eeg else config.pps)
        if np.isfinite(values - rest).all():
            return Reason.NONE
        if state.reason is not Reason.NONE:
            return state.reason
        if not np.isfinite(rest).all():
            return Reason.NO_BASELINE
        return Reason.LOW_QUALITY if is_eeg else Reason.WARMING_UP

    def __call__(self, eeg: ModalityState | None, pps: ModalityState | None) -> dict[str, float]:
        """Return P(high) by target from the modalities that are given."""
        config, device = self._model.config, self._device
        changes = _change(eeg, config.eeg, device), _change(pps, config.pps, device)
        first, second = _window(eeg, device), _window(pps, device)
        windows = None if first is None or second is None else (first, second)
        with torch.inference_mode(), torch_threads(self._n_threads):
            found = self._model.predict_proba(*changes, windows)
            return {target: float(p[0, 1]) for target, p in found.items()}

    def warm_up(self) -> None:
        """Make the first two calls, of the network too where there is one."""
        config = self._model.config
        eeg, pps = (torch.zeros(1, len(n), device=self._device) for n in (config.eeg, config.pps))
        windows = None
        if (network := config.network) is not None:
            sizes = network.eeg_1s.n_chans, network.pps_1s.n_chans
            first, second = (torch.zeros(1, n, network.n_times, device=self._device) for n in sizes)
            windows = first, second
        with torch.inference_mode(), torch_threads(self._n_threads):
            for _ in range(2):
                self._model.predict_proba(eeg, pps, windows)


def _window(state: ModalityState | None, device: torch.device) -> Tensor | None:
    if state is None or state.data is None:
        return None
    return torch.from_numpy(state.data).unsqueeze(0).to(device)


def _batch_of_one(state: ModalityState | None) -> SampleArray | None:
    return None if state is None or state.data is None else state.data[None]


def _change(
    state: ModalityState | None, names: tuple[str, ...], device: torch.device
) -> Tensor | None:
    """Changes of named features from rest, shape (1, n_features)."""
    if state is None:
        return None
    values, rest = _features(state, names)
    return torch.from_numpy((values - rest).astype(np.float32)).unsqueeze(0).to(device)


def _features(state: ModalityState, names: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Values of named features now and at rest, each of shape (n_features,)."""
    features = state.features
    if features is None:
        unknown = np.full(len(names), np.nan)
        return unknown, unknown
    place = {name: k for k, name in enumerate(features.names)}
    order = [place[name] for name in names]
    return features.values[order], features.rest[order]


def _high(probabilities: dict[str, list[float]]) -> dict[str, float]:
    """P(high) by target; a network of four classes says it through its quadrants."""
    found = {target: p[1] for target, p in probabilities.items() if target != QUADRANT}
    if QUADRANT in probabilities:
        named = dict(zip(QUADRANT_NAMES, probabilities[QUADRANT], strict=True))
        for target, letters in (("valence", "HV"), ("arousal", "HA")):
            found.setdefault(target, sum(p for name, p in named.items() if letters in name))
    return found
