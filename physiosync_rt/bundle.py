"""A trained model as it travels: weights and a card that says everything else.

A bundle is a folder of two files: ``weights.safetensors`` (never a pickle) and ``card.json``
(contract, preprocessing, network, provenance, scores). Live and `predict` take their
preprocessing from the card and have none of their own that could drift.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from physiosync_models.config import ModelConfig
from physiosync_models.ensemble import Members
from physiosync_models.fusion import PhysioSync
from physiosync_rt.datatypes import GRID_SFREQ, Modality
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import (
    CardProfile,
    Frozen,
    ModalityContract,
    PaperProfile,
)
from physiosync_rt.resources import bundle_names, bundle_path
from physiosync_rt.whole import WRITE_ERRORS, reason_of, whole_folder

CARD = "card.json"
WEIGHTS = "weights.safetensors"

Network = PhysioSync | Members
"""What a bundle can hold: one network, or several that were tuned apart."""


class Score(Frozen):
    """One honest number: what, how measured, on how many, with its interval."""

    protocol: str
    target: str
    modalities: str
    model: str
    metric: str
    value: float
    ci_low: float | None = None
    ci_high: float | None = None
    n: int | None = None
    unit: str = ""


class Card(Frozen):
    """Everything about a bundle but its weights.

    Attributes
    ----------
    name, title : str
        Short name for ``--bundle`` and a line for a person.
    trained_on : str
        What the training signals were, in one plain sentence.
    simulated : bool
        True when no real person's signal was seen; every view says so.
    eeg, pps : ModalityContract
        What goes in; ``pps`` None for a bundle without a peripheral modality.
    profile : LiveProfile or PaperProfile
        Preprocessing.
    model : dict
        `physiosync_models.config.ModelConfig` as plain containers; empty where there are members.
    members : dict of str to dict
        The same for each of several networks that were tuned apart, by target; else empty.
    coverage : dict
        Factor on the confidence when only this route (``eeg`` or ``pps``) can be used.
    least_confidence : dict of str to float
        Smallest max(P, 1 - P) from which a head's answer counts, by ``route/target``, as chosen
        on validation (see `physiosync_training.supervised.selective`); a head that is not named
        always answers.
    alternative : str
        Name of a bundle to recommend for streams that this one refuses.
    scores : tuple of Score
    provenance : dict
        Seed, versions, settings, date: how to get this bundle again.
    """

    schema_version: Literal[1] = 1
    name: str
    title: str
    trained_on: str
    simulated: bool
    eeg: ModalityContract
    pps: ModalityContract | None
    profile: CardProfile
    model: dict[str, Any] = Field(default_factory=dict)
    members: dict[str, dict[str, Any]] = Field(default_factory=dict)
    coverage: dict[str, float] = Field(default_factory=lambda: {"eeg": 0.8, "pps": 0.6})
    least_confidence: dict[str, float] = Field(default_factory=dict)
    alternative: str = ""
    scores: tuple[Score, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if bool(self.model) == bool(self.members):
            raise ValueError("either 'model' or 'members' is expected")
        return self

    def at_chance(self, modalities: str) -> frozenset[str]:
        """Targets that these modalities alone cannot tell, by the card's own honest scores.

        Parameters
        ----------
        modalities : str
            As in `Score.modalities`: ``gsr``, ``eeg`` ...

        Notes
        -----
        A target counts as told when the interval of its balanced accuracy lies above one half
        in any protocol that is not inflated; a target without such a score is not judged.
        """
        lows: dict[str, float] = {}
        for score in self.scores:
            honest = "inflated" not in score.protocol and score.model == "physiosync"
            alike = honest and score.modalities == modalities
            if alike and score.metric.replace("_", " ") == "balanced accuracy":
                low = score.value if score.ci_low is None else score.ci_low
                lows[score.target] = max(lows.get(score.target, 0.0), low)
        return frozenset(target for target, low in lows.items() if low <= 0.5)

    @property
    def headline(self) -> str:
        """The title as every view shows it: with what is only approximate said behind it."""
        approximate = isinstance(self.profile, PaperProfile)
        return f"{self.title}, preprocessing approximate" if approximate else self.title


@dataclass(frozen=True, slots=True)
class Bundle:
    """A card, its network in eval mode, and the hash of both files."""

    card: Card
    model: Network
    digest: str
    path: Path

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """Modalities that the bundle can use."""
        pps = self.card.pps
        return (Modality.EEG,) if pps is None else (Modality.EEG, pps.modality)


def find_bundle(name: str) -> Path:
    """Folder of a bundle, given as a path or as the name of a shipped one.

    Raises
    ------
    UserError
        There is no such folder and no such name.
    """
    path = Path(name)
    if path.is_dir():
        return path
    if name in bundle_names():
        return bundle_path(name)
    raise UserError(
        f"there is no bundle {name!r}: expected a folder with {CARD} and {WEIGHTS}, "
        f"or one of the shipped ones ({', '.join(bundle_names())})"
    )


def read_card(path: Path) -> Card:
    """Read and check a bundle's card.

    Raises
    ------
    UserError
        It cannot be read, or says something that this version does not know.
    """
    try:
        return Card.model_validate_json((path / CARD).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} is not a bundle: no {CARD} ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"the card of bundle {path} cannot be used: {where}: {first['msg']}"
        ) from error


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


def _network(card: Card) -> Network:
    """Make the network that a card describes, as yet without its weights.

    Raises
    ------
    ValueError
        It is none, or takes other windows than the card's contract makes.
    """
    members = {
        name: PhysioSync(ModelConfig.from_dict(member)) for name, member in card.members.items()
    }
    model = Members(members) if members else PhysioSync(ModelConfig.from_dict(card.model))
    config = model.config
    sides = [("EEG channels", config.eeg_1s.n_chans, card.eeg.n_chans)]
    sides.append(("samples", config.n_times, round(card.profile.window_s * GRID_SFREQ)))
    if card.pps is not None:
        sides.append(("PPS channels", config.pps_1s.n_chans, card.pps.n_chans))
    for what, takes, gets in sides:
        if takes != gets:
            raise ValueError(f"the network takes {takes} {what}, the contract gives {gets}")
    return model


def digest(path: Path) -> str:
    """First twelve hex digits of the SHA-256 over card and weights."""
    sha = hashlib.sha256()
    for name in (CARD, WEIGHTS):
        with (path / name).open("rb") as file:
            while block := file.read(1 << 20):
                sha.update(block)
    return sha.hexdigest()[:12]


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
        with whole_folder(path) as fresh:
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
            f"{path} holds {min(others)}, which is no part of a bundle; choose a folder of its own"
        )
