"""Calibrate a bundle to one person, and write what came of it where it helped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from physiosync_models.gated_sum import GatedSum
from physiosync_rt import __version__
from physiosync_rt.bundle.bundle import Bundle, load_bundle, save_bundle
from physiosync_rt.bundle.card import OURS, Card, Score, digest
from physiosync_rt.bundle.own_recording import fingerprint_of
from physiosync_rt.bundle.personal import Calibration, Personal
from physiosync_rt.datatypes import IntArray, Modality, Recording
from physiosync_rt.devices import load_device, map_recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.preprocess.config import LiveProfile
from physiosync_training.calibration.marker_labels import label_by_markers, read_marker_names
from physiosync_training.calibration.measure import Measured, check_enough, measure
from physiosync_training.calibration.own_blocks import Block, Inputs, Person, person_of
from physiosync_training.calibration.own_labels import read_labels
from physiosync_training.calibration.personal import (
    STRENGTH,
    as_model,
    fit_personal,
    population_of,
)
from physiosync_training.datasets.recordings_table import RecordedFile
from physiosync_training.evaluation.metrics import PRIMARY
from physiosync_training.loop.progress import Progress, no_progress

OWN_BLOCKS: Final = "left-out blocks of one person"
"""Protocol of the scores of a calibrated bundle."""

UPPER_BOUND: Final = (
    "What calibration brought was measured on blocks of the same recordings, left out in turn: "
    "time and the file may tell them apart too, so it is an upper bound."
)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What came of a calibration.

    Attributes
    ----------
    brought : dict of str to Calibration
        By target.
    parent : Card
    rest_s, labelled_s, unusable_s : float
        Seconds of rest, of labelled blocks that were used, and of labels that could not be.
    written : Path or None
        The bundle; None where calibration did not help.
    """

    brought: dict[str, Calibration]
    parent: Card
    rest_s: float
    labelled_s: float
    unusable_s: float
    written: Path | None


def calibrate(
    bundle: Path | str,
    recordings: Sequence[Path | str],
    labels: Path | str,
    out: Path | str,
    *,
    device: str | None = None,
    threshold: float | None = None,
    anyway: bool = False,
    progress: Progress = no_progress,
) -> Calibrated:
    """Calibrate a bundle to one person, and write the result where it helped.

    Parameters
    ----------
    bundle : Path or str
        Folder or shipped name of a bundle that sums slow features.
    recordings : sequence of Path or str
        Of one person, in any format that `physiosync replay` reads.
    labels : Path or str
        Table of the rest and the labelled stretches, or the names of the recordings' markers,
        ``rest=NAME,low=NAME,high=NAME`` (docs/calibration.md).
    out : Path or str
        Folder of the new bundle.
    device : str, optional
        Device description that names channels and units of the recordings.
    threshold : float, optional
        Rating from which on a target is high; by default that of the bundle's training.
    anyway : bool
        Write the bundle also where calibration did not help.
    progress : callable

    Raises
    ------
    UserError
        The bundle cannot be calibrated, the recordings cannot serve, they are too little to show
        whether it helps, or the folder is taken; nothing is written then.

    Examples
    --------
    >>> from physiosync_training.calibration.calibrate import calibrate
    >>> calibrate("effort-eeg19", ["me.xdf"], "labels.csv", "mine").brought  # doctest: +SKIP
    """
    out = Path(out).expanduser()
    if out.exists():
        raise UserError(f"{out} is there already and is not replaced; choose another --out")
    parent = load_bundle(str(bundle))
    model, inputs = _check_parent(parent)
    limit = _threshold(parent.card, threshold)
    paths = [Path(path).expanduser() for path in recordings]
    files, opened = _labelled_files(labels, paths, parent.card, model, limit, device)
    person = person_of(zip(files, opened, strict=True), inputs, progress)
    if not person.heard:
        raise UserError(_silent(files[0].path.name, len(files), inputs))
    found: dict[str, Calibration] = {}
    personal, measured = {}, {}
    for target, (blocks, truth) in _labelled(person, parent.card, model, limit).items():
        population = population_of(model, target)
        measured[target] = measure(population, blocks, truth, STRENGTH)
        found[target] = measured[target].calibration()
        windows = np.repeat(truth, [len(block.eeg) for block in blocks])
        design = np.concatenate([population.design(block) for block in blocks])
        personal[target] = fit_personal(population, design, windows, STRENGTH)
    kept = [target for target, each in found.items() if anyway or each.helped]
    labelled_s = sum(block.seconds for block in person.blocks)
    if kept:
        card = _card(parent, person, {target: measured[target] for target in kept}, found, opened)
        if digest(parent.path) != parent.digest:
            raise UserError(
                f"bundle {parent.path} has changed while it was calibrated; nothing was written, "
                "start again"
            )
        save_bundle(out, card, as_model(model, {target: personal[target] for target in kept}))
    return Calibrated(
        found, parent.card, person.rest_s, labelled_s, person.unusable_s, out if kept else None
    )


def _check_parent(bundle: Bundle) -> tuple[GatedSum, Inputs]:
    """Return the sum of a bundle and what it takes.

    Raises
    ------
    UserError
        It is not a sum of slow features, or calibrated already.
    """
    card, model = bundle.card, bundle.model
    if not isinstance(model, GatedSum) or model.network is not None:
        raise UserError(
            f"bundle {card.name!r} holds a network, and only a sum of slow features can be "
            "calibrated to a person; give one such as effort-eeg19"
        )
    if card.personal is not None:
        raise UserError(
            f"bundle {card.name!r} is calibrated to one person already; calibrate its parent "
            f"{card.personal.parent!r} with all recordings"
        )
    assert isinstance(card.profile, LiveProfile), "a gated sum has profile live"
    assert card.pps is not None, "a gated sum has a peripheral modality"
    return model, Inputs(card.name, card.profile, card.eeg, card.pps, model.config)


def _labelled_files(
    labels: Path | str,
    paths: Sequence[Path],
    card: Card,
    model: GatedSum,
    threshold: float,
    device: str | None,
) -> tuple[list[RecordedFile], list[Recording]]:
    """Find the rest and the labelled stretches by a table or by markers, and open their files."""
    names = read_marker_names(str(labels))
    if names is None:
        files = read_labels(Path(labels).expanduser(), paths, _scale(card))
        return files, [_open(file.path, device) for file in files]
    if len(model.config.targets) > 1:
        raise UserError(
            f"bundle {card.name!r} tells {' and '.join(model.config.targets)}, and markers stand "
            "for one of them; give --labels a table"
        )
    opened = [(path, _open(path, device)) for path in paths]
    files = label_by_markers(names, opened, model.config.targets[0], threshold)
    by_path = dict(opened)
    return files, [by_path[file.path] for file in files]


def _open(path: Path, device: str | None) -> Recording:
    recording = read(path)
    return recording if device is None else map_recording(load_device(device), recording)


def _silent(name: str, n_files: int, inputs: Inputs) -> str:
    """Say that the peripheral signal told nothing from beginning to end."""
    where = name if n_files == 1 else f"{name} and the other recordings"
    said = {
        Modality.ECG: "the ECG shows no heartbeat",
        Modality.GSR: "the GSR shows no skin",
    }[inputs.pps.modality]
    return (
        f"{where}: {said} in the rest or in any labelled stretch; check the electrodes and record "
        "again"
    )


def _trained_with(card: Card) -> dict[str, Any]:
    data = card.provenance.get("data")
    return data if isinstance(data, dict) else {}


def _scale(card: Card) -> tuple[float, float]:
    low, high = _trained_with(card).get("scale", (-np.inf, np.inf))
    return float(low), float(high)


def _threshold(card: Card, given: float | None) -> float:
    """Return the rating from which on a target is high; UserError where nobody says it."""
    found = _trained_with(card).get("threshold") if given is None else given
    if not isinstance(found, int | float):
        raise UserError(
            f"the card of bundle {card.name!r} does not say from which rating on a target is "
            "high; give --threshold"
        )
    return float(found)


def _labelled(
    person: Person, card: Card, model: GatedSum, threshold: float
) -> dict[str, tuple[list[Block], IntArray]]:
    """Return the blocks and labels of every target of which both classes are there.

    Raises
    ------
    UserError
        There is none, or too little of one.
    """
    found: dict[str, tuple[list[Block], IntArray]] = {}
    one_sided = ""
    for target in model.config.targets:
        truths = [block.truth(target, threshold) for block in person.blocks]
        blocks = [b for b, truth in zip(person.blocks, truths, strict=True) if truth is not None]
        truth = np.array([each for each in truths if each is not None], dtype=np.int64)
        meaning = card.meaning.get(target)
        low, high = (meaning.low, meaning.high) if meaning else (f"low {target}", f"high {target}")
        if len(np.unique(truth)) < 2:
            only = f"only {high if truth.any() else low}" if len(truth) else "nothing"
            one_sided = one_sided or (
                f"the labels show {only} of {low} and {high} in blocks that can be used; label "
                "stretches of both"
            )
            continue
        check_enough(truth, (low, high), person.unusable_s)
        found[target] = blocks, truth
    if not found:
        raise UserError(one_sided)
    return found


def _card(
    parent: Bundle,
    person: Person,
    measured: dict[str, Measured],
    found: dict[str, Calibration],
    recordings: Sequence[Recording],
) -> Card:
    card = parent.card
    labelled_s = sum(block.seconds for block in person.blocks)
    streams = [stream for each in recordings for stream in each.of(Modality.EEG)]
    data = f"{person.rest_s:.0f} s of rest and {labelled_s:.0f} s of labelled data"
    stays = tuple(score for score in card.scores if score.target not in measured)
    own = tuple(score for target, each in measured.items() for score in _scores(card, target, each))
    return card.model_copy(
        update={
            "name": f"{card.name}-personal",
            "trained_on": f"{card.trained_on}; then calibrated to one person with {data}",
            "by_person": {k: v for k, v in card.by_person.items() if k not in measured},
            "limits": (
                *card.limits,
                f"It is of one person, calibrated with {data}; of anybody else nothing is known.",
                UPPER_BOUND,
            ),
            "alternative": "",
            "personal": Personal(
                parent=card.name,
                parent_hash=parent.digest,
                rest_s=person.rest_s,
                labelled_s=labelled_s,
                brought={target: found[target] for target in measured},
                recording=fingerprint_of(streams),
            ),
            "scores": (*stays, *own),
            "provenance": {
                **card.provenance,
                "calibrated": datetime.now(UTC).isoformat(timespec="seconds"),
                "calibrated_with": f"physiosync-rt {__version__}, strength {STRENGTH:g}",
            },
        }
    )


def _scores(card: Card, target: str, measured: Measured) -> list[Score]:
    """Balanced accuracy on left-out blocks by route, and that of the parent beside it."""
    assert card.pps is not None
    pps = card.pps.modality.lower()
    names = {"fused": f"eeg+{pps}", "eeg": "eeg", "pps": pps}
    found = []
    for route in measured.right:
        for value, model in zip(
            measured.balanced_accuracy(route), (f"{card.name} before", OURS), strict=True
        ):
            if np.isfinite(value):
                found.append(
                    Score(
                        protocol=OWN_BLOCKS,
                        target=target,
                        modalities=names[route],
                        model=model,
                        metric=PRIMARY,
                        value=value,
                        n=len(measured.truth),
                        unit="block",
                    )
                )
    return found
