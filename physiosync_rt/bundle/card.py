"""What a bundle says of itself: contract, preprocessing, network, provenance, scores.

Reads without torch: a card is enough to know whether streams fit and what a model is worth.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from physiosync_rt.bundle.personal import Personal
from physiosync_rt.bundle.unsure_zone import DEFAULT_MARGIN, MOST_MARGIN
from physiosync_rt.errors import UserError
from physiosync_rt.preprocess.config import CardProfile, ModalityContract, PaperProfile
from physiosync_rt.utils.plain_file import is_special, is_there, read_text
from physiosync_rt.utils.resources import bundle_names, bundle_path
from physiosync_rt.utils.translation import tr
from physiosync_rt.utils.yaml_config import FrozenModel

_MOST_BYTES = 10_000_000

CARD = "card.json"
WEIGHTS = "weights.safetensors"

MOST_MEMBERS = 16
"""Networks in one bundle, one for each target."""

FEW_PEOPLE = 8
"""Fewer people than that tell little of anybody else."""

Words = Annotated[str, Field(min_length=1, max_length=60)]

OURS = "physiosync"
"""Name of a card's own network in its scores, and of the first network in a report's."""

CALIBRATION_ERROR = "calibration error"
"""Metric by which a card tells how far its probabilities are off."""


class Score(FrozenModel):
    """One honest number: what, how measured, on how many, with its interval.

    ``without`` names the electrode that was left out and interpolated, as a live run does where
    one is missing or bad; it is empty where none was.
    """

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
    without: str = ""

    @property
    def inflated(self) -> bool:
        """Whether training and test share trials, so that the number is too good."""
        return "inflated" in self.protocol

    @property
    def of_network(self) -> bool:
        """Whether it is the network's own score, not a baseline model's."""
        return self.model == OURS

    @property
    def primary(self) -> bool:
        """Whether its metric is balanced accuracy, by which models are compared."""
        return self.metric.replace("_", " ") == "balanced accuracy"


class Meaning(FrozenModel):
    """What a target stands for, where it is not what its column is called."""

    name: Words
    low: Words
    high: Words

    def __str__(self) -> str:
        return f"{self.name}: low = {self.low}, high = {self.high}"


class Card(FrozenModel):
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
    gated_sum : dict
        `physiosync_models.gated_sum.GatedSumConfig` as plain containers, in place of a network.
    meaning : dict of str to Meaning
        What a target stands for, where it is not an emotion: views use these words, and name no
        quadrant.
    prior : dict of str to float
        Share of the class high that the fit assumed, by target, where that is known.
    people : int or None
        How many people the weights saw, where that is known.
    by_person : dict of str to dict of str to float
        Balanced accuracy of each left-out person, by target.
    limits : tuple of str
        What the data cannot show, in sentences.
    citation : str
        Whose data it was, as they want it cited.
    coverage : dict
        Factor on the confidence when only this route (``eeg`` or ``pps``) can be used.
    least_confidence : dict of str to float
        Confidence threshold of a head, by ``route/target``: the smallest max(P, 1 - P) from which
        its answer counts, as chosen on validation (see
        `physiosync_training.supervised.selective`); a head that is not named always answers.
    margin : float or None
        Half width of the unsure zone around one half, see `unsure_margin`; None where the card
        leaves it to its calibration errors.
    alternative : str
        Name of a bundle to recommend for streams that this one refuses.
    personal : Personal or None
        Whom it was calibrated to, if to anybody.
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
    members: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=MOST_MEMBERS)
    gated_sum: dict[str, Any] = Field(default_factory=dict)
    meaning: dict[str, Meaning] = Field(default_factory=dict)
    prior: dict[str, float] = Field(default_factory=dict)
    people: int | None = Field(None, ge=1)
    by_person: dict[str, dict[str, float]] = Field(default_factory=dict)
    limits: tuple[str, ...] = ()
    citation: str = ""
    coverage: dict[str, float] = Field(default_factory=lambda: {"eeg": 0.8, "pps": 0.6})
    least_confidence: dict[str, float] = Field(default_factory=dict)
    margin: float | None = Field(None, ge=0, lt=0.5)
    alternative: str = ""
    personal: Personal | None = None
    scores: tuple[Score, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if sum(map(bool, (self.model, self.members, self.gated_sum))) != 1:
            raise ValueError("either 'model' or 'members' or 'gated_sum' is expected")
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
            honest = score.of_network and not score.inflated and not score.without
            if honest and score.primary and score.modalities == modalities:
                low = score.value if score.ci_low is None else score.ci_low
                lows[score.target] = max(lows.get(score.target, 0.0), low)
        return frozenset(target for target, low in lows.items() if low <= 0.5)

    @property
    def unsure_margin(self) -> float:
        """Distance from one half within which a probability names no class.

        It is the card's ``margin``, else the largest calibration error among its own honest
        scores, as far as their 95 % intervals reach and rounded up to a hundredth, else
        `DEFAULT_MARGIN`.
        """
        if self.margin is not None:
            return self.margin
        errors = (
            score.value if score.ci_high is None else score.ci_high
            for score in self.scores
            if score.of_network and score.metric == CALIBRATION_ERROR
            if not (score.inflated or score.without)
        )
        largest = max(filter(math.isfinite, errors), default=None)
        if largest is None:
            return DEFAULT_MARGIN
        return min(max(math.ceil(round(largest * 100, 6)) / 100, 0.0), MOST_MARGIN)

    @property
    def headline(self) -> str:
        """The title as every view shows it, with a word on what a person should know at once."""
        approximate = isinstance(self.profile, PaperProfile)
        said = [self.title, *(["preprocessing approximate"] if approximate else [])]
        if self.is_of_few:
            said.append(
                "from one person only" if self.people == 1 else f"from {self.people} people only"
            )
        said += ["calibrated to one person"] if self.personal else []
        return ", ".join(said)

    @property
    def is_of_few(self) -> bool:
        """Whether so few real people were trained on that it tells little of anybody else."""
        return self.people is not None and self.people < FEW_PEOPLE and not self.simulated


def find_bundle(name: str) -> Path:
    """Find the folder of a bundle, given as a path or as the name of a shipped one.

    Raises
    ------
    UserError
        There is no such folder and no such name, or the bundle lies deeper.
    """
    path = Path(name)
    # An empty name would be the working directory.
    if name and (within := bundles_within(path)):
        said = tr("{path} is not a bundle but holds {within}; give that folder")
        raise UserError(said.format(path=path, within=within[0]))
    if name and path.is_dir():
        return path
    if name in bundle_names():
        return bundle_path(name)
    said = tr(
        "there is no bundle {name!r}: expected a folder with {card} and {weights}, or one of the "
        "shipped ones ({shipped})"
    )
    shipped = ", ".join(bundle_names())
    raise UserError(said.format(name=name, card=CARD, weights=WEIGHTS, shipped=shipped))


def bundles_within(path: Path) -> list[Path]:
    """List the bundles that a training wrote below its folder, unless it is a bundle itself."""
    if is_there(path / CARD):
        return []
    places = ("bundle", "bundles/*")
    return sorted(card.parent for place in places for card in path.glob(f"{place}/{CARD}"))


def read_card(path: Path) -> Card:
    """Read and check a bundle's card.

    Raises
    ------
    UserError
        It cannot be read, or says something that this version does not know.
    """
    try:
        (path / CARD).stat()
    except OSError as error:
        said = tr(
            "{path} is not a bundle: {card} cannot be read ({reason}); give a folder that holds "
            "{card} and {weights}"
        ).format(path=path, card=CARD, weights=WEIGHTS, reason=error.strerror)
        raise UserError(said) from error
    try:
        return Card.model_validate_json(read_text(path / CARD, _MOST_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or tr("the file")
        said = tr(
            "the card of bundle {path} cannot be used: {where}: {problem}; take another copy of "
            "the bundle"
        )
        raise UserError(said.format(path=path, where=where, problem=first["msg"])) from error


def digest(path: Path) -> str:
    """First twelve hex digits of the SHA-256 over card and weights.

    Raises
    ------
    UserError
        One of the files cannot be read.
    """
    sha = hashlib.sha256()
    for name in (CARD, WEIGHTS):
        try:
            if special := is_special(path / name):
                raise UserError(f"bundle {path}: {name} is {special}, not a file")
            with (path / name).open("rb") as file:
                while block := file.read(1 << 20):
                    sha.update(block)
        except OSError as error:
            raise UserError(f"bundle {path}: {name} cannot be read: {error.strerror}") from error
    return sha.hexdigest()[:12]
