"""Predict probabilities from a window, and refuse streams that break the contract."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from physiosync_models.config import Route
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.card import Card, read_card
from physiosync_rt.datatypes import Modality, ModalityState, Reason, StreamSpec, Window
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.preprocess.labels import QUADRANT, QUADRANT_NAMES
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.utils.resources import bundle_names, bundle_path


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the network says of one window, or why it was not asked.

    ``targets`` maps a target's name to P(high); empty when not valid.
    """

    targets: dict[str, float]
    confidence: float | None
    valid: bool
    reason: Reason
    modalities: str
    infer_ms: float | None


class Predictor:
    """A bundle's network, ready to be asked.

    Parameters
    ----------
    bundle : Bundle
    device : str
        ``auto`` takes a GPU where there is one, else as torch names it.

    Raises
    ------
    UserError
        The device does not exist.
    """

    def __init__(self, bundle: Bundle, device: str = "auto") -> None:
        self.bundle = bundle
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._device = torch.device(device)
            self._model = bundle.model.to(self._device)
        except (RuntimeError, AssertionError) as error:
            detail = str(error).splitlines()[0]
            raise UserError(f"device {device!r} cannot be used: {detail}") from error
        self._warm_up()

    def pipeline(
        self,
        eeg: StreamSpec,
        pps: StreamSpec | None,
        *,
        hop_s: float = 1.0,
        baseline: Baseline | BaselineRequest | None = None,
        min_quality: float | None = None,
    ) -> Pipeline:
        """Make the pipeline that feeds this bundle from these streams.

        Raises
        ------
        UserError
            The streams cannot serve the bundle; both sides are named.
        """
        card = self.bundle.card
        profile = card.profile
        if min_quality is not None:
            profile = profile.model_copy(update={"min_quality": min_quality})
        return Pipeline(
            profile,
            (eeg, card.eeg),
            (pps, card.pps) if pps is not None and card.pps is not None else None,
            hop_s=hop_s,
            baseline=baseline,
            bundle_title=f"bundle {card.name!r}",
            alternative=lambda: _alternative(card, eeg),
            strict=False,
        )

    def __call__(self, window: Window) -> Estimate:
        """Predict one window, or say why not."""
        route, reason = self._route(window)
        if route is None:
            return Estimate({}, None, False, reason, "", None)
        use_eeg, use_pps = route in ("fused", "eeg"), route in ("fused", "pps")
        started = time.perf_counter()
        targets = self._forward(window.eeg if use_eeg else None, window.pps if use_pps else None)
        infer_ms = (time.perf_counter() - started) * 1e3
        used = [s for s, u in ((window.eeg, use_eeg), (window.pps, use_pps)) if u and s]
        card = self.bundle.card
        names = [Modality.EEG] * use_eeg
        if use_pps and card.pps is not None:
            names.append(card.pps.modality)
        modalities = "+".join(n.lower() for n in names)
        scale = min(state.quality for state in used)
        if use_eeg:
            scale *= window.eeg.measured
        if card.pps is not None and route != "fused":
            # What is left when a modality is missing may tell one target and guess the other.
            scale *= card.coverage.get(route, 0.5)
            silent = card.at_chance(modalities)
            targets = {target: p for target, p in targets.items() if target not in silent}
            if not targets:
                withheld = Reason.NO_PPS if use_eeg else window.eeg.reason
                return Estimate({}, None, False, withheld, "", infer_ms)
        targets = {t: p for t, p in targets.items() if self._is_sure(route, t, p)}
        if not targets:
            return Estimate({}, None, False, Reason.LOW_CONFIDENCE, "", infer_ms)
        confidence = scale * min(max(p, 1.0 - p) for p in targets.values())
        return Estimate(targets, confidence, True, reason, modalities, infer_ms)

    def _route(self, window: Window) -> tuple[Route | None, Reason]:
        """Heads that can be used, and what a person should know of it."""
        routes = self.bundle.model.config.routes
        eeg_ok = window.eeg.data is not None
        pps_ok = window.pps is not None and window.pps.data is not None
        if eeg_ok and pps_ok and "fused" in routes:
            return "fused", Reason.NONE
        if eeg_ok and "eeg" in routes:
            return "eeg", Reason.NONE if self.bundle.card.pps is None else Reason.NO_PPS
        # Before EEG has settled there is nothing to bridge: the run has not begun yet.
        lost = window.eeg.reason in (Reason.GAP, Reason.LOW_QUALITY)
        if pps_ok and lost and "pps" in routes:
            return "pps", Reason.NO_EEG
        return None, window.eeg.reason if not eeg_ok else Reason.NO_PPS

    def _is_sure(self, route: Route, target: str, p: float) -> bool:
        """Tell whether a head is as confident as its bundle asks."""
        return max(p, 1.0 - p) >= self.bundle.card.least_confidence.get(f"{route}/{target}", 0.0)

    def _forward(self, eeg: ModalityState | None, pps: ModalityState | None) -> dict[str, float]:
        with torch.inference_mode():
            probabilities = self._model.predict_proba(self._tensor(eeg), self._tensor(pps))
            return _high({target: p[0].tolist() for target, p in probabilities.items()})

    def _tensor(self, state: ModalityState | None) -> torch.Tensor | None:
        if state is None or state.data is None:
            return None
        return torch.from_numpy(state.data).unsqueeze(0).to(self._device)

    def _warm_up(self) -> None:
        """The first call of a network is slow; it is made before anybody waits for it."""
        config = self.bundle.model.config
        with torch.inference_mode():
            eeg = torch.zeros(1, config.eeg_1s.n_chans, config.n_times, device=self._device)
            pps = torch.zeros(1, config.pps_1s.n_chans, config.n_times, device=self._device)
            for _ in range(2):
                self._model.predict_proba(eeg, pps if "fused" in config.routes else None)


def _alternative(card: Card, eeg: StreamSpec) -> str:
    """Return the bundle that a card recommends, where it is there and takes the EEG."""
    if card.alternative not in bundle_names():
        return ""
    wanted = read_card(bundle_path(card.alternative)).eeg
    try:
        Montage(eeg.ch_names, wanted.ch_names, wanted.min_electrodes)
    except UserError:
        return ""
    return card.alternative


def _high(probabilities: dict[str, list[float]]) -> dict[str, float]:
    """P(high) by target; a network of four classes says it through its quadrants."""
    found = {target: p[1] for target, p in probabilities.items() if target != QUADRANT}
    if QUADRANT in probabilities:
        named = dict(zip(QUADRANT_NAMES, probabilities[QUADRANT], strict=True))
        for target, letters in (("valence", "HV"), ("arousal", "HA")):
            found.setdefault(target, sum(p for name, p in named.items() if letters in name))
    return found


def quadrant(valence: float | None, arousal: float | None) -> str:
    """``HVHA`` ... from two probabilities; empty when one is missing."""
    if valence is None or arousal is None or np.isnan(valence) or np.isnan(arousal):
        return ""
    return ("HV" if valence >= 0.5 else "LV") + ("HA" if arousal >= 0.5 else "LA")
