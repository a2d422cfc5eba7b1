"""Preset networks: the two of the paper and a compact one."""

from __future__ import annotations

from physiosync_models.config import SFREQ, EncoderConfig, Modality, ModelConfig, Route

_TARGETS = ("valence", "arousal")
_ROUTES: tuple[Route, ...] = ("fused", "eeg", "pps")


def _paper(
    n_eeg: int,
    n_pps: int,
    long: bool,
    targets: tuple[str, ...],
    n_classes: int,
    routes: tuple[Route, ...],
    faithful: bool,
) -> ModelConfig:
    def encoder(modality: Modality, n_chans: int, seconds: int) -> EncoderConfig:
        return EncoderConfig(
            modality=modality,
            n_chans=n_chans,
            n_times=seconds * SFREQ,
            dim=seconds * SFREQ,
            n_prompts=2 if modality == "eeg" else 0,
            faithful=faithful,
        )

    return ModelConfig(
        eeg_1s=encoder("eeg", n_eeg, 1),
        pps_1s=encoder("pps", n_pps, 1),
        eeg_5s=encoder("eeg", n_eeg, 5) if long else None,
        pps_5s=encoder("pps", n_pps, 5) if long else None,
        targets=targets,
        n_classes=n_classes,
        routes=routes,
    )


def deap_paper(
    *,
    targets: tuple[str, ...] = _TARGETS,
    n_classes: int = 2,
    routes: tuple[Route, ...] = _ROUTES,
    faithful: bool = False,
) -> ModelConfig:
    """Return the configuration of the paper's network for DEAP: 32 EEG channels, GSR, 1 s and 5 s.

    Parameters
    ----------
    targets, n_classes, routes
        As in `ModelConfig`.
    faithful : bool
        Reproduce the released code exactly (needed for its checkpoints).
    """
    return _paper(32, 1, True, targets, n_classes, routes, faithful)


def dreamer_paper(
    *,
    with_5s: bool = False,
    targets: tuple[str, ...] = _TARGETS,
    n_classes: int = 2,
    routes: tuple[Route, ...] = _ROUTES,
    faithful: bool = False,
) -> ModelConfig:
    """Return the configuration of the paper's network for DREAMER: 14 EEG and two ECG channels.

    Parameters
    ----------
    with_5s : bool
        Add the 5 s encoders, an extension: the release has only 1 s for DREAMER.
    targets, n_classes, routes, faithful
        As in `deap_paper`.
    """
    return _paper(14, 2, with_5s, targets, n_classes, routes, faithful)


def compact(
    n_eeg: int,
    n_pps: int,
    *,
    targets: tuple[str, ...] = _TARGETS,
    n_classes: int = 2,
    routes: tuple[Route, ...] = _ROUTES,
    dim_1s: int = 32,
    dim_5s: int = 48,
    depth: int = 2,
) -> ModelConfig:
    """Return the configuration of a small network, for little data and a laptop.

    A few hundred thousand weights: filter power instead of dense layers over samples (``conv``),
    narrow tokens, and averaged one-second slices.

    Parameters
    ----------
    n_eeg, n_pps : int
        Number of channels.
    targets, n_classes, routes
        As in `ModelConfig`.
    dim_1s, dim_5s, depth : int
        Token widths of the two resolutions, and number of transformer blocks.
    """

    def encoder(modality: Modality, n_chans: int, seconds: int, dim: int) -> EncoderConfig:
        return EncoderConfig(
            modality=modality,
            n_chans=n_chans,
            n_times=seconds * SFREQ,
            dim=dim,
            depth=depth,
            n_prompts=2 if modality == "eeg" else 0,
            projector_dims=(128, 128, 128),
            embedding="conv",
        )

    return ModelConfig(
        eeg_1s=encoder("eeg", n_eeg, 1, dim_1s),
        pps_1s=encoder("pps", n_pps, 1, dim_1s),
        eeg_5s=encoder("eeg", n_eeg, 5, dim_5s),
        pps_5s=encoder("pps", n_pps, 5, dim_5s),
        targets=targets,
        n_classes=n_classes,
        routes=routes,
        head_dims=(32, 16),
        slices="mean",
    )
