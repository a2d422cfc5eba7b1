"""``physiosync train``: from a configuration to a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from physiosync_rt.cli.progress import progress_bar, stages_of
from physiosync_rt.config_file import read_yaml
from physiosync_rt.resources import find_config


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command()(train)


def train(
    config: Annotated[str, typer.Option(help="YAML file, or the name of a shipped one.")],
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    half: Annotated[
        bool, typer.Option(help="Store weights as float16, for a bundle that ships.")
    ] = False,
) -> None:
    """Train a bundle on a simulated cohort and score it on persons that training never saw."""
    from physiosync_rt.bundle import save_bundle
    from training.cohort import CohortConfig, train_cohort

    settings = read_yaml(find_config("train", config), CohortConfig)
    console = Console(stderr=True)
    with progress_bar(console) as bar:
        card, model = train_cohort(settings, stages_of(bar))
    save_bundle(out, card, model, half=half)
    for score in card.scores:
        interval = f"[{score.ci_low:.3f}, {score.ci_high:.3f}]"
        typer.echo(
            f"{score.target:8} {score.modalities:8} {score.metric} {score.value:.3f} {interval} "
            f"over {score.n} {score.protocol} (chance 0.500)"
        )
    typer.echo(f"wrote {out}")
