"""What a bundle makes of the windows of one moment: a network of signals, a sum of features."""

from __future__ import annotations

from collections.abc import Sequence
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

States = Sequence[ModalityState]
"""A modality of several windows, each of another person."""


class Heads(Protocol):
    """Answers from one modality or both."""

    @property
    def facts(self) -> EngineFacts:
        """What computes them."""
        ...

    def why_not(self, modality: Modality, state: ModalityState) -> Reason:
        """Tell why a modality cannot be used; `Reason.NONE` where it can."""
        ...

    def __call__(self, eeg: States | None, pps: States | None) -> list[dict[str, float]]:
        """Return P(high) by target, of each window, from the modalities that are given."""
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
    forward = make_forward(model, device, engine, precision, why, many=choice.many)
    return SignalHeads(forward, model.config)


def make_forward(
    model: SignalNetwork,
    device: torch.device,
    engine: EngineName,
    precision: Precision,
    why: str,
    *,
    many: bool = False,
) -> Forward:
    """Make what computes a network, which is on the device; ``many`` as in `EngineChoice`.

    Raises
    ------
    UserError
        ONNX Runtime is damaged, or torch is without half precision.
    """
    if engine == "torch" and device.type == "cuda":
        from physiosync_rt.bundle.cuda_engine import CudaEngine

        return CudaEngine(model, device, precision, why)
    if engine == "torch":
        return TorchEngine(model, device, precision, why, many=many)
    from physiosync_rt.bundle.onnx_engine import onnx_engine

    try:
        return onnx_engine(model, precision, why, many=many)
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

    def __call__(self, eeg: States | None, pps: States | None) -> list[dict[str, float]]:
        """Return P(high) by target, of each window, from the modalities that are given."""
        found = self._forward(_stacked(eeg), _stacked(pps))
        return _high({target: p.tolist() for target, p in found.items()})

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

    def __call__(self, eeg: States | None, pps: States | None) -> list[dict[str, float]]:
        """Return P(high) by target, of each window, from the modalities that are given."""
        n = len(eeg or pps or ())
        # Those with a window of both signals are answered with the network too, the others without.
        whole = [_has_windows(eeg, pps, k) for k in range(n)]
        answers: list[dict[str, float]] = [{}] * n
        for with_network in (True, False):
            those = [k for k in range(n) if whole[k] is with_network]
            if those:
                found = self._answers(_those(eeg, those), _those(pps, those), with_network)
                for k, said in zip(those, found, strict=True):
                    answers[k] = said
        return answers

    def _answers(
        self, eeg: States | None, pps: States | None, with_network: bool
    ) -> list[dict[str, float]]:
        config, device = self._model.config, self._device
        changes = _changes(eeg, config.eeg, device), _changes(pps, config.pps, device)
        first, second = (_stacked(eeg), _stacked(pps)) if with_network else (None, None)
        windows = None
        if first is not None and second is not None:
            windows = torch.from_numpy(first).to(device), torch.from_numpy(second).to(device)
        with torch.inference_mode(), torch_threads(self._n_threads):
            found = self._model.predict_proba(*changes, windows)
            highs = {target: p[:, 1].tolist() for target, p in found.items()}
        return [dict(zip(highs, row, strict=True)) for row in zip(*highs.values(), strict=True)]

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


def _those(states: States | None, places: Sequence[int]) -> States | None:
    return None if states is None else [states[k] for k in places]


def _has_windows(eeg: States | None, pps: States | None, k: int) -> bool:
    """Whether both signals have a window at a place."""
    return all(states is not None and states[k].data is not None for states in (eeg, pps))


def _stacked(states: States | None) -> SampleArray | None:
    """Return the windows of a modality as one batch, shape (batch, n_chans, n_times)."""
    if states is None:
        return None
    windows = [state.data for state in states if state.data is not None]
    return windows[0][None] if len(windows) == 1 else np.stack(windows)


def _changes(states: States | None, names: tuple[str, ...], device: torch.device) -> Tensor | None:
    """Changes of named features from rest, shape (batch, n_features)."""
    if states is None:
        return None
    found = [values - rest for values, rest in (_features(state, names) for state in states)]
    return torch.from_numpy(np.stack(found).astype(np.float32)).to(device)


def _features(state: ModalityState, names: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Values of named features now and at rest, each of shape (n_features,)."""
    features = state.features
    if features is None:
        unknown = np.full(len(names), np.nan)
        return unknown, unknown
    place = {name: k for k, name in enumerate(features.names)}
    order = [place[name] for name in names]
    return features.values[order], features.rest[order]


def _high(probabilities: dict[str, list[list[float]]]) -> list[dict[str, float]]:
    """P(high) by target, of each window; four classes say it through their quadrants."""
    rows = zip(*probabilities.values(), strict=True)
    return [_high_of_one(dict(zip(probabilities, row, strict=True))) for row in rows]


def _high_of_one(probabilities: dict[str, list[float]]) -> dict[str, float]:
    found = {target: p[1] for target, p in probabilities.items() if target != QUADRANT}
    if QUADRANT in probabilities:
        named = dict(zip(QUADRANT_NAMES, probabilities[QUADRANT], strict=True))
        for target, letters in (("valence", "HV"), ("arousal", "HA")):
            found.setdefault(target, sum(p for name, p in named.items() if letters in name))
    return found
