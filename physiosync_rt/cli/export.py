"""``physiosync export``: a bundle for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physiosync_rt.cli.parameters import complete_bundle
from physiosync_rt.errors import UserError


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command()(export)


def export(
    bundle: Annotated[
        str,
        typer.Argument(
            help="Bundle folder, or the name of a shipped one.", autocompletion=complete_bundle
        ),
    ],
    onnx: Annotated[bool, typer.Option("--onnx", help="As ONNX files.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write (NAME-onnx, by the bundle's name).")
    ] = None,
) -> None:
    """Write a bundle's network for other programs, beside the card that says what it takes."""
    if not onnx:
        raise UserError("export: say into which format; --onnx is the only one")
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.export_onnx import export_onnx

    loaded = load_bundle(bundle)
    folder = out or Path(f"{loaded.card.name}-onnx")
    names = export_onnx(loaded, folder)
    typer.echo(f"wrote {', '.join(names)} in {folder}")
