"""Predict probabilities from a window, and refuse streams that break the contract."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from physiosync_models.config import Route
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.card import Card, read_card
from physiosync_rt.bundle.engines import EngineChoice, EngineFacts
from physiosync_rt.bundle.heads import make_heads
from physiosync_rt.datatypes import Absence, Certainty, Modality, Reason, StreamSpec, Window
from physiosync_rt.errors import UserError
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.utils.resources import bundle_names, bundle_path

_FASTEST = EngineChoice()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the bundle says of one window, or why it was not asked.

    ``targets`` maps a target's name to P(high); empty when not valid. ``left_out`` says why a
    modality could not be used, where ``reason`` is ``no_pps`` or ``no_eeg``. ``absent`` says of
    each target that the heads told why it is not among them, ``certainty`` what the confidence is
    made of.
    """

    targets: dict[str, float]
    confidence: float | None
    valid: bool
    reason: Reason
    modalities: str
    infer_ms: float | None
    left_out: Reason = Reason.NONE
    absent: Mapping[str, Absence] = field(default_factory=dict)
    certainty: Certainty | None = None


class Predictor:
    """A bundle's network, ready to be asked.

    Parameters
    ----------
    bundle : Bundle
    device : str
        ``auto`` takes a GPU where there is one, else as torch names it.
    choice : EngineChoice
        What computes the network, and in which precision.

    Raises
    ------
    UserError
        The device, the engine or the precision does not exist, here or for this bundle.
    """

    def __init__(
        self, bundle: Bundle, device: str = "auto", choice: EngineChoice = _FASTEST
    ) -> None:
        self.bundle = bundle
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self._heads = make_heads(bundle, torch.device(device), choice)
        except (RuntimeError, AssertionError) as error:
            detail = str(error).splitlines()[0]
            raise UserError(f"device {device!r} cannot be used: {detail}") from error
        self._heads.warm_up()

    @property
    def facts(self) -> EngineFacts:
        """What computes the network, and why."""
        return self._heads.facts

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
        return self.ask([window])[0]

    def ask(self, windows: Sequence[Window]) -> list[Estimate]:
        """Predict windows of one moment, each of another person, or say why not.

        All that can be answered by the same heads are computed together.
        """
        ways = [self._route(window) for window in windows]
        found: dict[int, Estimate] = {}
        for route in dict.fromkeys(way[0] for way in ways):
            those = [k for k, way in enumerate(ways) if way[0] == route]
            if route is None:
                for k in those:
                    _, reason, left_out = ways[k]
                    found[k] = Estimate({}, None, False, reason, "", None, left_out)
                continue
            started = time.perf_counter()
            eeg = [windows[k].eeg for k in those] if route in ("fused", "eeg") else None
            pps = None
            if route in ("fused", "pps"):
                pps = [state for k in those if (state := windows[k].pps) is not None]
            answers = self._heads(eeg, pps)
            infer_ms = (time.perf_counter() - started) * 1e3
            for k, targets in zip(those, answers, strict=True):
                _, reason, left_out = ways[k]
                found[k] = self._judge(windows[k], route, targets, infer_ms, reason, left_out)
        return [found[k] for k in range(len(windows))]

    def _judge(
        self,
        window: Window,
        route: Route,
        targets: dict[str, float],
        infer_ms: float,
        reason: Reason,
        left_out: Reason,
    ) -> Estimate:
        """Return what is said of a window whose probabilities are known."""
        use_eeg, use_pps = route in ("fused", "eeg"), route in ("fused", "pps")
        used = [s for s, u in ((window.eeg, use_eeg), (window.pps, use_pps)) if u and s]
        card = self.bundle.card
        names = [Modality.EEG] * use_eeg
        if use_pps and card.pps is not None:
            names.append(card.pps.modality)
        modalities = "+".join(n.lower() for n in names)
        coverage, absent = 1.0, dict[str, Absence]()
        if card.pps is not None and route != "fused":
            # What is left when a modality is missing may tell one target and guess the other.
            coverage = card.coverage.get(route, 0.5)
            silent = card.at_chance(modalities)
            absent |= {target: Absence.AT_CHANCE for target in targets if target in silent}
            targets = {target: p for target, p in targets.items() if target not in silent}
            if not targets:
                withheld = Reason.NO_PPS if use_eeg else window.eeg.reason
                return Estimate({}, None, False, withheld, "", infer_ms, left_out, absent)
        sure = {t: p for t, p in targets.items() if self._is_sure(route, t, p)}
        absent |= {target: Absence.LOW_CONFIDENCE for target in targets if target not in sure}
        if not sure:
            reason = Reason.LOW_CONFIDENCE
            return Estimate({}, None, False, reason, "", infer_ms, absent=absent)
        certainty = Certainty(
            answer=min(max(p, 1.0 - p) for p in sure.values()),
            quality=min(state.quality for state in used),
            electrodes=window.eeg.measured if use_eeg else 1.0,
            coverage=coverage,
        )
        return Estimate(
            sure,
            certainty.confidence,
            True,
            reason,
            modalities,
            infer_ms,
            left_out,
            absent,
            certainty,
        )

    def _route(self, window: Window) -> tuple[Route | None, Reason, Reason]:
        """Heads that can be used, what a person should know of it, and why a modality cannot."""
        card, routes = self.bundle.card, self.bundle.model.config.routes
        no_eeg = self._heads.why_not(Modality.EEG, window.eeg)
        eeg_ok, pps_ok, no_pps = no_eeg is Reason.NONE, False, Reason.NONE
        if window.pps is not None and card.pps is not None:
            no_pps = self._heads.why_not(card.pps.modality, window.pps)
            pps_ok = no_pps is Reason.NONE
        if eeg_ok and pps_ok and "fused" in routes:
            return "fused", Reason.NONE, Reason.NONE
        if eeg_ok and "eeg" in routes:
            return "eeg", Reason.NONE if card.pps is None else Reason.NO_PPS, no_pps
        # Before EEG has settled there is nothing to bridge: the run has not begun yet.
        lost = no_eeg in (Reason.GAP, Reason.LOW_QUALITY)
        if pps_ok and lost and "pps" in routes:
            return "pps", Reason.NO_EEG, no_eeg
        return None, Reason.NO_PPS if eeg_ok else no_eeg, no_pps if eeg_ok else Reason.NONE

    def _is_sure(self, route: Route, target: str, p: float) -> bool:
        """Tell whether a head is as confident as its bundle asks."""
        return max(p, 1.0 - p) >= self.bundle.card.least_confidence.get(f"{route}/{target}", 0.0)


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
