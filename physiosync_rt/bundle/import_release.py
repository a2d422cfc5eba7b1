"""Turn checkpoints of the authors' released code into a bundle that runs live.

A folder holds one folder per target (``valence``, ``arousal`` or ``four``), each with the
fine-tuned encoders and the classifier of one fold: five files for DEAP (EEG and GSR, 1 s and 5 s),
three for DREAMER (EEG and ECG, 1 s). What a file is, is told by its content, not by its name. The
release saves neither classifiers of single modalities nor the CM-CA module, so these bundles
predict from both modalities together or not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from physiosync_models.config import ModelConfig
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import PhysioSync
from physiosync_models.presets import deap_paper, dreamer_paper
from physiosync_models.released_weights import (
    PpsName,
    import_classifier,
    import_encoder,
    import_model,
)
from physiosync_rt.bundle.bundle import Network
from physiosync_rt.bundle.card import Card
from physiosync_rt.bundle.contracts import DEAP_EEG, DEAP_GSR, DREAMER_ECG, DREAMER_EEG
from physiosync_rt.bundle.tensor_file import load_tensors
from physiosync_rt.datatypes import GRID_SFREQ
from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import BASELINE_S
from physiosync_rt.preprocess.config import ModalityContract, PaperProfile
from physiosync_rt.preprocess.labels import QUADRANT, QUADRANT_NAMES

FOLDERS: Final = {
    "valence": ("valence", "v"),
    "arousal": ("arousal", "a"),
    QUADRANT: ("four", "quadrant"),
}
"""Targets and what their folders may be called, in any case (``V``, ``A``, ``Four``: released)."""

CLASSIFIER: Final = "classifier"
_SUFFIXES = {".pth", ".pt"}
_COUNTERS = ".num_batches_tracked"
_SECONDS = {GRID_SFREQ * seconds: seconds for seconds in (1, 5)}


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """One file: what it holds (``eeg_1s`` ... or ``classifier``) and its weights."""

    path: Path
    part: str
    state: dict[str, Tensor]
    epoch: int | None

    def describe(self) -> dict[str, Any]:
        """Where these weights come from, for the card."""
        sha = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                sha.update(block)
        found = {"file": self.path.name, "sha256": sha.hexdigest()[:12]}
        return found | ({} if self.epoch is None else {"epoch": self.epoch})


@dataclass(frozen=True, slots=True)
class _Dataset:
    """What differs between the two data sets of the release."""

    name: str
    trained_on: str
    pps_name: PpsName
    eeg: ModalityContract
    pps: ModalityContract
    baseline_s: float


_DEAP = _Dataset(
    "DEAP",
    "DEAP, with the authors' released code",
    "gsr",
    DEAP_EEG,
    DEAP_GSR,
    baseline_s=BASELINE_S,
)
_DREAMER = _Dataset(
    "DREAMER",
    "DREAMER, with the authors' released code, in which two EEG channels took the place of the ECG",
    "ecg",
    DREAMER_EEG,
    DREAMER_ECG,
    baseline_s=60.0,
)


def import_reference(
    folder: Path, name: str, targets: Sequence[str] = (), *, simulated: bool = False
) -> tuple[Card, Network]:
    """Read released checkpoints and make a bundle of them.

    Parameters
    ----------
    folder : Path
        With one folder per target.
    name : str
        Of the bundle.
    targets : sequence of str, optional
        Which ones; by default valence and arousal, or the four quadrants where neither is there.
    simulated : bool
        Whether the checkpoints were trained on simulated people alone; no file says so.

    Returns
    -------
    Card, PhysioSync or PerTargetEnsemble
        Ready for `bundle.bundle.save_bundle`; several targets are members of one bundle,
        because each has encoders of its own.

    Raises
    ------
    UserError
        The folder lacks a target or a target lacks a file, a file holds anything but weights
        (nothing of it is run), or weights that are not those of the release.
    """
    folders = _choose(_target_folders(folder), folder, targets)
    members: dict[str, PhysioSync] = {}
    sources: dict[str, Any] = {}
    datasets: set[str] = set()
    dataset = _DEAP
    for target, path in folders.items():
        parts = _read_parts(path)
        dataset = _DREAMER if "ecg_1s" in parts else _DEAP
        datasets.add(dataset.name)
        members[target] = _network(path, parts, dataset, target)
        sources[target] = {part: checkpoint.describe() for part, checkpoint in parts.items()}
    if len(datasets) > 1:
        raise UserError(
            f"{folder} mixes checkpoints of {' and '.join(sorted(datasets))}; "
            "one bundle is for one data set"
        )
    model: Network
    if len(members) == 1:
        (model,) = members.values()
        about: dict[str, Any] = {"model": model.config.to_dict()}
    else:
        model = PerTargetEnsemble(members)
        about = {"members": {target: each.config.to_dict() for target, each in members.items()}}
    window_s = 5 if model.config.eeg_5s is not None else 1
    card = Card(
        name=name,
        title=f"PhysioSync as released, {dataset.name}",
        trained_on="simulated files in the format of " * simulated + dataset.trained_on,
        simulated=simulated,
        eeg=dataset.eeg,
        pps=dataset.pps,
        profile=PaperProfile(window_s=window_s, baseline_s=dataset.baseline_s),
        provenance={
            "made_by": "physiosync import-reference",
            "checkpoints": sources,
            "versions": {package: version(package) for package in ("torch", "physiosync-rt")},
            "weights": sum(p.numel() for p in model.parameters()),
        },
        **about,
    )
    return card, model


def _target_folders(folder: Path) -> dict[str, Path]:
    """Folders of targets that are there."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; name the one that holds valence/ and arousal/")
    named = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    found: dict[str, Path] = {}
    for target, names in FOLDERS.items():
        paths = [named[name] for name in names if name in named]
        if len(paths) > 1:
            raise UserError(f"{folder} has both {paths[0].name} and {paths[1].name}; keep one")
        if paths:
            found[target] = paths[0]
    return found


def _choose(found: dict[str, Path], folder: Path, targets: Sequence[str]) -> dict[str, Path]:
    """Take the targets asked for, or what goes together of those that are there."""
    spelt = {name: target for target, names in FOLDERS.items() for name in names}
    asked = []
    for word in targets:
        if word.lower() not in spelt:
            raise UserError(f"target {word!r} is not known; there are valence, arousal and four")
        asked.append(spelt[word.lower()])
    if not asked:
        asked = [target for target in found if target != QUADRANT] or list(found)
    if QUADRANT in asked and len(set(asked)) > 1:
        raise UserError("the target four stands for valence and arousal already; take it alone")
    missing = [FOLDERS[target][0] for target in asked if target not in found]
    if missing or not asked:
        lacks = " and ".join(f"{name}/" for name in missing) or "valence/, arousal/ and four/"
        raise UserError(
            f"{folder} lacks {lacks}; lay the checkpoints of each target into a folder of its own"
        )
    return {target: found[target] for target in FOLDERS if target in asked}


def _read_parts(folder: Path) -> dict[str, _Checkpoint]:
    """Load every checkpoint of a target, by what it holds."""
    parts: dict[str, _Checkpoint] = {}
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES):
        state, epoch = _load(path)
        part = _part(path, state)
        if part in parts:
            raise UserError(
                f"{folder}: {parts[part].path.name} and {path.name} are both {part}; "
                "keep the checkpoints of one fold"
            )
        parts[part] = _Checkpoint(path, part, state, epoch)
    if not parts:
        raise UserError(f"{folder} holds no checkpoint (.pth); lay the files of one fold there")
    return parts


def _load(path: Path) -> tuple[dict[str, Tensor], int | None]:
    """Load a state dict, bare or as the release nests it, and the epoch where it is told."""
    content = load_tensors(path, shared=True)
    state, epoch = content, None
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        state, epoch = content["state_dict"], content.get("epoch")
    plain = isinstance(state, dict) and all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()
    )
    if not plain:
        raise UserError(
            f"{path.name} holds no state_dict: a dict of tensors, or one with the key "
            "'state_dict', is expected"
        )
    whole = next(
        (n for n, v in state.items() if not (v.is_floating_point() or n.endswith(_COUNTERS))), ""
    )
    if whole:
        raise UserError(
            f"{path.name}: {whole} holds whole numbers ({state[whole].dtype}), where weights are "
            "expected; take another checkpoint"
        )
    bad = next(
        (n for n, v in state.items() if v.is_floating_point() and not v.isfinite().all()), ""
    )
    if bad:
        raise UserError(
            f"{path.name}: {bad} contains NaN or infinite values: the training diverged; "
            "take another checkpoint"
        )
    return dict(state), epoch if isinstance(epoch, int) else None


def _part(path: Path, state: Mapping[str, Tensor]) -> str:
    """Tell what a checkpoint holds."""
    if "fc_classifier1.weight" in state:
        return CLASSIFIER
    for own in ("eeg", "gsr", "ecg"):
        weight = state.get(f"{own}_transform.transform1.weight")
        if weight is None:
            continue
        if weight.ndim != 2:
            raise UserError(
                f"{path.name}: {own}_transform.transform1.weight has shape {tuple(weight.shape)}, "
                "expected two dimensions; take another checkpoint"
            )
        if len(weight) not in _SECONDS:
            raise UserError(
                f"{path.name}: an encoder of width {len(weight)}; the release has "
                f"{' and '.join(map(str, _SECONDS))}"
            )
        return f"{own}_{_SECONDS[len(weight)]}s"
    raise UserError(
        f"{path.name} is neither an encoder nor a classifier of the release: it has none of "
        "eeg_transform, gsr_transform, ecg_transform and fc_classifier1; take it away"
    )


def _network(
    folder: Path, parts: Mapping[str, _Checkpoint], dataset: _Dataset, target: str
) -> PhysioSync:
    """Put one target's network together."""
    names = {f"eeg_{s}s": f"eeg_{s}s" for s in (1, 5)}
    names |= {f"{dataset.pps_name}_{s}s": f"pps_{s}s" for s in (1, 5)}
    wanted = [part for part in names if dataset is _DEAP or part.endswith("1s")]
    missing = [part for part in (*wanted, CLASSIFIER) if part not in parts]
    unknown = [part for part in parts if part not in (*wanted, CLASSIFIER)]
    if missing or unknown:
        lacks = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)} too"
        raise UserError(
            f"{folder} {lacks}; for {dataset.name} the files are {', '.join(wanted)} and "
            f"{CLASSIFIER}"
        )
    n_classes = len(QUADRANT_NAMES) if target == QUADRANT else 2
    make = deap_paper if dataset is _DEAP else dreamer_paper
    config = make(targets=(target,), n_classes=n_classes, routes=("fused",), faithful=True)
    for part in wanted:
        _check(parts[part], config, names[part], dataset.pps_name)
    _check(parts[CLASSIFIER], config, CLASSIFIER, dataset.pps_name)
    encoders = {names[part]: parts[part].state for part in wanted}
    return import_model(encoders, {target: parts[CLASSIFIER].state}, config, dataset.pps_name)


def _check(checkpoint: _Checkpoint, config: ModelConfig, encoder: str, pps_name: PpsName) -> None:
    """Name the file that does not fit."""
    try:
        if encoder == CLASSIFIER:
            import_classifier(checkpoint.state, config)
        else:
            import_encoder(checkpoint.state, config.encoders[encoder], pps_name)
    except ValueError as error:
        raise UserError(
            f"{checkpoint.path.parent.name}/{checkpoint.path.name} is not the release's "
            f"{checkpoint.part} for {config.n_classes} classes: {error}"
        ) from error
