"""Options that several commands take, and what the shell offers where Tab is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import bundle_names, config_names

Name = TypeVar("Name", bound=str)


def _offer(names: Callable[[], tuple[str, ...]]) -> Callable[[str], list[str]]:
    """Complete a word from these names; where none fits, the shell completes paths."""

    def complete(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


complete_bundle = _offer(bundle_names)
complete_device = _offer(lambda: config_names("devices"))
complete_live_config = _offer(lambda: config_names("live"))
complete_persons = _offer(lambda: config_names("persons"))
complete_train_config = _offer(lambda: config_names("train"))
complete_source = _offer(lambda: ("lsl", "brainflow", "simulated", "file"))
complete_torch_device = _offer(lambda: ("auto", "cpu", "cuda"))
complete_engine = _offer(lambda: ("auto", "torch", "onnx"))
complete_precision = _offer(lambda: ("fp32", "fp16", "int8", "bf16"))
ENGINE_HELP = "What computes the network: auto, torch or onnx (auto)."
PRECISION_HELP = (
    "Of its weights: fp32, fp16, bf16 (on a GPU) or int8, where the bundle allows it (fp32)."
)

BundleOption = Annotated[
    str,
    typer.Option(
        help="Bundle folder, or the name of a shipped one.", autocompletion=complete_bundle
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(help="Device YAML, or the name of a shipped one.", autocompletion=complete_device),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LocalOption = Annotated[
    bool, typer.Option("--local", help="Look for streams of this computer only.")
]
TorchDeviceOption = Annotated[
    str, typer.Option(help="auto, cpu or cuda.", autocompletion=complete_torch_device)
]
EngineOption = Annotated[str, typer.Option(help=ENGINE_HELP, autocompletion=complete_engine)]
PrecisionOption = Annotated[
    str, typer.Option(help=PRECISION_HELP, autocompletion=complete_precision)
]


def known_names(option: str, given: Sequence[str], names: Sequence[Name]) -> list[Name]:
    """Return the names that an option is given, in their own order.

    Raises
    ------
    UserError
        One does not exist.
    """
    for each in given:
        if each not in names:
            raise UserError(f"{option} {each!r} does not exist; use {'; '.join(names)}")
    return [name for name in names if name in given]
