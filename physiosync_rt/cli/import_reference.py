"""``physiosync import-reference``: released checkpoints to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command(name="import-reference")(import_reference)


def import_reference(
    folder: Annotated[
        Path, typer.Argument(help="Folder with valence/, arousal/ or four/, each of .pth files.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    target: Annotated[
        list[str] | None,
        typer.Option(help="valence, arousal or four; by default the first two, where they are."),
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="They were trained on simulated people alone.")
    ] = False,
    half: Annotated[
        bool, typer.Option("--half", help="Store weights as float16: half the size.")
    ] = False,
) -> None:
    """Make a bundle of checkpoints that were trained with the authors' released code."""
    from physiosync_rt.bundle.bundle import save_bundle
    from physiosync_rt.bundle.card import CARD
    from physiosync_rt.bundle.import_release import import_reference as import_checkpoints
    from physiosync_rt.errors import UserError

    if out.exists() and not (out / CARD).is_file() and (out.is_file() or any(out.iterdir())):
        raise UserError(f"--out {out} exists and is not a bundle; choose a new folder")
    card, model = import_checkpoints(folder, out.name, target or (), simulated=simulated)
    save_bundle(out, card, model, half=half)
    weights = card.provenance["weights"]
    typer.echo(f"{card.headline}: {', '.join(model.config.targets)}, {weights / 1e6:.1f} M weights")
    typer.echo(f"wrote {out}")
