"""Configuration of encoders and networks: frozen, validated, convertible to and from JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

SFREQ = 128
"""Sampling rate of every input, in Hz."""

N_VIEWS = 3
"""View tokens of an embedding; the class token comes before them."""

N_TOKENS = N_VIEWS + 1

MOST_WIDTH = 100_000
"""Largest width, number of heads, classes or samples; a configuration may come from anywhere."""

MOST_BLOCKS = 100
"""Largest depth of an encoder, 33 times that of the paper."""

Modality = Literal["eeg", "pps"]
Embedding = Literal["paper", "conv"]
Route = Literal["fused", "eeg", "pps"]
Slices = Literal["concat", "mean"]

MODALITIES: tuple[Modality, ...] = get_args(Modality)
ROUTES: tuple[Route, ...] = get_args(Route)


def _check_choice(what: str, value: object, choices: Iterable[str]) -> None:
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"{what} is {value!r}, expected one of {', '.join(choices)}")


def _check_count(what: str, value: object, least: int = 1, most: int = MOST_WIDTH) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{what} is {value!r}, expected a whole number of at least {least}")
    if value > most:
        raise ValueError(f"{what} is {value!r}, expected a whole number of at most {most}")


def _check_dropout(value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
        raise ValueError(f"dropout is {value!r}, expected a number in [0, 1)")


def _check_flag(what: str, value: object) -> None:
    if value is not True and value is not False:
        raise ValueError(f"{what} is {value!r}, expected true or false")


def _check_widths(what: str, value: object, n: int) -> None:
    if not isinstance(value, tuple) or len(value) != n:
        raise ValueError(f"{what} is {value!r}, expected {n} widths")
    for width in value:
        _check_count(f"a width of {what}", width)


def _check_names(what: str, value: object) -> None:
    if not isinstance(value, tuple) or not value or len(set(value)) != len(value):
        raise ValueError(f"{what} is {value!r}, expected unique names")
    for name in value:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"{what} contains {name!r}, which is not an identifier")


def _known(cls: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments for ``cls``: unknown keys rejected, JSON lists as tuples."""
    unknown = sorted(set(values) - {f.name for f in fields(cls)})
    if unknown:
        raise ValueError(f"unknown keys of {cls.__name__}: {', '.join(map(repr, unknown))}")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Configuration of one encoder: one modality at one window length.

    Attributes
    ----------
    modality : {"eeg", "pps"}
    n_chans, n_times : int
        Shape of one input window, at 128 Hz.
    dim : int
        Width of a token; the encoder's output has ``4 * dim`` features.
    depth, n_heads, mlp_ratio : int
        Transformer blocks, attention heads, hidden width of an MLP over ``dim``.
    n_prompts : int
        Learned tokens appended inside every block (2 for EEG and 0 for PPS in the paper).
    dropout : float
        Dropout of the tokens and of the projector, in [0, 1).
    projector_dims : tuple of three int
        Layer widths of the contrastive projector.
    embedding : {"paper", "conv"}
        ``paper``: dense layers over the raw samples. ``conv``: log power of learned filters,
        which tolerates time shifts and has far fewer weights.
    kernel : int
        Length of the temporal filters of ``conv`` in samples.
    faithful : bool
        Compute exactly what the released code computes (see `physiosync_models.encoder`).

    Raises
    ------
    ValueError
        A value is out of range or the parts do not fit together.
    """

    modality: Modality
    n_chans: int
    n_times: int
    dim: int
    depth: int = 3
    n_heads: int = 4
    mlp_ratio: int = 4
    n_prompts: int = 0
    dropout: float = 0.2
    projector_dims: tuple[int, int, int] = (1024, 2048, 4096)
    embedding: Embedding = "paper"
    kernel: int = 65
    faithful: bool = False

    def __post_init__(self) -> None:
        _check_choice("modality", self.modality, MODALITIES)
        _check_choice("embedding", self.embedding, get_args(Embedding))
        for name in ("n_chans", "n_times", "dim", "n_heads", "mlp_ratio", "kernel"):
            _check_count(name, getattr(self, name))
        _check_count("depth", self.depth, most=MOST_BLOCKS)
        _check_count("n_prompts", self.n_prompts, least=0)
        _check_dropout(self.dropout)
        if self.dim % self.n_heads:
            raise ValueError(f"dim {self.dim} cannot be shared by {self.n_heads} heads")
        _check_widths("projector_dims", self.projector_dims, 3)
        _check_flag("faithful", self.faithful)
        if self.faithful and self.embedding != "paper":
            raise ValueError("faithful needs the embedding 'paper', the only one of the release")
        if self.embedding == "conv" and self.n_times < self.kernel + N_VIEWS - 1:
            raise ValueError(
                f"kernel {self.kernel} is too long for {N_VIEWS} views of {self.n_times} samples"
            )

    @property
    def out_dim(self) -> int:
        """Number of output features: all tokens concatenated."""
        return N_TOKENS * self.dim

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EncoderConfig:
        """Create a configuration from `to_dict` values; ValueError for unknown or missing keys."""
        try:
            return cls(**_known(cls, values))
        except TypeError as error:
            raise ValueError(f"EncoderConfig: {error}") from None


def _check_encoder(what: str, value: object) -> None:
    if type(value) is not EncoderConfig:
        raise ValueError(f"{what} is {value!r}, expected an EncoderConfig")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Configuration of the whole network: encoders of both modalities and their heads.

    Attributes
    ----------
    eeg_1s, pps_1s : EncoderConfig
        Encoders of one-second slices.
    eeg_5s, pps_5s : EncoderConfig or None
        Encoders of the whole window; both or none. Without them a window is one 1 s slice, as in
        the release for DREAMER.
    targets : tuple of str
        Predicted targets, e.g. ``("valence", "arousal")``.
    n_classes : int
        Number of classes of every target: 2 (low, high), or 4 for the quadrants.
    routes : tuple of str
        Kinds of heads: ``fused`` (both modalities), ``eeg``, ``pps``.
    head_dims : tuple of two int
        Hidden widths of a head.
    slices : {"concat", "mean"}
        How a head combines the one-second slices: concatenated (the paper), or averaged with
        their confidence as weight, which needs a fifth of the inputs.
    dropout : float
        Dropout of the heads, in [0, 1).

    Raises
    ------
    ValueError
        A value is out of range or the parts do not fit together.
    """

    eeg_1s: EncoderConfig
    pps_1s: EncoderConfig
    eeg_5s: EncoderConfig | None = None
    pps_5s: EncoderConfig | None = None
    targets: tuple[str, ...] = ("valence", "arousal")
    n_classes: int = 2
    routes: tuple[Route, ...] = ROUTES
    head_dims: tuple[int, int] = (256, 128)
    slices: Slices = "concat"
    dropout: float = 0.2

    def __post_init__(self) -> None:
        for name, encoder in self.encoders.items():
            _check_encoder(name, encoder)
            if encoder.modality != name[:3]:
                raise ValueError(f"{name} is an encoder of {encoder.modality!r}")
            if encoder.n_times != (SFREQ if name.endswith("_1s") else 5 * SFREQ):
                raise ValueError(f"{name} cannot have {encoder.n_times} samples at {SFREQ} Hz")
        self._check_pairs()
        _check_count("n_classes", self.n_classes, least=2)
        _check_choice("slices", self.slices, get_args(Slices))
        _check_dropout(self.dropout)
        _check_names("targets", self.targets)
        _check_names("routes", self.routes)
        for route in self.routes:
            _check_choice("a route", route, ROUTES)
        _check_widths("head_dims", self.head_dims, 2)

    def _check_pairs(self) -> None:
        if (self.eeg_5s is None) != (self.pps_5s is None):
            raise ValueError("give both eeg_5s and pps_5s, or neither")
        if len({encoder.faithful for encoder in self.encoders.values()}) > 1:
            raise ValueError("set faithful for all encoders or for none")
        for long, short in ((self.eeg_5s, self.eeg_1s), (self.pps_5s, self.pps_1s)):
            if long is not None and long.n_chans != short.n_chans:
                raise ValueError(
                    f"{short.modality}: {short.n_chans} channels at 1 s, {long.n_chans} at 5 s"
                )
        for eeg, pps in ((self.eeg_1s, self.pps_1s), (self.eeg_5s, self.pps_5s)):
            if eeg is not None and pps is not None and eeg.out_dim != pps.out_dim:
                raise ValueError(
                    f"eeg has dim {eeg.dim}, pps {pps.dim}: they must be equal for shared heads"
                )

    @property
    def encoders(self) -> dict[str, EncoderConfig]:
        """Present encoders by name (``eeg_1s`` ...)."""
        named = {
            "eeg_1s": self.eeg_1s,
            "pps_1s": self.pps_1s,
            "eeg_5s": self.eeg_5s,
            "pps_5s": self.pps_5s,
        }
        return {name: encoder for name, encoder in named.items() if encoder is not None}

    @property
    def faithful(self) -> bool:
        """Whether the encoders reproduce the released code exactly."""
        return self.eeg_1s.faithful

    @property
    def n_slices(self) -> int:
        """Number of one-second slices of a window."""
        return 1 if self.eeg_5s is None else self.eeg_5s.n_times // SFREQ

    @property
    def n_times(self) -> int:
        """Number of samples of a window at 128 Hz."""
        return self.n_slices * SFREQ

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Create a configuration from `to_dict` values; ValueError for unknown or missing keys."""
        known = _known(cls, values)
        for name in ("eeg_1s", "pps_1s", "eeg_5s", "pps_5s"):
            if isinstance(known.get(name), Mapping):
                known[name] = EncoderConfig.from_dict(known[name])
        try:
            return cls(**known)
        except TypeError as error:
            raise ValueError(f"ModelConfig: {error}") from None
