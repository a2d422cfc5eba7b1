"""Which engine computes a network, in which precision, and why: torch or ONNX Runtime."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Literal, Protocol, get_args

from physiosync_rt.bundle.card import Card
from physiosync_rt.datatypes import SampleArray
from physiosync_rt.errors import UserError
from physiosync_rt.utils.extras import require_packages

EngineName = Literal["torch", "onnx"]
Precision = Literal["fp32", "fp16", "int8", "bf16"]

ENGINES = ("auto", *get_args(EngineName))
PRECISIONS: tuple[str, ...] = get_args(Precision)

MOST_INT8_DIFFERENCE = 0.01
"""Largest difference of any probability on validation windows with which a bundle allows int8."""

INT8_CHECK = "int8"
"""Entry of a card's provenance: what int8 changed on the bundle's own validation windows."""

_OF: dict[str, EngineName] = {"fp16": "torch", "int8": "onnx", "bf16": "torch"}
"""The one engine of each reduced precision."""

_EVERYWHERE: tuple[Precision, ...] = ("fp32",)
_ON: dict[str, tuple[Precision, ...]] = {"cuda": ("fp32", "fp16", "bf16")}
"""Precisions of devices other than the CPU."""

_NEEDS = ("onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What a person asks for; ``auto`` takes the faster engine that this computer has.

    ``many`` makes it ready for the windows of many people at once, beside which their signals are
    worked on.
    """

    engine: str = "auto"
    precision: str = "fp32"
    many: bool = False


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What computes a network: for the JSON of a run, ``doctor`` and the benchmarks.

    Attributes
    ----------
    engine : {"torch", "onnx"}
    precision : {"fp32", "fp16", "int8", "bf16"}
        Of the weights of dense layers; sums are of single precision (of int8: exact).
    threads : int
    device : str
        As torch names it.
    why : str
        Why this engine, in a few words.
    """

    engine: EngineName
    precision: Precision
    threads: int
    device: str
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as they stand in JSON."""
        return asdict(self)


class Forward(Protocol):
    """A network as an engine computes it."""

    @property
    def facts(self) -> EngineFacts:
        """What computes it."""
        ...

    def __call__(self, eeg: SampleArray | None, pps: SampleArray | None) -> dict[str, SampleArray]:
        """Compute calibrated probabilities by target, shape (batch, n_classes).

        Parameters
        ----------
        eeg, pps : float32 array, shape (batch, n_chans, n_times), or None
        """
        ...


def is_onnx_here() -> bool:
    """Whether ONNX Runtime is installed."""
    return all(find_spec(name) is not None for name in _NEEDS)


def require_onnx(what: str) -> None:
    """Raise UserError where ONNX Runtime, which something needs, is not installed."""
    require_packages(_NEEDS, "fast", what)


def choose_engine(
    choice: EngineChoice, card: Card, device: str
) -> tuple[EngineName, Precision, str]:
    """Return engine, precision and why, before anything is computed.

    Parameters
    ----------
    choice : EngineChoice
    card : Card
        Of the bundle.
    device : str
        Kind of device as torch names it: ``cpu``, ``cuda``.

    Raises
    ------
    UserError
        There is no such engine or precision, here or for this bundle.
    """
    engine, precision = _known(choice)
    if card.gated_sum and (engine == "onnx" or precision != "fp32"):
        raise UserError(
            f"bundle {card.name!r} is a sum of features, which torch adds up in single precision; "
            "leave out --engine and --precision"
        )
    if device != "cpu" and (engine == "onnx" or precision not in _ON.get(device, _EVERYWHERE)):
        asked = "--engine onnx" if engine == "onnx" else f"--precision {precision}"
        raise UserError(f"{asked}: it computes on the CPU, not on {device}; add --torch-device cpu")
    if device == "cpu" and precision == "bf16":
        raise UserError("--precision bf16: it computes on a GPU; use --precision fp16")
    of = _OF.get(precision)
    if engine is not None and of not in (None, engine):
        raise UserError(f"engine {engine!r} has no precision {precision!r}; use --engine {of}")
    chosen, why = (of, f"the engine of {precision}") if of else (engine, "asked for")
    if chosen is None:
        chosen, why = _faster(card, device)
    if precision == "int8" and (refusal := int8_refusal(card)):
        raise UserError(
            f"bundle {card.name!r} refuses int8: {refusal}; use --precision fp32 or fp16"
        )
    if chosen == "onnx":
        require_onnx("engine 'onnx'")
    return chosen, precision, why


def _known(choice: EngineChoice) -> tuple[EngineName | None, Precision]:
    """Return what was asked for, ``auto`` as None; refuse what does not exist."""
    for option, value, known in (
        ("--engine", choice.engine, ENGINES),
        ("--precision", choice.precision, PRECISIONS),
    ):
        if value not in known:
            raise UserError(f"{option} {value!r} does not exist; use {', '.join(known)}")
    engine = next((name for name in get_args(EngineName) if name == choice.engine), None)
    precision = next(name for name in get_args(Precision) if name == choice.precision)
    return engine, precision


def _faster(card: Card, device: str) -> tuple[EngineName, str]:
    """Return the faster engine of this computer for a bundle in single precision, and why."""
    if card.gated_sum:
        return "torch", "the bundle is a sum of features"
    if device != "cpu":
        return "torch", f"it computes on {device}"
    if is_onnx_here():
        return "onnx", "installed, and faster than torch on a CPU"
    return "torch", "ONNX Runtime (extra fast) is not installed"


def int8_refusal(card: Card) -> str:
    """Say why a bundle does not allow int8; empty where it does."""
    found = card.provenance.get(INT8_CHECK)
    if not isinstance(found, dict):
        return "it was not checked with int8 on its validation windows when it was trained"
    largest, n = found.get("largest_difference"), found.get("windows")
    if not isinstance(largest, float | int) or not isinstance(n, int) or n < 1:
        return "what its card says of the check with int8 cannot be read"
    if not largest <= MOST_INT8_DIFFERENCE:
        return (
            f"on {n} of its validation windows a probability changes by {largest:.3f}, and "
            f"{MOST_INT8_DIFFERENCE:g} is the most"
        )
    return ""
